#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compute/kmeans_compute.h"

namespace forja::core {

/// When mini-batch k-means has done enough: exponentially weighted averages of the batches' inertia and of the centres'
/// shift, with the weight 2 x batch_size / (n + 1), so that they remember about n rows.
class MiniBatchStop {
 public:
  struct Rules {
    std::int64_t rows = 0;
    std::int64_t batch_size = 0;
    double max_shift = 0;  ///< 0: the shift stops nothing
    std::optional<std::int64_t> max_no_improvement = {};
  };
  explicit MiniBatchStop(const Rules& rules);

  /// Takes one step in; true when it was the last one needed. The very first step tells how good the first centres
  /// are, not how the steps improve, and is left out.
  bool after(const compute::BatchStep& step);

 private:
  Rules rules_;
  double alpha_;
  bool first_ = true;
  std::optional<double> inertia_;
  std::optional<double> shift_;
  std::optional<double> least_inertia_;
  std::int64_t not_improved_ = 0;
};

/// Centres to move and the count that they go on with.
struct Reassignment {
  std::vector<std::int32_t> centers;
  double count = 0;
};

/// Centres with less than `ratio` of the greatest count and those without any: at most half as many as a batch has
/// rows, the least counts first. They go on with the least count among the others, so that they are not moved again at
/// once.
Reassignment idle_centers(std::span<const double> counts, double ratio, std::int64_t batch_size);

/// Whether idle centres are looked for: each time 10 rows per centre have gone by, or when a centre never got a row.
bool reassignment_due(std::span<const double> counts, std::int64_t rows_since_last);

/// Steps until the next look at the stopping rules and the idle centres: at first as soon as such a centre can show, as
/// one that is moved late has few rows left to learn from; later enough that a device need not wait for the host after
/// every batch.
std::int64_t steps_per_look(std::int64_t k, std::int64_t batch_size, std::int64_t steps_so_far);

/// max_iter passes over n rows in steps of batch_size, at least one.
std::int64_t most_steps(std::int64_t max_iter, std::int64_t n, std::int64_t batch_size);

/// Looks for idle centres and, if there are any, puts rows drawn by weight in their place.
template <class T>
void move_idle_centers(compute::KMeansCompute<T>& rows, std::span<const T> sample_weight,
                       std::span<const double> counts, double ratio, std::int64_t batch_size, std::uint64_t seed,
                       std::int64_t step);

}  // namespace forja::core
