#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "forja/matrix.h"

/// Minima of linear support vector machines by other ways than dual coordinate descent, in double.
namespace forja::testing {

/// ||v||^2 / 2 + sum of cost_i loss_i(v z_i): of classes max(0, 1 - y p), of numbers max(0, |p - y| - epsilon).
struct SvmProblem {
  Matrix<double> z;          ///< rows with the constant column, where there is one
  std::vector<double> y;     ///< -1 or 1 for classes
  std::vector<double> cost;  ///< C times the row's weight
  bool classes = true;
  double epsilon = 0;

  template <class T>
  SvmProblem(const Matrix<T>& x, std::vector<double> targets, std::vector<double> costs, double scaling)
      : z(x.rows(), x.columns() + (scaling > 0 ? 1 : 0), scaling), y(std::move(targets)), cost(std::move(costs)) {
    for (std::int64_t i = 0; i < x.rows(); ++i) std::copy(x.row(i).begin(), x.row(i).end(), z.row(i).begin());
  }

  double margin(std::int64_t i, const std::vector<double>& v) const {
    double sum = 0;
    for (std::size_t j = 0; j < v.size(); ++j) sum += v[j] * z(i, static_cast<std::int64_t>(j));
    return sum;
  }
  /// How much row i misses, with the sign of the loss's derivative by the margin.
  double missing(std::int64_t i, double p) const {
    const double own = y[static_cast<std::size_t>(i)];
    if (classes) return -own * std::max(0.0, 1 - own * p);
    return std::copysign(std::max(0.0, std::fabs(p - own) - epsilon), p - own);
  }
  double objective(const std::vector<double>& v, bool squared) const {
    double sum = 0;
    for (const double value : v) sum += 0.5 * value * value;
    for (std::int64_t i = 0; i < z.rows(); ++i) {
      const double missed = std::fabs(missing(i, margin(i, v)));
      sum += cost[static_cast<std::size_t>(i)] * (squared ? missed * missed : missed);
    }
    return sum;
  }
};

/// A point, and between which numbers the minimum lies.
struct SvmMinimum {
  std::vector<double> v;
  double below = 0;
  double above = 0;
};

/// a x = b by elimination with pivots; b in, x out.
inline void solve_densely(Matrix<double> a, std::vector<double>& b) {
  const std::int64_t n = a.rows();
  const auto at = [&](std::int64_t i) -> double& { return b[static_cast<std::size_t>(i)]; };
  for (std::int64_t k = 0; k < n; ++k) {
    std::int64_t pivot = k;
    for (std::int64_t i = k + 1; i < n; ++i) {
      if (std::fabs(a(i, k)) > std::fabs(a(pivot, k))) pivot = i;
    }
    for (std::int64_t j = 0; j < n; ++j) std::swap(a(k, j), a(pivot, j));
    std::swap(at(k), at(pivot));
    for (std::int64_t i = k + 1; i < n; ++i) {
      const double factor = a(i, k) / a(k, k);
      for (std::int64_t j = k; j < n; ++j) a(i, j) -= factor * a(k, j);
      at(i) -= factor * at(k);
    }
  }
  for (std::int64_t k = n - 1; k >= 0; --k) {
    for (std::int64_t j = k + 1; j < n; ++j) at(k) -= a(k, j) * at(j);
    at(k) /= a(k, k);
  }
}

/// Of the squared losses by Newton's method (Keerthi and DeCoste 2005). The objective less half of ||v||^2 is convex,
/// so half of the gradient's square is the most that is left.
inline SvmMinimum squared_minimum(const SvmProblem& problem) {
  const std::int64_t d = problem.z.columns();
  SvmMinimum found{std::vector<double>(static_cast<std::size_t>(d)), 0, 0};
  for (int pass = 0; pass < 200; ++pass) {
    std::vector<double> gradient = found.v;
    Matrix<double> hessian(d, d);
    for (std::int64_t j = 0; j < d; ++j) hessian(j, j) = 1;
    for (std::int64_t i = 0; i < problem.z.rows(); ++i) {
      const double missed = problem.missing(i, problem.margin(i, found.v));
      if (missed == 0) continue;
      const double twice = 2 * problem.cost[static_cast<std::size_t>(i)];
      for (std::int64_t j = 0; j < d; ++j) {
        gradient[static_cast<std::size_t>(j)] += twice * missed * problem.z(i, j);
        for (std::int64_t k = 0; k < d; ++k) hessian(j, k) += twice * problem.z(i, j) * problem.z(i, k);
      }
    }
    double square = 0;
    for (const double value : gradient) square += value * value;
    found.above = problem.objective(found.v, true);
    found.below = found.above - square / 2;
    std::vector<double> step = gradient;
    solve_densely(std::move(hessian), step);
    double share = 1;
    std::vector<double> next = found.v;
    for (; share > 1e-10; share /= 2) {
      for (std::size_t j = 0; j < next.size(); ++j) next[j] = found.v[j] - share * step[j];
      if (problem.objective(next, true) < found.above) break;
    }
    if (!(share > 1e-10)) break;
    found.v = std::move(next);
  }
  return found;
}

/// Of the losses themselves by accelerated projected gradients on the dual (Beck and Teboulle 2009): a number b_i for
/// each row, of which v = sum of b_i z_i, and whose value is below the minimum.
inline SvmMinimum plain_minimum(const SvmProblem& problem, int passes) {
  const std::int64_t n = problem.z.rows();
  const auto rows = static_cast<std::size_t>(n);
  const auto point_of = [&](const std::vector<double>& b) {
    std::vector<double> v(static_cast<std::size_t>(problem.z.columns()));
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < v.size(); ++j) {
        v[j] += b[i] * problem.z(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
      }
    }
    return v;
  };
  double bend = 0;  // the sum of squares is at least the greatest curvature
  for (const double value : problem.z.values()) bend += value * value;
  std::vector<double> b(rows);
  std::vector<double> ahead = b;
  double momentum = 1;
  for (int pass = 0; pass < passes; ++pass) {
    const std::vector<double> v = point_of(ahead);
    std::vector<double> next(rows);
    double along = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      const double moved = ahead[i] - (problem.margin(static_cast<std::int64_t>(i), v) - problem.y[i]) / bend;
      const double cost = problem.cost[i];
      if (problem.classes) {
        next[i] = problem.y[i] * std::clamp(problem.y[i] * moved, 0.0, cost);
      } else {
        const double shrunk = std::copysign(std::max(0.0, std::fabs(moved) - problem.epsilon / bend), moved);
        next[i] = std::clamp(shrunk, -cost, cost);
      }
      along += (ahead[i] - next[i]) * (next[i] - b[i]);
    }
    const double before = along > 0 ? 1 : momentum;  // uphill: begin anew
    momentum = (1 + std::sqrt(1 + 4 * before * before)) / 2;
    for (std::size_t i = 0; i < rows; ++i) ahead[i] = next[i] + (before - 1) / momentum * (next[i] - b[i]);
    b = std::move(next);
  }
  SvmMinimum found{point_of(b), 0, 0};
  found.above = problem.objective(found.v, false);
  for (const double value : found.v) found.below -= 0.5 * value * value;
  for (std::size_t i = 0; i < rows; ++i) found.below += b[i] * problem.y[i] - problem.epsilon * std::fabs(b[i]);
  return found;
}

}  // namespace forja::testing
