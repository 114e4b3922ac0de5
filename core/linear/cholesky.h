#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "forja/matrix.h"

namespace forja::core {

/// A = L L' of a symmetric positive definite matrix, in double: for what is left of a problem above the seam, d x d.
class Cholesky {
 public:
  /// Of the lower triangle of `a`. Empty where a is not positive definite to rounding.
  static std::optional<Cholesky> factor(Matrix<double> a);

  std::int64_t size() const { return lower_.rows(); }
  /// A^-1 x in the place of x.
  void solve(std::span<double> x) const;
  /// An estimate, never above, of the condition number in the 1-norm (Hager 1984, Higham 1988).
  double condition() const;

 private:
  Cholesky(Matrix<double> lower, double norm) : lower_(std::move(lower)), norm_(norm) {}
  double inverse_norm() const;

  Matrix<double> lower_;  // L, row by row
  double norm_;           // of A, in the 1-norm
};

}  // namespace forja::core
