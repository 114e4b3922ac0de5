#include "linear/coordinate_descent.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace forja::core {
namespace {

/// Sweeps between two looks at the gap, which costs as much as one.
constexpr std::int64_t kSweepsPerLook = 5;

/// The minimiser of a x^2 / 2 - b x + l1 |x| for a > 0.
double soft_threshold(double a, double b, double l1) {
  if (b > l1) return (b - l1) / a;
  if (b < -l1) return (b + l1) / a;
  return 0;
}

/// Once through the columns; keeps correlations and the residuals' square up to date.
void sweep(const Matrix<double>& gram, const Penalties& penalties, SparseState& state) {
  const std::size_t size = state.c.size();
  double* const correlation = state.correlation.data();
  for (std::size_t j = 0; j < size; ++j) {
    const double* row = gram.row(static_cast<std::int64_t>(j)).data();
    const double square = row[j];
    if (!(square > 0)) continue;
    const double before = state.c[j];
    const double now = soft_threshold(square + penalties.l2[j], correlation[j] + square * before, penalties.l1[j]);
    const double step = now - before;
    if (step == 0) continue;
    state.residual_square -= step * (2 * correlation[j] - step * square);
    state.c[j] = now;
#pragma omp simd
    for (std::size_t k = 0; k < size; ++k) correlation[k] -= step * row[k];
  }
}

}  // namespace

// The ridge part of the penalty is rows sqrt(l2) below X with targets of zero; the dual point is the residuals of all
// rows, scaled down until no column's correlation is above its l1.
DualityGap duality_gap(const Penalties& penalties, const SparseState& state) {
  double largest = 0;
  double along = std::max(0.0, state.residual_square);  // y'r
  double square = along;                                // of all rows' residuals
  double norm = 0;
  for (std::size_t j = 0; j < state.c.size(); ++j) {
    const double c = state.c[j];
    largest = std::max(largest, std::abs(state.correlation[j] - penalties.l2[j] * c) / penalties.l1[j]);
    along += c * state.correlation[j];
    square += penalties.l2[j] * c * c;
    norm += penalties.l1[j] * std::abs(c);
  }
  if (!(square > 0)) return {norm, 1};
  const double most = largest > 1 ? 1 / largest : 1;
  const double scale = std::clamp(along / square, -most, most);
  const double primal = square / 2 + norm;
  const double dual = scale * along - scale * scale / 2 * square;
  return {std::max(0.0, primal - dual), scale};
}

std::int64_t descend(const Matrix<double>& gram, const Penalties& penalties, double most_gap, std::int64_t most_sweeps,
                     SparseState& state) {
  std::int64_t sweeps = 0;
  while (sweeps < most_sweeps) {
    for (std::int64_t k = 0; k < kSweepsPerLook && sweeps < most_sweeps; ++k, ++sweeps) sweep(gram, penalties, state);
    if (duality_gap(penalties, state).gap <= most_gap) break;
  }
  return sweeps;
}

}  // namespace forja::core
