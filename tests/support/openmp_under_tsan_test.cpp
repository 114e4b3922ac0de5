// The build with ThreadSanitizer is no blind one: it reports a race of the library's loops, and no race where is none.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "../cpu_fallback/runtime/threads.h"

namespace {

/// Loops over 1000 chunks on four threads, at least two of which get some. What tells them orders nothing else.
template <class Work>
void loop_on_several_threads(const Work& work) {
  std::array<std::atomic<bool>, 4> seen = {};
  std::atomic<int> threads = 0;
  forja::cpu::for_each_chunk(4, 1000, [&](std::int64_t chunk, int thread) {
    if (!seen[static_cast<std::size_t>(thread)].exchange(true, std::memory_order_relaxed)) {
      threads.fetch_add(1, std::memory_order_relaxed);
    }
    while (threads.load(std::memory_order_relaxed) < 2) std::this_thread::yield();
    work(chunk);
  });
}

TEST(OpenMpUnderTsan, a_race_between_chunks_ends_the_program) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  // 66 is ThreadSanitizer's exit status after a report.
  EXPECT_EXIT(
      {
        std::int64_t sum = 0;
        loop_on_several_threads([&](std::int64_t chunk) { sum += chunk; });
        std::exit(sum < 0 ? 1 : 0);
      },
      testing::ExitedWithCode(66), "data race");
}

TEST(OpenMpUnderTsan, every_chunk_runs_once_and_is_seen_after_the_loop) {
  std::vector<int> runs(1000, 0);
  for (int repeat = 0; repeat < 3; ++repeat) {
    loop_on_several_threads([&](std::int64_t chunk) { ++runs[static_cast<std::size_t>(chunk)]; });
  }
  EXPECT_EQ(runs, std::vector<int>(1000, 3));
}

TEST(OpenMpUnderTsan, loops_inside_loops_run_whole) {
  std::vector<std::vector<int>> runs(8, std::vector<int>(100, 0));
  forja::cpu::for_each_chunk(3, 8, [&](std::int64_t outer, int) {
    forja::cpu::for_each_chunk(3, 100, [&](std::int64_t inner, int) {
      ++runs[static_cast<std::size_t>(outer)][static_cast<std::size_t>(inner)];
    });
  });
  EXPECT_EQ(runs, std::vector(8, std::vector<int>(100, 1)));
}

}  // namespace
