#include "kmeans/sketched_centers.h"

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

namespace forja::cpu {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// count: a multiple of kSketchGranule. The sum fits, as the steps of centres were chosen.
std::int32_t product(const std::int8_t* a, const std::int16_t* b, std::int64_t count) {
  const hn::ScalableTag<std::int16_t> entries;
  const hn::Rebind<std::int8_t, hn::ScalableTag<std::int16_t>> bytes;
  const hn::ScalableTag<std::int32_t> sums;
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(entries));
  static_assert(kSketchGranule % kLanes == 0);
  auto sum = hn::Zero(sums);
  auto more = hn::Zero(sums);  // what some machines sum apart
  for (std::int64_t j = 0; j < count; j += kLanes) {
    const auto row = hn::PromoteTo(entries, hn::LoadU(bytes, a + j));
    sum = hn::ReorderWidenMulAccumulate(sums, row, hn::LoadU(entries, b + j), sum, more);
  }
  return hn::GetLane(hn::SumOfLanes(sums, hn::Add(sum, more)));
}

}  // namespace

template <class T>
void SketchedCenters<T>::set(const Centers<T>& centers) {
  d_ = centers.columns();
  stride_ = sketch_stride(d_);
  T largest = 0;
  for (std::int64_t c = 0; c < centers.count(); ++c) largest = std::max(largest, largest_entry(centers.row(c), d_));
  const double steps = std::min(32767.0, std::floor(2147483647.0 / static_cast<double>(kSketchSteps * d_)));
  step_ = std::max(static_cast<T>(static_cast<double>(largest) / steps * (1 + 0x1.0p-20)), least_sketch_step<T>());
  const double step = static_cast<double>(step_);

  values_.assign(static_cast<std::size_t>(centers.count() * stride_), 0);
  squares_.resize(static_cast<std::size_t>(centers.count()));
  double most_square = 0;
  double most_apart = 0;
  for (std::int64_t c = 0; c < centers.count(); ++c) {
    double square = 0;
    double apart = 0;
    for (std::int64_t j = 0; j < d_; ++j) {
      const double entry = static_cast<double>(centers.row(c)[j]);
      const double rounded = std::rint(entry / step);
      values_[static_cast<std::size_t>(c * stride_ + j)] = static_cast<std::int16_t>(rounded);
      square += rounded * step * (rounded * step);
      apart += (entry - rounded * step) * (entry - rounded * step);
    }
    squares_[static_cast<std::size_t>(c)] = static_cast<T>(square);
    most_square = std::max(most_square, square);
    most_apart = std::max(most_apart, apart);
  }
  largest_norm_ = norm_above<T>(most_square);
  apart_ = formulas::length_above<T>(most_apart, d_);
}

template <class T>
typename SketchedCenters<T>::Distance SketchedCenters<T>::distance(const RowSketch<T>& rows, std::int64_t i,
                                                                   std::int32_t center) const {
  const std::int32_t exact = product(rows.values(i), values_.data() + center * stride_, stride_);
  const T score = squares_[static_cast<std::size_t>(center)] - 2 * (rows.step(i) * step_) * static_cast<T>(exact);
  const T error = formulas::score_error<T>(d_, rows.norm(i), largest_norm_);
  const T apart = formulas::grown(rows.apart(i), apart_);
  return {formulas::shrunk(formulas::distance_below(score, error, rows.norm(i)), apart),
          formulas::grown(formulas::distance_above(score, error, rows.norm(i)), apart)};
}

template class SketchedCenters<float>;
template class SketchedCenters<double>;

}  // namespace forja::cpu
