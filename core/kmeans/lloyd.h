#pragma once

#include <cstdint>

#include "compute/kmeans_compute.h"
#include "estimator/watch.h"

namespace forja::core {

struct LloydRules {
  std::int64_t max_iter = 300;
  double max_shift = 0;  ///< converged when the centres' summed squared shift is at most this
};

struct LloydEnd {
  double inertia = 0;
  double shift = 0;  ///< of the last iteration
  std::int64_t n_iter = 0;
  bool converged = false;
};

/// tol x the mean variance of the columns: the largest shift that counts as standing still.
double largest_shift(double tol, const compute::ColumnMoments& moments);

/// One run of Lloyd's iteration from the centres that are in place; leaves labels that fit the final centres.
template <class T>
LloydEnd run_lloyd(compute::KMeansCompute<T>& rows, const LloydRules& rules, const Watch& watch);

}  // namespace forja::core
