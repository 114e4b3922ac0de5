#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/kmeans_compute.h"

namespace forja::testing {

/// Everything that a fit reads from the seam, every method once at least, in one list of numbers.
template <class T>
std::vector<double> everything(compute::KMeansCompute<T>& seam, std::int64_t k) {
  std::vector<double> seen;
  const auto see = [&](const auto& values) {
    for (const auto value : values) seen.push_back(static_cast<double>(value));
  };
  see(seam.moments().mean);
  see(seam.moments().variance);
  seam.begin_seeding();
  std::vector<std::int64_t> rows;
  const std::vector<double> u{0.91, 0.05, 0.33, 0.77, 0.5};
  for (std::int64_t c = 0; c < k; ++c) {
    const auto candidates = seam.seed_candidates(std::span(u).subspan(0, c == 0 ? 1 : 5));
    for (const auto& candidate : candidates) see(std::vector{static_cast<double>(candidate.row), candidate.potential});
    seam.seed_accept(std::ssize(candidates) - 1);
    rows.push_back(candidates.back().row);
  }
  see(seam.draw_rows(u));
  seam.set_centers_from_rows(rows);
  see(seam.take_rows(rows).values());
  for (int iteration = 0; iteration < 5; ++iteration) {
    const compute::KMeansPass pass = seam.assign();
    see(std::vector{pass.inertia, pass.shift, static_cast<double>(pass.changed), seam.inertia()});
    see(seam.labels());
    const auto far = seam.farthest_rows(3);
    for (const auto& row : far) see(std::vector{static_cast<double>(row.row), row.distance});
    if (iteration == 2) see(std::vector{seam.relabel(std::vector<compute::RowToCluster>{{far[1].row, 0}})});
    seam.update();
  }
  for (const std::int64_t batch_size : {100, 0}) {
    for (const compute::BatchStep& step : seam.batch_steps(5, batch_size, 3, batch_size)) {
      see(std::vector{step.inertia, step.weight, step.shift});
    }
    see(seam.counts());
    seam.replace_centers(std::vector<compute::RowToCluster>{{17, 0}}, 2.5);
  }
  see(seam.centers().values());
  return seen;
}

}  // namespace forja::testing
