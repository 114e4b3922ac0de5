// OpenMP on std::thread, in libgomp's place in builds with ThreadSanitizer: that one sees the hand-overs of threads
// that it compiled, and reports every region of libgomp as a race. It has what the library's regions call, with
// libgomp's names and meaning; a construct that it lacks does not link.
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace {

/// A dynamic loop: threads take its steps by a counter that orders nothing else between them, lest it hide a race.
struct Loop {
  Loop(long first, long stop, long increment, long steps_at_once)
      : start(first),
        step(increment),
        steps(increment > 0 ? (stop - first + increment - 1) / increment : (stop - first + increment + 1) / increment),
        chunk(steps_at_once) {}

  bool take(long* first, long* end) {
    const long from = taken.fetch_add(chunk, std::memory_order_relaxed);
    if (from >= steps) return false;
    *first = start + from * step;
    *end = start + (steps - from < chunk ? steps : from + chunk) * step;
    return true;
  }

  const long start, step, steps, chunk;
  std::atomic<long> taken = 0;
};

struct Team {
  explicit Team(int threads) : size(threads) {}

  // All begin together, or the first one would have done a short loop before the last one was there.
  void begin() {
    begun.fetch_add(1, std::memory_order_relaxed);
    while (begun.load(std::memory_order_relaxed) < size) std::this_thread::yield();
  }

  void wait_for_all() {
    std::unique_lock lock(mutex);
    const long round = rounds;
    if (++arrived == size) {
      arrived = 0;
      ++rounds;
      all_here.notify_all();
    } else {
      all_here.wait(lock, [&] { return rounds != round; });
    }
  }

  const int size;
  std::atomic<int> begun = 0;
  std::mutex mutex;
  std::condition_variable all_here;
  int arrived = 0;
  long rounds = 0;
  std::map<int, Loop> loops;  ///< by their order in the region
};

/// What one thread is in its region.
struct Member {
  Team* team = nullptr;
  int number = 0;
  int loops = 0;
  Loop* loop = nullptr;
};
thread_local Member me;

std::atomic<int> threads_set = 0;

int max_threads() {
  if (threads_set > 0) return threads_set;
  const char* asked = std::getenv("OMP_NUM_THREADS");
  const int threads = asked ? std::atoi(asked) : static_cast<int>(std::thread::hardware_concurrency());
  return threads > 0 ? threads : 1;
}

}  // namespace

extern "C" {

// A region inside a region has one thread, as by libgomp's default.
void GOMP_parallel(void (*body)(void*), void* data, unsigned asked, unsigned) {
  const int threads = me.team != nullptr ? 1 : asked > 0 ? static_cast<int>(asked) : max_threads();
  const Member outside = me;
  Team team(threads);
  std::vector<std::thread> others;
  for (int number = 1; number < threads; ++number) {
    others.emplace_back([&team, body, data, number] {
      me = {&team, number};
      team.begin();
      body(data);
    });
  }
  me = {&team, 0};
  team.begin();
  body(data);
  me = outside;
  for (std::thread& other : others) other.join();
}

bool GOMP_loop_nonmonotonic_dynamic_start(long start, long stop, long step, long chunk, long* first, long* end) {
  {
    const std::lock_guard lock(me.team->mutex);
    me.loop = &me.team->loops.try_emplace(me.loops++, start, stop, step, chunk).first->second;
  }
  return me.loop->take(first, end);
}
bool GOMP_loop_nonmonotonic_dynamic_next(long* first, long* end) { return me.loop->take(first, end); }

void GOMP_loop_end_nowait() {}
void GOMP_loop_end() { me.team->wait_for_all(); }
void GOMP_barrier() {
  if (me.team != nullptr) me.team->wait_for_all();
}

int omp_get_thread_num() { return me.number; }
int omp_get_num_threads() { return me.team != nullptr ? me.team->size : 1; }
int omp_get_max_threads() { return max_threads(); }
void omp_set_num_threads(int threads) { threads_set = threads; }
int omp_in_parallel() { return me.team != nullptr && me.team->size > 1 ? 1 : 0; }
}
