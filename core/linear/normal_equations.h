#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "forja/matrix.h"
#include "linear/cholesky.h"

namespace forja::core {

template <class T>
constexpr double unit_roundoff() {
  return static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
}

/// Whether products summed in T, of columns scaled to the same length, are exact enough for normal equations of this
/// condition.
template <class T>
constexpr bool normal_equations_serve(double condition) {
  return condition * unit_roundoff<T>() <= 0.01;
}

/// The normal equations of one penalty, factored with columns scaled to the same length.
class FactoredNormal {
 public:
  /// products: its first d rows and columns are sums of products of the d columns; lengths: d, of the columns, the
  /// penalty's rows counted in. Columns of length zero are left out. Empty where the rest depend on each other.
  static std::optional<FactoredNormal> factor(const Matrix<double>& products, std::span<const double> lengths);

  /// (products + penalty)^-1 g in the place of g.
  void solve(std::span<double> g) const;
  double condition() const { return cholesky_.condition(); }
  /// Columns that were not left out.
  std::int64_t rank() const { return static_cast<std::int64_t>(active_.size()); }

 private:
  FactoredNormal(std::vector<std::int64_t> active, std::vector<double> length, Cholesky cholesky)
      : active_(std::move(active)), length_(std::move(length)), cholesky_(std::move(cholesky)) {}

  std::vector<std::int64_t> active_;
  std::vector<double> length_;  // of these
  Cholesky cholesky_;
};

}  // namespace forja::core
