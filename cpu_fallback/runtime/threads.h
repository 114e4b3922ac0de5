#pragma once

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>

namespace forja::cpu {

/// Place::threads as a number: 0 means all that the process may use.
inline int thread_count(int asked) { return asked > 0 ? asked : omp_get_max_threads(); }

/// Calls work(chunk, thread) for every chunk 0 .. chunks - 1, on up to `threads` threads; thread is below `threads`.
/// Which thread gets a chunk is not fixed, so results must not depend on it. What `work` throws first leaves the call,
/// after chunks under way have ended.
template <class Work>
void for_each_chunk(int threads, std::int64_t chunks, const Work& work) {
  const int used = static_cast<int>(std::min<std::int64_t>(threads, chunks));
  if (used <= 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) work(chunk, 0);
    return;
  }
  std::exception_ptr thrown;
  std::atomic<bool> failed = false;
#pragma omp parallel for num_threads(used) schedule(dynamic, 1)
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    if (failed) continue;
    try {
      work(chunk, omp_get_thread_num());
    } catch (...) {
      if (!failed.exchange(true)) thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

/// Chunks of `size` consecutive items that cover `count` items; the last may be shorter.
struct Chunks {
  std::int64_t count = 0;
  std::int64_t size = 1;

  std::int64_t number() const { return (count + size - 1) / size; }
  std::int64_t first(std::int64_t chunk) const { return chunk * size; }
  std::int64_t last(std::int64_t chunk) const { return std::min(count, (chunk + 1) * size); }
};

/// Rows per chunk of a pass that keeps partial results of `width` numbers a row: enough work for each chunk, and `most`
/// chunks at the most.
inline Chunks pass_chunks(std::int64_t rows, std::int64_t width, std::int64_t most) {
  constexpr std::int64_t kLeastEntries = 1 << 16;
  const std::int64_t least = std::max<std::int64_t>(1, kLeastEntries / std::max<std::int64_t>(1, width));
  return {rows, std::max(least, (rows + most - 1) / most)};
}

}  // namespace forja::cpu
