#pragma once

#include <omp.h>

#include <atomic>
#include <cstdint>
#include <exception>

namespace forja::core {

/// Calls work(part) for parts 0 .. parts - 1 on up to `threads` threads (0: all that the process may use). Which thread
/// gets which part is not fixed. What `work` throws first leaves the call, after parts under way have ended.
template <class Work>
void for_each_part(int threads, std::int64_t parts, const Work& work) {
  const int team = threads > 0 ? threads : omp_get_max_threads();
  std::exception_ptr thrown;
  std::atomic<bool> failed = false;
#pragma omp parallel for num_threads(team) schedule(dynamic, 1) if (team > 1 && parts > 1)
  for (std::int64_t part = 0; part < parts; ++part) {
    if (failed) continue;
    try {
      work(part);
    } catch (...) {
      if (!failed.exchange(true)) thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace forja::core
