#pragma once

#include <cstdint>
#include <string_view>

#include "compute/dual_compute.h"
#include "estimator/watch.h"

namespace forja::core {

struct DualRules {
  std::int64_t max_iter = 1000;  ///< epochs
  double tol = 1e-4;             ///< the most that an output's gap may be of its objective
};

struct DualEnd {
  Matrix<double> weights;  ///< C x (d + 1)
  double objective = 0;    ///< summed over outputs
  double dual_gap = 0;     ///< the greatest of the outputs' own
  std::int64_t n_iter = 0;
  bool converged = false;
};

/// Goes on by rounds of epochs, measuring after each, until every output's gap is small enough; those whose is rest.
/// Tells the watch each round. Throws InvalidArgument when sums leave the range of numbers.
template <class T>
DualEnd descend_dual(std::string_view call, compute::DualCompute<T>& rows, std::int64_t outputs, const DualRules& rules,
                     const Watch& watch);

}  // namespace forja::core
