#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compute/svm_compute.h"
#include "estimator/watch.h"

namespace forja::core {

/// How a problem ended.
struct SvmEnd {
  std::vector<double> b;
  std::vector<double> decisions;  ///< K b - rho of each variable
  double rho = 0;                 ///< the decision is K b - rho; of two groups the mean of their multipliers
  double half_gap = 0;            ///< of two groups: half of what the first multiplier is above the second
  double objective = 0;           ///< 1/2 b'K b + q'b + epsilon |b|_1
  double violation = 0;
  std::int64_t n_iter = 0;
  bool converged = false;
};

/// Solves the problems side by side. A problem has converged when its violation is at most tol with gradients made
/// anew; else `max_iter` steps were taken, or no step moves a multiplier any more. The watch is told of the greatest
/// violation. Throws Cancelled, OutOfMemory.
template <class T>
std::vector<SvmEnd> solve(compute::SvmCompute<T>& compute, std::span<const compute::SvmProblem> problems, double tol,
                          std::optional<std::int64_t> max_iter, const Watch& watch);

}  // namespace forja::core
