#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "runtime/dense_algebra.h"

namespace forja::cpu {

/// The eigensystem of a symmetric matrix: all its values at once, and as many vectors as are asked for, which cost in
/// proportion. The same bits for any number of threads.
///
/// A tridiagonal matrix has the values and, by inverse iteration, the vectors (Peters and Wilkinson 1979). Vectors of
/// values that lie close are found apart from each other and made orthonormal together; where one of them is then no
/// vector to rounding, rotations (QL) find them all. Not by LAPACK: OpenBLAS 0.3.21's dsyevr took twice as long for 154
/// of 784 vectors and half as long again for 50 of 1000, and its threads are a setting of the whole process.
class SymmetricEigen {
 public:
  /// Of the lower triangle of a (m x m).
  explicit SymmetricEigen(Eigen::MatrixXd a);

  std::int64_t size() const { return values_.size(); }
  /// Descending.
  const Eigen::VectorXd& values() const { return values_; }
  /// Of the `count` largest values, the largest first: m x count, orthonormal.
  Eigen::MatrixXd vectors(std::int64_t count, int threads) const;

 private:
  /// Vectors of the tridiagonal matrix by inverse iteration.
  Eigen::MatrixXd by_inverse_iteration(std::int64_t count, int threads) const;
  /// Whether orthonormal columns are, to rounding, vectors of the largest values.
  bool are_vectors(const Eigen::MatrixXd& candidates) const;

  Tridiagonal tridiagonal_;  ///< of a over its largest entry
  Eigen::VectorXd scaled_;   ///< its values, descending
  Eigen::VectorXd values_;
};

}  // namespace forja::cpu
