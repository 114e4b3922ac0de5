#pragma once

#include <cuda_runtime.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coroutine.h"

namespace forja::emulation {

enum class ThreadState : std::uint8_t { kNotStarted, kReady, kRunning, kAtBarrier, kInWarpOperation, kDone };

struct Fiber {
  Coroutine coroutine;
  bool prepared = false;  ///< stands in run_threads, for the next thread it is given
  int thread = -1;
};

/// A thread of the block that runs.
struct Thread {
  ThreadState state = ThreadState::kNotStarted;
  Fiber* fiber = nullptr;
  uint3 index{};
  Where where{};  ///< of the collective it waits in
  LaneInput input{};
  std::uint64_t result = 0;
};

/// Lanes of a warp on their way into one warp operation. Several may gather at once, with masks that contain each
/// other.
struct Gathering {
  unsigned mask = 0;
  unsigned arrived = 0;
  WarpOperation operation = WarpOperation::kSync;
  Where where{};
};

struct Warp {
  std::array<Gathering, 32> gatherings{};
  unsigned used = 0;   ///< bits: which gatherings
  unsigned alive = 0;  ///< bits: lanes that have not returned
};

/// The barrier of the block that runs.
struct Barrier {
  int arrived = 0;
  BarrierKind kind = BarrierKind::kPlain;
  int value = 0;
  Where where{};
};

/// A launch about to run.
struct Launch {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;
  std::size_t shared_limit = 0;
  const void* kernel = nullptr;
  const KernelCall* call = nullptr;
};

/// What ended a block. Plain data: the stack that it happened on is left as it is, so nothing there is destroyed.
struct Fault {
  const char* what = nullptr;
  Where where{};
  Where other{};   ///< named after `what`
  int count = -1;  ///< named before `what`
};

/// Runs launches: the blocks one after the other, a block's threads as fibers of the calling thread. A thread keeps the
/// stack until it must wait, and the next one starts on the same stack when it returns, so a kernel without barriers
/// never switches. There is one, used under the big lock.
class Scheduler {
 public:
  /// False when a fault ended the launch; it has been reported.
  bool run(const Launch& launch);

  bool in_kernel() const { return running_ != nullptr; }
  /// Whether a kernel's own code runs, not the engine on its behalf.
  bool in_kernel_code() const { return running_ != nullptr && !in_engine_; }
  void set_in_engine(bool yes) { in_engine_ = yes; }
  /// "thread (1,0,0) of block (2,0,0)", or "the host".
  std::string position() const;

  // What the device language calls, from a running thread.
  int barrier(BarrierKind kind, int predicate, Where where);
  std::uint64_t warp_operation(WarpOperation operation, unsigned mask, LaneInput input, Where where);
  /// In the random order: lets other threads run first, now and then.
  void may_yield();
  /// Gives the whole block up; reported by the scheduler.
  [[noreturn]] void fault(const Fault& fault);
  /// From the watchdog's signal handler, in a kernel's own code: gives the block up at once.
  [[noreturn]] void abandon();

 private:
  bool run_block(std::uint64_t block);
  void begin_block(std::uint64_t block);
  Fiber* next_fiber();
  int take_ready();
  Fiber* idle_fiber();
  void drop_fibers();
  static void fiber_entry(void* fiber);
  void run_threads(Fiber& fiber);
  void resume(Fiber& fiber);
  void suspend();
  void start_running(int thread);
  void finish(int thread);
  void make_ready(int thread);
  unsigned draw();

  void release_barrier();
  Gathering& gathering_for(int warp, WarpOperation operation, unsigned mask, Where where);
  void complete(int warp, Gathering& gathering);
  std::uint64_t lane_result(int warp, const Gathering& gathering, int lane, std::uint64_t combined);
  unsigned existing_lanes(int warp) const;

  std::string name_of(int thread) const;
  std::string describe_waiting() const;
  void report_end() const;

  Launch launch_;
  std::uint64_t launches_ = 0;
  std::uint64_t random_ = 1;
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  Barrier barrier_;
  std::vector<int> start_order_;
  std::size_t next_start_ = 0;
  std::vector<int> ready_;
  std::size_t ready_head_ = 0;
  int done_ = 0;
  bool dead_ = false;
  Fault fault_;

  Coroutine main_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
  Fiber* running_ = nullptr;        ///< null: the host
  volatile bool in_engine_ = true;  ///< read by the watchdog's signal handler
  int last_thread_ = 0;             ///< that ran
};

Scheduler& scheduler();

/// Around what a kernel calls of the engine: its accesses are not the kernel's, and it is not interrupted.
class EngineScope {
 public:
  EngineScope();
  ~EngineScope();
  EngineScope(const EngineScope&) = delete;
  EngineScope& operator=(const EngineScope&) = delete;

 private:
  int outer_;
};

}  // namespace forja::emulation
