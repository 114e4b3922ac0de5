#pragma once

#include <ctime>

namespace forja::emulation {

/// Ends a launch that takes too much of its thread's processor time: a block that waits for a later block never ends
/// here. Lives as long as the launch; the signal goes to the thread that runs it.
class Watchdog {
 public:
  /// seconds = 0: no limit.
  explicit Watchdog(int seconds);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  static bool fired();

 private:
  timer_t timer_{};
  bool running_ = false;
};

}  // namespace forja::emulation
