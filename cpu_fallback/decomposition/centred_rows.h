#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "compute/decomposition_compute.h"
#include "forja/matrix.h"

namespace forja::cpu {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The caller's rows minus their columns' means: X. Sums over it are the same for any number of threads: rows lie in
/// fixed groups, each added up in order, and the groups are added in order.
template <class T>
class CentredRows {
 public:
  CentredRows(MatrixView<const T> x, bool centred, int threads);
  /// One pass for the means, which X is without from now on.
  void subtract_means();

  std::int64_t rows() const { return x_.rows(); }
  std::int64_t columns() const { return x_.columns(); }
  int threads() const { return threads_; }
  const std::vector<double>& mean() const { return mean_; }

  /// A part of X, dense and row-major.
  template <class U>
  void take(std::int64_t first_row, std::int64_t rows, std::int64_t first_column, std::int64_t columns, U* out) const {
    const double* mean = mean_.data() + first_column;
    for (std::int64_t i = 0; i < rows; ++i) {
      const T* from = x_.data() + (first_row + i) * x_.stride() + first_column;
      U* to = out + i * columns;
      for (std::int64_t j = 0; j < columns; ++j)
        to[j] = static_cast<U>(static_cast<T>(static_cast<double>(from[j]) - mean[j]));
    }
  }

  /// Sum of squares.
  double total_square() const;
  /// X'X or XX'.
  Eigen::MatrixXd gram(compute::Side side) const;
  /// The triangle of a QR decomposition of X, or of X' for Side::rows, in double.
  Eigen::MatrixXd triangle(compute::Side side) const;
  /// X v: n x r.
  RowMajor<T> times(const Eigen::MatrixXd& v) const;
  /// X'w: d x r.
  Eigen::MatrixXd transposed_times(const RowMajor<T>& w) const;

 private:
  Matrix<double> gram_of_rows() const;
  std::int64_t size(compute::Side side) const { return side == compute::Side::columns ? columns() : rows(); }
  /// How many are summed over to reach one entry of a side's Gram matrix.
  std::int64_t summed(compute::Side side) const { return side == compute::Side::columns ? rows() : columns(); }

  MatrixView<const T> x_;
  int threads_;
  std::vector<double> mean_;
};

}  // namespace forja::cpu
