#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "estimator/watch.h"

namespace forja::core {

/// The value at a point; writes the gradient. Infinite or NaN where the point is beyond what can be computed.
using Objective = std::function<double(std::span<const double> point, std::span<double> gradient)>;

struct LbfgsRules {
  std::int64_t max_iter = 100;
  double tol = 1e-4;  ///< no entry of the gradient is greater at the end
  double noise = 0;   ///< relative rounding of values: rises within it are none
  int history = 10;   ///< steps that are remembered
};

struct LbfgsEnd {
  std::vector<double> point;
  double value = 0;
  double gradient_norm = 0;  ///< the greatest entry
  std::int64_t n_iter = 0;
  bool converged = false;  ///< whether gradient_norm <= tol
};

/// Minimises a smooth function by limited-memory BFGS (Liu and Nocedal 1989) with steps that meet the strong Wolfe
/// conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6). Tells the watch each iteration. Ends early, without
/// convergence, where no step makes the value less.
LbfgsEnd minimise(const Objective& objective, std::vector<double> start, const LbfgsRules& rules, const Watch& watch);

}  // namespace forja::core
