#include "kmeans/nearest_centers.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "runtime/machine.h"

namespace forja::cpu {
namespace {

/// Where the listed rows lie; what stands for none may lie anywhere.
template <class Number>
void point_to_rows(const std::vector<std::int32_t>& listed_row, std::int64_t listed, const Number* values,
                   std::int64_t length, std::int64_t rows, std::vector<const Number*>& pointers) {
  for (std::int64_t i = 0; i < listed; ++i) {
    const std::int64_t row = listed_row[static_cast<std::size_t>(i)];
    pointers[static_cast<std::size_t>(i)] = values + (row < rows ? row : 0) * length;
  }
}

}  // namespace

template <class T>
void NearestCenters<T>::set(const Centers<T>& centers, std::span<const std::int32_t> order, std::int64_t group_size) {
  centers_ = &centers;
  group_size_ = group_size;
  const auto k = static_cast<std::size_t>(centers.count());
  order_.assign(order.begin(), order.end());
  if (order.empty()) {
    order_.resize(k);
    std::iota(order_.begin(), order_.end(), 0);
  }
  position_.resize(k);
  for (std::size_t place = 0; place < k; ++place) {
    position_[static_cast<std::size_t>(order_[place])] = static_cast<std::int32_t>(place);
  }
  panels_.pack(centers.count(), centers.columns(),
               [&](std::int64_t place) { return centers.row(order_[static_cast<std::size_t>(place)]); });
  squares_.assign(static_cast<std::size_t>(panels_.vectors() * Panels::kLanes), std::numeric_limits<T>::infinity());
  for (std::size_t place = 0; place < k; ++place) squares_[place] = centers.square(order_[place]);
}

template <class T>
std::int64_t NearestCenters<T>::block_rows() const {
  constexpr std::int64_t kMost = 30;
  const std::int64_t cache = panels() > 1 ? cache_sizes().level2 : cache_sizes().level1;
  const std::int64_t bytes = Panels::kTileRows * centers_->columns() * static_cast<std::int64_t>(sizeof(T));
  return Panels::kTileRows * std::clamp<std::int64_t>(cache / 2 / bytes, 1, kMost);
}

template <class T>
void NearestCenters<T>::prepare(NearestScratch<T>& scratch) const {
  const auto rows = static_cast<std::size_t>(block_rows());
  scratch.rows.resize(rows * static_cast<std::size_t>(centers_->columns()));
  scratch.labels.resize(rows);
  scratch.score.resize(rows);
  scratch.runner_up.resize(rows);
  scratch.wanted.resize(rows * static_cast<std::size_t>(panels()));
  // One row more than there are takes what the last tile has too many.
  scratch.group_least.resize((rows + 1) * static_cast<std::size_t>(group_stride()));
  for (auto* lanes : {&scratch.best, &scratch.second, &scratch.vector}) lanes->resize((rows + 1) * Panels::kLanes);
  scratch.sketches.resize(rows * 2 * static_cast<std::size_t>(sketch_pairs(centers_->columns())));
  scratch.steps.resize(rows);
  scratch.listed.resize(rows);
  scratch.listed_sketch.resize(rows);
  scratch.listed_row.resize(rows);
  scratch.scores.resize(static_cast<std::size_t>(centers_->count()));
}

template <class T>
void NearestCenters<T>::forget(NearestScratch<T>& scratch, std::int64_t rows) {
  const auto infinity = std::numeric_limits<T>::infinity();
  std::fill_n(scratch.best.begin(), rows * Panels::kLanes, infinity);
  std::fill_n(scratch.second.begin(), rows * Panels::kLanes, infinity);
  std::fill_n(scratch.vector.begin(), rows * Panels::kLanes, T(0));
}

template <class T>
std::int64_t NearestCenters<T>::round_up(NearestScratch<T>& scratch, std::int64_t listed) {
  for (; listed % Panels::kTileRows != 0; ++listed) {
    scratch.listed_row[static_cast<std::size_t>(listed)] = static_cast<std::int32_t>(scratch.labels.size());
  }
  return listed;
}

template <class T>
std::int64_t NearestCenters<T>::list_wanted(NearestScratch<T>& scratch, std::int64_t rows, std::int64_t panel) const {
  std::int64_t listed = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    scratch.listed_row[static_cast<std::size_t>(listed)] = static_cast<std::int32_t>(row);
    listed += scratch.wanted[static_cast<std::size_t>(row * panels() + panel)];
  }
  return round_up(scratch, listed);
}

