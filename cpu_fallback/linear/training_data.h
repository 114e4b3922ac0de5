#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"

namespace forja::cpu {

/// The caller's rows, targets and weights, and how columns are used.
template <class T>
class TrainingData {
 public:
  TrainingData(MatrixView<const T> x, MatrixView<const T> y, std::span<const T> weight)
      : x_(x), y_(y), weight_(weight), shift_(columns_of_both(), T(0)), scale_(columns_of_both(), T(1)) {
    if (weight.empty()) return;
    int exponent = 0;
    (void)std::frexp(static_cast<double>(*std::max_element(weight.begin(), weight.end())), &exponent);
    weight_unit_ = std::ldexp(1.0, exponent);
  }

  std::int64_t rows() const { return x_.rows(); }
  std::int64_t columns() const { return x_.columns(); }
  std::int64_t targets() const { return y_.columns(); }
  /// How many numbers z has: 1, x', y'.
  std::int64_t width() const { return 1 + columns() + targets(); }
  MatrixView<const T> x() const { return x_; }
  MatrixView<const T> y() const { return y_; }
  /// x without its first rows.
  MatrixView<const T> rows_from(std::int64_t first) const {
    return {x_.data() + first * x_.stride(), rows() - first, columns(), x_.stride()};
  }

  void use(std::span<const T> shift, std::span<const T> scale) {
    shift_.assign(shift.begin(), shift.end());
    scale_.assign(scale.begin(), scale.end());
  }
  /// Of column j of x and y together.
  double shift(std::int64_t j) const { return static_cast<double>(shift_[static_cast<std::size_t>(j)]); }
  double scale(std::int64_t j) const { return static_cast<double>(scale_[static_cast<std::size_t>(j)]); }

  double weight(std::int64_t i) const {
    return weight_.empty() ? 1.0 : static_cast<double>(weight_[static_cast<std::size_t>(i)]);
  }
  /// The power of two above the greatest weight; one where all are.
  double weight_unit() const { return weight_unit_; }

  /// sqrt(weight / weight_unit) z of row i, in T.
  void fill(std::int64_t i, T* z) const {
    const T root = root_weight<T>(i);
    z[0] = root;
    fill(x_.data() + i * x_.stride(), 0, columns(), root, z + 1);
    fill(y_.data() + i * y_.stride(), columns(), targets(), root, z + 1 + columns());
  }
  /// The same with some columns of x only.
  void fill(std::int64_t i, std::span<const std::int64_t> picked, T* z) const {
    const T root = root_weight<T>(i);
    const T* x = x_.data() + i * x_.stride();
    *z++ = root;
    for (const std::int64_t j : picked) {
      const auto place = static_cast<std::size_t>(j);
      *z++ = (x[j] - shift_[place]) * scale_[place] * root;
    }
    fill(y_.data() + i * y_.stride(), columns(), targets(), root, z);
  }
  /// x' of row i.
  void fill_x(std::int64_t i, T* to) const {
    const T* from = x_.data() + i * x_.stride();
#pragma omp simd
    for (std::int64_t j = 0; j < columns(); ++j) to[j] = (from[j] - shift_.data()[j]) * scale_.data()[j];
  }
  /// y' of row i in column t.
  T target(std::int64_t i, std::int64_t t) const {
    const auto place = static_cast<std::size_t>(columns() + t);
    return (y_(i, t) - shift_[place]) * scale_[place];
  }
  /// fill() in double, from x and y as they are.
  void fill_exactly(std::int64_t i, double* z) const {
    const auto root = root_weight<double>(i);
    z[0] = root;
    for (std::int64_t j = 0; j < columns() + targets(); ++j) z[1 + j] = root * exact(i, j);
  }

 private:
  std::size_t columns_of_both() const { return static_cast<std::size_t>(columns() + targets()); }

  template <class U>
  U root_weight(std::int64_t i) const {
    return weight_.empty() ? U(1) : static_cast<U>(std::sqrt(weight(i) / weight_unit_));
  }
  double exact(std::int64_t i, std::int64_t j) const {
    const T value = j < columns() ? x_(i, j) : y_(i, j - columns());
    return (static_cast<double>(value) - shift(j)) * scale(j);
  }
  void fill(const T* from, std::int64_t first, std::int64_t count, T root, T* z) const {
    const T* shift = shift_.data() + first;
    const T* scale = scale_.data() + first;
    if (weight_.empty()) {
#pragma omp simd
      for (std::int64_t j = 0; j < count; ++j) z[j] = (from[j] - shift[j]) * scale[j];
      return;
    }
#pragma omp simd
    for (std::int64_t j = 0; j < count; ++j) z[j] = (from[j] - shift[j]) * scale[j] * root;
  }

  MatrixView<const T> x_;
  MatrixView<const T> y_;
  std::span<const T> weight_;
  std::vector<T> shift_;
  std::vector<T> scale_;
  double weight_unit_ = 1;
};

}  // namespace forja::cpu
