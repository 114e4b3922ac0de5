#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "forja/observer.h"

namespace forja::testing {

/// Writes down what a fit tells, and cancels it at iteration `stop_at`, if there is one.
class Recorder : public Observer {
 public:
  explicit Recorder(std::int64_t stop_at = -1) : stop_at_(stop_at) {}

  bool on_progress(const Progress& progress) override {
    seen.push_back(progress);
    return progress.iteration != stop_at_;
  }

  std::int64_t runs() const {
    std::int64_t greatest = -1;
    for (const Progress& progress : seen) greatest = std::max(greatest, progress.run);
    return greatest + 1;
  }
  /// What the last iteration of a run told.
  double last_loss(std::int64_t run) const {
    double loss = 0;
    for (const Progress& progress : seen) {
      if (progress.run == run) loss = progress.loss;
    }
    return loss;
  }

  std::vector<Progress> seen;

 private:
  std::int64_t stop_at_;
};

}  // namespace forja::testing
