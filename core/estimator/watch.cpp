#include "estimator/watch.h"

#include <fmt/format.h>

#include "forja/error.h"

namespace forja::core {

void Watch::tell(std::int64_t iteration, double loss) const {
  if (observer_ == nullptr) return;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  const Progress progress{.call = call_,
                          .run = run_,
                          .iteration = iteration,
                          .max_iter = max_iter_,
                          .loss = loss,
                          .seconds = elapsed.count()};
  if (!observer_->on_progress(progress)) {
    throw Cancelled(fmt::format("{}: cancelled by the observer in run {} at iteration {} of {}", call_, run_, iteration,
                                max_iter_));
  }
}

}  // namespace forja::core
