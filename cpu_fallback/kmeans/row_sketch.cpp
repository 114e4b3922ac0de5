#include "kmeans/row_sketch.h"

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kmeans/centers.h"
#include "runtime/floating.h"

namespace forja::cpu {

template <class T>
T largest_entry(const T* x, std::int64_t d) {
  T largest = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t j = 0; j < d; ++j) largest = std::max(largest, std::abs(x[j]));
  return largest;
}

template <class T>
void RowSketch<T>::resize(std::int64_t rows, std::int64_t columns) {
  columns_ = columns;
  values_.resize(static_cast<std::size_t>(rows * sketch_stride(columns)));
  facts_.resize(static_cast<std::size_t>(rows));
}

template <class T>
void RowSketch<T>::clear() {
  values_ = {};
  facts_ = {};
}

template <class T>
void RowSketch<T>::set(std::int64_t i, const T* x) {
  const T step = std::max(largest_entry(x, columns_) / kSketchSteps, least_sketch_step<T>());
  const T inverse = 1 / step;
  std::int8_t* values = values_.data() + i * sketch_stride(columns_);
  std::fill(values + columns_, values + sketch_stride(columns_), std::int8_t{0});
  T apart = 0;
  std::int64_t square = 0;
#pragma omp simd reduction(+ : apart, square)
  for (std::int64_t j = 0; j < columns_; ++j) {
    const T rounded = std::rint(x[j] * inverse);
    const auto value = static_cast<std::int32_t>(rounded);
    values[j] = static_cast<std::int8_t>(value);
    square += value * value;
    const T difference = std::fma(-rounded, step, x[j]);
    apart += difference * difference;
  }
  const double unit = static_cast<double>(step);
  facts_[static_cast<std::size_t>(i)] = {step, norm_above<T>(static_cast<double>(square) * unit * unit),
                                         formulas::length_above_sum<T>(apart, columns_)};
}

template <class T>
T RowSketch<T>::distance_at_most(std::int64_t i, const T* c) const {
  const hn::ScalableTag<T> tag;
  const hn::Rebind<std::int8_t, decltype(tag)> bytes;
  const IntegersFor<std::remove_cv_t<decltype(tag)>> integers;
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(tag));
  constexpr int kSums = 4;  // hide the latency of an addition
  const std::int8_t* values = this->values(i);
  const T step = this->step(i);
  const auto steps = hn::Set(tag, step);
  hn::Vec<decltype(tag)> sums[kSums];
  for (auto& sum : sums) sum = hn::Zero(tag);
  const auto add = [&](int s, std::int64_t j) {
    const auto entry = to_floating(tag, hn::PromoteTo(integers, hn::LoadU(bytes, values + j)));
    const auto difference = hn::MulSub(entry, steps, hn::LoadU(tag, c + j));
    sums[s] = hn::MulAdd(difference, difference, sums[s]);
  };
  std::int64_t j = 0;
  for (; j + kSums * kLanes <= columns_; j += kSums * kLanes) {
    for (int s = 0; s < kSums; ++s) add(s, j + s * kLanes);
  }
  for (; j + kLanes <= columns_; j += kLanes) add(0, j);
  T square = hn::GetLane(hn::SumOfLanes(tag, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
  for (; j < columns_; ++j) {
    const T difference = std::fma(static_cast<T>(values[j]), step, -c[j]);
    square += difference * difference;
  }
  return formulas::length_above_sum<T>(square, columns_);
}

template float largest_entry(const float*, std::int64_t);
template double largest_entry(const double*, std::int64_t);
template class RowSketch<float>;
template class RowSketch<double>;

}  // namespace forja::cpu