template <class T>
HWY_INLINE typename NearestCenters<T>::Vector NearestCenters<T>::take(NearestScratch<T>& scratch, std::int64_t row,
                                                                      std::int64_t panel, const Vector* products,
                                                                      int width, const T* squares, T* scores) const {
  const Tag tag;
  const std::int64_t at = row * Panels::kLanes;
  const std::int64_t first_vector = panel * Panels::kPanelVectors;
  auto best = hn::Load(tag, scratch.best.data() + at);
  auto second = hn::Load(tag, scratch.second.data() + at);
  auto vector = hn::Load(tag, scratch.vector.data() + at);
  auto here = hn::Set(tag, std::numeric_limits<T>::infinity());
  for (int v = 0; v < width; ++v) {
    const auto square = hn::Load(tag, squares + (first_vector + v) * Panels::kLanes);
    const auto score = hn::MulAdd(hn::Set(tag, T(-2)), products[v], square);
    const auto less = hn::Lt(score, best);
    second = hn::Min(second, hn::Max(best, score));
    best = hn::Min(best, score);
    vector = hn::IfThenElse(less, hn::Set(tag, static_cast<T>(first_vector + v)), vector);
    here = hn::Min(here, score);
    if (scores != nullptr) hn::StoreU(score, tag, scores + (first_vector + v) * Panels::kLanes);
  }
  hn::Store(best, tag, scratch.best.data() + at);
  hn::Store(second, tag, scratch.second.data() + at);
  hn::Store(vector, tag, scratch.vector.data() + at);
  return here;
}

template <class T>
HWY_INLINE void NearestCenters<T>::take_groups(NearestScratch<T>& scratch, std::int64_t row, std::int64_t panel,
                                               const Vector* products, int width, const T* squares) const {
  T* groups = scratch.group_least.data() + row * group_stride();
  if (group_size_ == 1) {
    take(scratch, row, panel, products, width, squares, groups);
  } else {
    groups[panel] = hn::GetLane(hn::MinOfLanes(Tag(), take(scratch, row, panel, products, width, squares)));
  }
}

template <class T>
void NearestCenters<T>::scan(NearestScratch<T>& scratch, std::int64_t rows) const {
  forget(scratch, rows);
  std::iota(scratch.listed_row.begin(), scratch.listed_row.begin() + rows, 0);
  const std::int64_t listed = round_up(scratch, rows);
  point_to_rows(scratch.listed_row, listed, scratch.rows.data(), centers_->columns(), rows, scratch.listed);
  // Panels outside, so that one stays in the cache while the rows pass.
  for (std::int64_t panel = 0; panel < panels_.panels(); ++panel) {
    panels_.multiply(panel, scratch.listed.data(), listed, [&](std::int64_t i, const Vector* products, int width) {
      take(scratch, scratch.listed_row[static_cast<std::size_t>(i)], panel, products, width, squares_.data());
    });
  }
}

template <class T>
void NearestCenters<T>::scan_wanted(NearestScratch<T>& scratch, std::int64_t rows) const {
  forget(scratch, rows);
  for (std::int64_t panel = 0; panel < panels(); ++panel) {
    const std::int64_t listed = list_wanted(scratch, rows, panel);
    point_to_rows(scratch.listed_row, listed, scratch.rows.data(), centers_->columns(), rows, scratch.listed);
    panels_.multiply(panel, scratch.listed.data(), listed, [&](std::int64_t i, const Vector* products, int width) {
      take_groups(scratch, scratch.listed_row[static_cast<std::size_t>(i)], panel, products, width, squares_.data());
    });
  }
}

