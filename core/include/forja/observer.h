#pragma once

#include <cstdint>
#include <string_view>

#include "forja/export.h"

namespace forja {

/// What a running fit tells after each iteration.
struct Progress {
  std::string_view call;       ///< "KMeans::fit"
  std::int64_t run = 0;        ///< restart, from 0 to n_init - 1
  std::int64_t iteration = 0;  ///< from 1
  std::int64_t max_iter = 0;   ///< the most iterations this run may take
  double loss = 0;             ///< the objective at the start of the iteration: inertia for k-means
  double seconds = 0;          ///< since the call began
};

/// Watches a long call and may stop it. Handed to fit() by pointer, used from the calling thread only.
class FORJA_API Observer {
 public:
  virtual ~Observer() = default;
  /// Called after each iteration. Returning false ends the call with Cancelled; the estimator is as it was before.
  virtual bool on_progress(const Progress& progress) = 0;
};

}  // namespace forja
