#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "forja/observer.h"

namespace forja::core {

/// Tells an observer, if there is one, what a call does, and ends the call when it says so.
class Watch {
 public:
  Watch(Observer* observer, std::string_view call) : observer_(observer), call_(call) {}

  void begin_run(std::int64_t run, std::int64_t max_iter) {
    run_ = run;
    max_iter_ = max_iter;
  }
  /// Throws Cancelled when the observer wants no more.
  void tell(std::int64_t iteration, double loss) const;

 private:
  Observer* observer_;
  std::string_view call_;
  std::int64_t run_ = 0;
  std::int64_t max_iter_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace forja::core