template <class T>
void NearestCenters<T>::search_sketched(NearestScratch<T>& scratch, std::int64_t rows) const {
  forget(scratch, rows);
  const std::int64_t length = 2 * sketch_pairs(centers_->columns());
  const auto row_of = [&](std::int64_t i) { return scratch.listed_row[static_cast<std::size_t>(i)]; };
  const auto step = [&](std::int64_t i) {
    return row_of(i) < rows ? scratch.steps[static_cast<std::size_t>(row_of(i))] : T(0);
  };
  for (std::int64_t panel = 0; panel < panels(); ++panel) {
    const std::int64_t listed = list_wanted(scratch, rows, panel);
    point_to_rows(scratch.listed_row, listed, scratch.sketches.data(), length, rows, scratch.listed_sketch);
    sketched_.multiply(panel, scratch.listed_sketch.data(), listed, step,
                       [&](std::int64_t i, const Vector* products, int width) {
                         take_groups(scratch, row_of(i), panel, products, width, sketched_.squares());
                       });
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    const Least least = least_of(scratch, row);
    scratch.labels[static_cast<std::size_t>(row)] = least.center;
    scratch.score[static_cast<std::size_t>(row)] = least.score;
    scratch.runner_up[static_cast<std::size_t>(row)] = least.runner_up;
  }
}

template <class T>
typename NearestCenters<T>::Least NearestCenters<T>::least_of(const NearestScratch<T>& scratch,
                                                              std::int64_t row) const {
  const Tag tag;
  const std::int64_t at = row * Panels::kLanes;
  const auto best = hn::Load(tag, scratch.best.data() + at);
  const auto lanes_least = hn::MinOfLanes(tag, best);
  const auto lane = static_cast<std::int64_t>(hn::FindFirstTrue(tag, hn::Eq(best, lanes_least)));
  const auto is_lane = hn::Eq(hn::Iota(tag, T(0)), hn::Set(tag, static_cast<T>(lane)));
  const auto others = hn::IfThenElse(is_lane, hn::Load(tag, scratch.second.data() + at), best);
  const auto vector = static_cast<std::int64_t>(scratch.vector[static_cast<std::size_t>(at + lane)]);
  return {hn::GetLane(lanes_least), hn::GetLane(hn::MinOfLanes(tag, others)),
          order_[static_cast<std::size_t>(vector * Panels::kLanes + lane)]};
}

template <class T>
void NearestCenters<T>::decide(NearestScratch<T>& scratch, std::int64_t row, T norm) const {
  const Least least = least_of(scratch, row);
  const T unsure = 2 * formulas::score_error<T>(centers_->columns(), norm, centers_->largest_norm());
  const auto i = static_cast<std::size_t>(row);
  if (least.runner_up - least.score > unsure) {
    scratch.labels[i] = least.center;
    scratch.score[i] = least.score;
    scratch.runner_up[i] = least.runner_up;
  } else {
    scratch.labels[i] = decide_exactly(scratch, row, least.score, unsure, norm);
    scratch.score[i] = least.score + unsure;
    scratch.runner_up[i] = least.score;
  }
}

template <class T>
std::int32_t NearestCenters<T>::decide_exactly(NearestScratch<T>& scratch, std::int64_t row, T least, T unsure,
                                               T norm) const {
  const T* x = scratch.rows.data() + row * centers_->columns();
  double distance = std::numeric_limits<double>::infinity();
  std::int32_t nearest = 0;
  for (std::int64_t lane = 0; lane < Panels::kLanes; ++lane) {
    const auto at = static_cast<std::size_t>(row * Panels::kLanes + lane);
    if (!(scratch.best[at] - least <= unsure)) continue;
    // More than one in a lane: which ones is not known.
    if (scratch.second[at] - least <= unsure) return centers_->nearest(x, norm, scratch.scores);
    const auto vector = static_cast<std::int64_t>(scratch.vector[at]);
    const std::int32_t center = order_[static_cast<std::size_t>(vector * Panels::kLanes + lane)];
    const double exact = formulas::exact_distance(x, centers_->row(center), centers_->columns());
    if (exact < distance || (exact == distance && center < nearest)) {
      distance = exact;
      nearest = center;
    }
  }
  return nearest;
}

template class NearestCenters<float>;
template class NearestCenters<double>;

}  // namespace forja::cpu
