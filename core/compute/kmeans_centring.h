#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"
#include "formulas/fixed_point.h"
#include "formulas/kmeans_formulas.h"

/// How k-means centres rows, for the host's side of every backend.
namespace forja::compute {

/// A column as its centring sees it.
struct ColumnExtent {
  double mean = 0;
  double lowest = 0;
  double highest = 0;
};

/// How rows are used: x' = (x - shift) * scale, so that neither large means nor extreme units cost digits.
template <class T>
struct Centring {
  std::vector<T> shift;
  T scale = 1;

  void apply(const T* x, T* out) const {
    for (std::size_t j = 0; j < shift.size(); ++j) out[j] = formulas::centred(x[j], shift[j], scale);
  }
  /// Rows of a view, from `first` on, one after the other.
  void apply(MatrixView<const T> x, std::int64_t first, std::int64_t rows, T* out) const {
    for (std::int64_t i = 0; i < rows; ++i) {
      apply(x.data() + (first + i) * x.stride(), out + i * static_cast<std::int64_t>(shift.size()));
    }
  }
  /// A centre's coordinate as the caller speaks of it, from and to.
  T inside(double c, std::size_t j) const {
    return static_cast<T>((c - static_cast<double>(shift[j])) * static_cast<double>(scale));
  }
  double outside(T c, std::size_t j) const {
    return static_cast<double>(shift[j]) + static_cast<double>(c) / static_cast<double>(scale);
  }
  /// The greatest |x'| of a column.
  double reach(const ColumnExtent& column, std::size_t j) const {
    const T low = formulas::centred(static_cast<T>(column.lowest), shift[j], scale);
    const T high = formulas::centred(static_cast<T>(column.highest), shift[j], scale);
    return std::max(std::abs(static_cast<double>(low)), std::abs(static_cast<double>(high)));
  }
  /// What squared distances between x' are multiplied by to be those between x.
  double square_unit() const {
    const double unit = 1.0 / static_cast<double>(scale);
    return unit * unit;
  }
};

template <class T>
Centring<T> centring_of(std::span<const ColumnExtent> columns) {
  Centring<T> centring;
  double largest = 0;
  for (const ColumnExtent& column : columns) {
    const T shift = formulas::centring_shift<T>(column.mean, column.lowest, column.highest);
    centring.shift.push_back(shift);
    largest =
        std::max({largest, column.highest - static_cast<double>(shift), static_cast<double>(shift) - column.lowest});
  }
  centring.scale = formulas::common_scale<T>(largest);
  return centring;
}

/// The centring of a model that has nothing but its k >= 1 centres: by their own columns.
template <class T>
Centring<T> centring_of(MatrixView<const double> centers) {
  std::vector<ColumnExtent> columns;
  for (std::int64_t j = 0; j < centers.columns(); ++j) {
    ColumnExtent column{0, centers(0, j), centers(0, j)};
    for (std::int64_t c = 0; c < centers.rows(); ++c) {
      column.mean += centers(c, j);
      column.lowest = std::min(column.lowest, centers(c, j));
      column.highest = std::max(column.highest, centers(c, j));
    }
    column.mean /= static_cast<double>(centers.rows());
    columns.push_back(column);
  }
  return centring_of<T>(columns);
}

/// The e of the powers of two, 2^e, by which weighted entries x' and weights become integers.
struct FixedPointExponents {
  std::vector<int> columns;
  int weight = 0;
};

/// For n rows of these columns. sample_weight empty: all one.
template <class T>
FixedPointExponents fixed_point_exponents(const Centring<T>& centring, std::span<const ColumnExtent> columns,
                                          std::int64_t n, std::span<const T> sample_weight) {
  const double heaviest =
      sample_weight.empty() ? 1.0 : static_cast<double>(*std::max_element(sample_weight.begin(), sample_weight.end()));
  FixedPointExponents exponents;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    exponents.columns.push_back(formulas::fixed_point_exponent(centring.reach(columns[j], j) * heaviest, n));
  }
  exponents.weight = formulas::fixed_point_exponent(heaviest, n);
  return exponents;
}

}  // namespace forja::compute
