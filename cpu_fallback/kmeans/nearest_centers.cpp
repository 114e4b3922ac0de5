#include "kmeans/nearest_centers.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "runtime/machine.h"

namespace forja::cpu {

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
  scratch.listed.resize(rows);
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
    scratch.listed[static_cast<std::size_t>(listed)] = scratch.rows.data();
    scratch.listed_row[static_cast<std::size_t>(listed)] = static_cast<std::int32_t>(scratch.labels.size());
  }
  return listed;
}

template <class T>
HWY_INLINE typename NearestCenters<T>::Vector NearestCenters<T>::take(NearestScratch<T>& scratch, std::int64_t row,
                                                                      std::int64_t panel, const Vector* products,
                                                                      int width, T* scores) const {
  const Tag tag;
  const std::int64_t at = row * Panels::kLanes;
  const std::int64_t first_vector = panel * Panels::kPanelVectors;
  auto best = hn::Load(tag, scratch.best.data() + at);
  auto second = hn::Load(tag, scratch.second.data() + at);
  auto vector = hn::Load(tag, scratch.vector.data() + at);
  auto here = hn::Set(tag, std::numeric_limits<T>::infinity());
  for (int v = 0; v < width; ++v) {
    const auto square = hn::Load(tag, squares_.data() + (first_vector + v) * Panels::kLanes);
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
void NearestCenters<T>::scan(NearestScratch<T>& scratch, std::int64_t rows) const {
  forget(scratch, rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    scratch.listed[static_cast<std::size_t>(row)] = scratch.rows.data() + row * centers_->columns();
    scratch.listed_row[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(row);
  }
  const std::int64_t listed = round_up(scratch, rows);
  // Panels outside, so that one stays in the cache while the rows pass.
  for (std::int64_t panel = 0; panel < panels_.panels(); ++panel) {
    panels_.multiply(panel, scratch.listed.data(), listed, [&](std::int64_t i, const Vector* products, int width) {
      take(scratch, scratch.listed_row[static_cast<std::size_t>(i)], panel, products, width);
    });
  }
}

template <class T>
void NearestCenters<T>::scan_wanted(NearestScratch<T>& scratch, std::int64_t rows) const {
  const Tag tag;
  const std::int64_t panels = this->panels();
  forget(scratch, rows);
  for (std::int64_t panel = 0; panel < panels; ++panel) {
    std::int64_t listed = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      scratch.listed[static_cast<std::size_t>(listed)] = scratch.rows.data() + row * centers_->columns();
      scratch.listed_row[static_cast<std::size_t>(listed)] = static_cast<std::int32_t>(row);
      listed += scratch.wanted[static_cast<std::size_t>(row * panels + panel)];
    }
    listed = round_up(scratch, listed);
    panels_.multiply(panel, scratch.listed.data(), listed, [&](std::int64_t i, const Vector* products, int width) {
      const std::int64_t row = scratch.listed_row[static_cast<std::size_t>(i)];
      T* groups = scratch.group_least.data() + row * group_stride();
      if (group_size_ == 1) {
        take(scratch, row, panel, products, width, groups);
      } else {
        groups[panel] = hn::GetLane(hn::MinOfLanes(tag, take(scratch, row, panel, products, width)));
      }
    });
  }
}

template <class T>
void NearestCenters<T>::decide(NearestScratch<T>& scratch, std::int64_t row, T norm) const {
  const Tag tag;
  const std::int64_t at = row * Panels::kLanes;
  const auto best = hn::Load(tag, scratch.best.data() + at);
  const auto lanes_least = hn::MinOfLanes(tag, best);
  const auto lane = static_cast<std::int64_t>(hn::FindFirstTrue(tag, hn::Eq(best, lanes_least)));
  const auto is_lane = hn::Eq(hn::Iota(tag, T(0)), hn::Set(tag, static_cast<T>(lane)));
  const auto others = hn::IfThenElse(is_lane, hn::Load(tag, scratch.second.data() + at), best);
  const T least = hn::GetLane(lanes_least);
  const T runner_up = hn::GetLane(hn::MinOfLanes(tag, others));
  const T unsure = 2 * formulas::score_error<T>(centers_->columns(), norm, centers_->largest_norm());
  const auto i = static_cast<std::size_t>(row);
  if (runner_up - least > unsure) {
    const auto vector = static_cast<std::int64_t>(scratch.vector[static_cast<std::size_t>(at + lane)]);
    scratch.labels[i] = order_[static_cast<std::size_t>(vector * Panels::kLanes + lane)];
    scratch.score[i] = least;
    scratch.runner_up[i] = runner_up;
  } else {
    scratch.labels[i] = decide_exactly(scratch, row, least, unsure, norm);
    scratch.score[i] = least + unsure;
    scratch.runner_up[i] = least;
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
