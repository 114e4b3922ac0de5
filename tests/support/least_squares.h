#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "forja/matrix.h"

namespace forja::testing {

/// Coefficients (d + 1 x targets, the last row the intercept) that fit y (n x targets) to x (n x d) best: the normal
/// equations by Gauss and Jordan's elimination, in long double.
inline Matrix<double> least_squares(const Matrix<double>& x, const Matrix<double>& y) {
  const std::int64_t unknowns = x.columns() + 1;
  const std::int64_t width = unknowns + y.columns();
  // A row of the data: its features, 1, its targets.
  const auto entry = [&](std::int64_t i, std::int64_t j) -> long double {
    return j < x.columns() ? x(i, j) : j < unknowns ? 1 : y(i, j - unknowns);
  };
  std::vector<std::vector<long double>> system(static_cast<std::size_t>(unknowns));
  for (std::int64_t r = 0; r < unknowns; ++r) {
    for (std::int64_t c = 0; c < width; ++c) {
      long double sum = 0;
      for (std::int64_t i = 0; i < x.rows(); ++i) sum += entry(i, r) * entry(i, c);
      system[static_cast<std::size_t>(r)].push_back(sum);
    }
  }
  for (std::size_t pivot = 0; pivot < system.size(); ++pivot) {
    std::size_t best = pivot;
    for (std::size_t r = pivot; r < system.size(); ++r) {
      if (std::fabs(system[r][pivot]) > std::fabs(system[best][pivot])) best = r;
    }
    std::swap(system[pivot], system[best]);
    for (std::size_t r = 0; r < system.size(); ++r) {
      const long double factor = r == pivot ? 0 : system[r][pivot] / system[pivot][pivot];
      for (std::size_t c = 0; c < system[r].size(); ++c) system[r][c] -= factor * system[pivot][c];
    }
  }
  Matrix<double> found(unknowns, y.columns());
  for (std::int64_t j = 0; j < unknowns; ++j) {
    const auto& row = system[static_cast<std::size_t>(j)];
    for (std::int64_t t = 0; t < y.columns(); ++t) {
      found(j, t) = static_cast<double>(row[static_cast<std::size_t>(unknowns + t)] / row[static_cast<std::size_t>(j)]);
    }
  }
  return found;
}

}  // namespace forja::testing
