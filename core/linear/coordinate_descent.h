#pragma once

#include <cstdint>
#include <vector>

#include "forja/matrix.h"

/// The elastic net without its rows: minimise 1/2 ||y - X c||^2 + sum l1_j |c_j| + 1/2 sum l2_j c_j^2 over the columns
/// at hand, from X'X alone.
namespace forja::core {

/// One penalty per column.
struct Penalties {
  std::vector<double> l1;
  std::vector<double> l2;
};

/// Where a descent stands: c, X'r of its residuals r = y - X c, and ||r||^2.
struct SparseState {
  std::vector<double> c;
  std::vector<double> correlation;
  double residual_square = 0;
};

/// An upper bound on how far the objective at c is above its minimum (Fercoq, Gramfort and Salmon 2015), and the factor
/// that makes r the dual point of the bound.
struct DualityGap {
  double gap = 0;
  double dual_scale = 0;
};
DualityGap duality_gap(const Penalties& penalties, const SparseState& state);

/// Coordinate descent: goes through the columns until the gap is at most `most_gap` or `most_sweeps` are done; returns
/// how many were. gram: X'X; a column of squares zero keeps its c.
std::int64_t descend(const Matrix<double>& gram, const Penalties& penalties, double most_gap, std::int64_t most_sweeps,
                     SparseState& state);

}  // namespace forja::core
