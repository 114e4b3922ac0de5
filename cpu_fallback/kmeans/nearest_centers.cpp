#include "kmeans/nearest_centers.h"

#include <algorithm>
#include <limits>

#include "runtime/machine.h"

namespace forja::cpu {

template <class T>
void NearestCenters<T>::set(const Centers<T>& centers) {
  centers_ = &centers;
  panels_.pack(centers.count(), centers.columns(), [&](std::int64_t c) { return centers.row(c); });
  squares_.assign(static_cast<std::size_t>(panels_.vectors() * Panels::kLanes), std::numeric_limits<T>::infinity());
  for (std::int64_t c = 0; c < centers.count(); ++c) squares_[static_cast<std::size_t>(c)] = centers.square(c);
}

template <class T>
std::int64_t NearestCenters<T>::block_rows(std::int64_t d) {
  constexpr std::int64_t kMost = 20;
  const std::int64_t bytes = Panels::kRowMultiple * d * static_cast<std::int64_t>(sizeof(T));
  return Panels::kRowMultiple * std::clamp<std::int64_t>(cache_sizes().level2 / 2 / bytes, 1, kMost);
}

template <class T>
void NearestCenters<T>::prepare(NearestScratch<T>& scratch) const {
  const std::int64_t rows = block_rows(centers_->columns());
  const auto lanes = static_cast<std::size_t>(rows * Panels::kLanes);
  scratch.rows.assign(static_cast<std::size_t>(rows * centers_->columns()), T(0));
  scratch.best.resize(lanes);
  scratch.second.resize(lanes);
  scratch.vector.resize(lanes);
  scratch.labels.resize(static_cast<std::size_t>(rows));
  scratch.scores.resize(static_cast<std::size_t>(centers_->count()));
}

template <class T>
void NearestCenters<T>::scan(NearestScratch<T>& scratch, std::int64_t rows) const {
  const typename Panels::Tag tag;
  const auto infinity = std::numeric_limits<T>::infinity();
  std::fill(scratch.best.begin(), scratch.best.end(), infinity);
  std::fill(scratch.second.begin(), scratch.second.end(), infinity);
  std::fill(scratch.vector.begin(), scratch.vector.end(), T(0));
  const auto minus_two = hn::Set(tag, T(-2));
  panels_.multiply(
      scratch.rows.data(), centers_->columns(), rows,
      [&](std::int64_t row, std::int64_t first_vector, const typename Panels::Vector* products, int width) {
        const std::int64_t at = row * Panels::kLanes;
        auto best = hn::Load(tag, scratch.best.data() + at);
        auto second = hn::Load(tag, scratch.second.data() + at);
        auto vector = hn::Load(tag, scratch.vector.data() + at);
        for (int v = 0; v < width; ++v) {
          const auto square = hn::Load(tag, squares_.data() + (first_vector + v) * Panels::kLanes);
          const auto score = hn::MulAdd(minus_two, products[v], square);
          const auto less = hn::Lt(score, best);
          second = hn::Min(second, hn::Max(best, score));
          best = hn::Min(best, score);
          vector = hn::IfThenElse(less, hn::Set(tag, static_cast<T>(first_vector + v)), vector);
        }
        hn::Store(best, tag, scratch.best.data() + at);
        hn::Store(second, tag, scratch.second.data() + at);
        hn::Store(vector, tag, scratch.vector.data() + at);
      });
}

template <class T>
std::int32_t NearestCenters<T>::decide(NearestScratch<T>& scratch, std::int64_t row, T norm) const {
  const typename Panels::Tag tag;
  const std::int64_t at = row * Panels::kLanes;
  const auto best = hn::Load(tag, scratch.best.data() + at);
  const auto least = hn::MinOfLanes(tag, best);
  const auto lane = static_cast<std::int64_t>(hn::FindFirstTrue(tag, hn::Eq(best, least)));
  const auto is_lane = hn::Eq(hn::Iota(tag, T(0)), hn::Set(tag, static_cast<T>(lane)));
  const auto others = hn::IfThenElse(is_lane, hn::Load(tag, scratch.second.data() + at), best);
  const T gap = hn::GetLane(hn::MinOfLanes(tag, others)) - hn::GetLane(least);
  const T unsure = 2 * formulas::score_error<T>(centers_->columns(), norm, centers_->largest_norm());
  if (gap > unsure) {
    return static_cast<std::int32_t>(
        static_cast<std::int64_t>(scratch.vector[static_cast<std::size_t>(at + lane)]) * Panels::kLanes + lane);
  }
  return centers_->nearest(scratch.rows.data() + row * centers_->columns(), norm, scratch.scores);
}

template class NearestCenters<float>;
template class NearestCenters<double>;

}  // namespace forja::cpu
