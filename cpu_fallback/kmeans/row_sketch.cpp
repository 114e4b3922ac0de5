#include "kmeans/row_sketch.h"

#include <algorithm>
#include <cmath>

#include "kmeans/centers.h"

namespace forja::cpu {
namespace {

constexpr int kSteps = 127;

template <class T>
T largest_entry(const T* x, std::int64_t d) {
  T largest = 0;
#pragma omp simd reduction(max : largest)
  for (std::int64_t j = 0; j < d; ++j) largest = std::max(largest, std::abs(x[j]));
  return largest;
}

}  // namespace

template <class T>
void RowSketch<T>::resize(std::int64_t rows, std::int64_t columns) {
  columns_ = columns;
  values_.resize(static_cast<std::size_t>(rows * columns));
  facts_.resize(static_cast<std::size_t>(rows));
}

template <class T>
void RowSketch<T>::clear() {
  values_ = {};
  facts_ = {};
}

template <class T>
void RowSketch<T>::set(std::int64_t i, const T* x, T* sketched) {
  const T step = largest_entry(x, columns_) / kSteps;
  const T inverse = step > 4 * formulas::least_length<T>() ? 1 / step : T(0);
  std::int8_t* values = values_.data() + i * columns_;
  T square = 0;
#pragma omp simd reduction(+ : square)
  for (std::int64_t j = 0; j < columns_; ++j) {
    const T rounded = std::rint(x[j] * inverse);
    values[j] = static_cast<std::int8_t>(static_cast<std::int32_t>(rounded));
    sketched[j] = rounded * step;
    const T difference = x[j] - sketched[j];
    square += difference * difference;
  }
  facts_[static_cast<std::size_t>(i)] = {step, norm_above<T>(squared_norm(sketched, columns_)),
                                         formulas::length_above_sum<T>(square, columns_)};
}

template <class T>
void RowSketch<T>::load(std::int64_t i, T* x) const {
  const std::int8_t* values = values_.data() + i * columns_;
  const T step = facts_[static_cast<std::size_t>(i)].step;
  for (std::int64_t j = 0; j < columns_; ++j) x[j] = static_cast<T>(values[j]) * step;
}

template class RowSketch<float>;
template class RowSketch<double>;

}  // namespace forja::cpu
