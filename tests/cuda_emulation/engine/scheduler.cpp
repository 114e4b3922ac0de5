#include "scheduler.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "../shadow/shadow.h"
#include "shared.h"
#include "state.h"
#include "watchdog.h"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace forja::emulation {

namespace {

uint3 unfold(std::uint64_t i, dim3 shape) {
  return {static_cast<unsigned>(i % shape.x), static_cast<unsigned>(i / shape.x % shape.y),
          static_cast<unsigned>(i / (std::uint64_t{shape.x} * shape.y))};
}

std::string text_of(uint3 index) {
  char text[48];
  std::snprintf(text, sizeof text, "(%u,%u,%u)", index.x, index.y, index.z);
  return text;
}

}  // namespace

Scheduler& scheduler() {
  static Scheduler scheduler;
  return scheduler;
}

EngineScope::EngineScope() : outer_(shadow::enter_engine()) { scheduler().set_in_engine(true); }

EngineScope::~EngineScope() {
  shadow::leave_engine(outer_);
  if (!scheduler().in_kernel()) return;
  if (Watchdog::fired()) scheduler().abandon();
  scheduler().set_in_engine(false);
}

unsigned Scheduler::draw() {
  random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
  return static_cast<unsigned>(random_ >> 33);
}

bool Scheduler::run(const Launch& launch) {
  launch_ = launch;
  shadow::set_arguments(launch_.call->arguments(), launch_.call->argument_bytes());
  ++launches_;
  ++counters().launches;
  random_ = settings().seed * 0x9E3779B97F4A7C15ULL + launches_;
  const int n = static_cast<int>(launch.block.x * launch.block.y * launch.block.z);
  const std::uint64_t blocks = std::uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  threads_.resize(static_cast<std::size_t>(n));
  warps_.resize(static_cast<std::size_t>(n + 31) / 32);
  for (int t = 0; t < n; ++t) threads_[t].index = unfold(static_cast<std::uint64_t>(t), launch.block);
  start_order_.resize(static_cast<std::size_t>(n));
  std::iota(start_order_.begin(), start_order_.end(), 0);
  const Order order = settings().order;
  if (order == Order::kReverse) std::reverse(start_order_.begin(), start_order_.end());
  std::vector<std::uint64_t> shuffled;
  if (order == Order::kRandom) {
    shuffled.resize(blocks);
    std::iota(shuffled.begin(), shuffled.end(), std::uint64_t{0});
    for (std::uint64_t i = blocks - 1; i > 0; --i) std::swap(shuffled[i], shuffled[draw() % (i + 1)]);
  }
  blockDim = launch.block;
  gridDim = launch.grid;
  begin_shared(launch, launches_);
  const Watchdog watchdog(settings().watchdog_seconds);
  bool fine = true;
  for (std::uint64_t b = 0; b < blocks && fine; ++b) {
    fine = run_block(order == Order::kForward ? b : order == Order::kReverse ? blocks - 1 - b : shuffled[b]);
  }
  end_shared(launch);
  shadow::set_accessor(shadow::kEngine);
  return fine;
}

void Scheduler::begin_block(std::uint64_t block) {
  const int n = static_cast<int>(threads_.size());
  blockIdx = unfold(block, launch_.grid);
  barrier_ = {};
  done_ = 0;
  dead_ = false;
  fault_ = {};
  next_start_ = 0;
  ready_.clear();
  ready_head_ = 0;
  for (Thread& thread : threads_) thread.state = ThreadState::kNotStarted;
  for (int w = 0; w < static_cast<int>(warps_.size()); ++w) {
    warps_[w].used = 0;
    warps_[w].alive = existing_lanes(w);
  }
  if (settings().order == Order::kRandom) {
    for (int i = n - 1; i > 0; --i) std::swap(start_order_[i], start_order_[draw() % static_cast<unsigned>(i + 1)]);
  }
  begin_block_shared();
  shadow::begin_block(static_cast<std::uint32_t>(block));
  ++counters().blocks;
}

bool Scheduler::run_block(std::uint64_t block) {
  begin_block(block);
  const int n = static_cast<int>(threads_.size());
  while (done_ < n && !dead_) {
    Fiber* fiber = next_fiber();
    if (fiber == nullptr) {
      report("deadlock", "block " + text_of(blockIdx) + ": " + describe_waiting());
      dead_ = true;
    } else {
      resume(*fiber);
    }
  }
  if (!dead_) return true;
  report_end();
  drop_fibers();
  return false;
}

Fiber* Scheduler::next_fiber() {
  bool take = ready_head_ < ready_.size();
  const bool more = next_start_ < start_order_.size();
  if (take && more && settings().order == Order::kRandom && draw() % 4 == 0) take = false;
  if (take) return threads_[take_ready()].fiber;
  if (!more) return nullptr;
  Fiber* fiber = idle_fiber();
  fiber->thread = start_order_[next_start_++];
  threads_[fiber->thread].fiber = fiber;
  return fiber;
}

int Scheduler::take_ready() {
  int thread = 0;
  if (settings().order == Order::kReverse) {
    thread = ready_.back();
    ready_.pop_back();
  } else {
    if (settings().order == Order::kRandom) {
      std::swap(ready_[ready_head_], ready_[ready_head_ + draw() % (ready_.size() - ready_head_)]);
    }
    thread = ready_[ready_head_++];
  }
  if (ready_head_ == ready_.size()) {
    ready_.clear();
    ready_head_ = 0;
  }
  return thread;
}

Fiber* Scheduler::idle_fiber() {
  if (idle_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>());
    allocate_stack(fibers_.back()->coroutine);
    idle_.push_back(fibers_.back().get());
  }
  Fiber* fiber = idle_.back();
  idle_.pop_back();
  // Once for many threads: a sanitizer's state of a fiber is large.
  if (!fiber->prepared) prepare(fiber->coroutine, fiber_entry, fiber);
  fiber->prepared = true;
  return fiber;
}

// What the suspended threads of a block given up held on their stacks is gone; kernels hold nothing else.
void Scheduler::drop_fibers() {
  idle_.clear();
  for (auto& fiber : fibers_) {
    fiber->prepared = false;
    idle_.push_back(fiber.get());
  }
}

void Scheduler::fiber_entry(void* fiber) { scheduler().run_threads(*static_cast<Fiber*>(fiber)); }

void Scheduler::run_threads(Fiber& fiber) {
  arrive_from(main_);
  for (;;) {
    start_running(fiber.thread);
    shadow::set_accessor(fiber.thread);
    in_engine_ = false;
    launch_.call->run();
    in_engine_ = true;
    shadow::set_accessor(shadow::kEngine);
    finish(fiber.thread);
    if (ready_head_ < ready_.size() || next_start_ == start_order_.size()) {
      idle_.push_back(&fiber);
      switch_to(fiber.coroutine, main_);
    } else {
      fiber.thread = start_order_[next_start_++];
      threads_[fiber.thread].fiber = &fiber;
    }
  }
}

void Scheduler::resume(Fiber& fiber) {
  ++counters().switches;
  running_ = &fiber;
  switch_to(main_, fiber.coroutine);
  last_thread_ = running_->thread;
  running_ = nullptr;
  in_engine_ = true;
}

void Scheduler::suspend() {
  Fiber& fiber = *running_;
  switch_to(fiber.coroutine, main_);
  const int thread = fiber.thread;
  threadIdx = threads_[thread].index;
  threads_[thread].state = ThreadState::kRunning;
  shadow::set_running(thread, fiber.coroutine.stack, fiber.coroutine.stack_bytes);
}

void Scheduler::start_running(int thread) {
  threadIdx = threads_[thread].index;
  threads_[thread].state = ThreadState::kRunning;
  const Coroutine& coroutine = threads_[thread].fiber->coroutine;
  shadow::set_running(thread, coroutine.stack, coroutine.stack_bytes);
}

void Scheduler::finish(int thread) {
  threads_[thread].state = ThreadState::kDone;
  warps_[thread / 32].alive &= ~(1U << (thread % 32));
  ++done_;
  ++counters().threads;
}

void Scheduler::make_ready(int thread) {
  threads_[thread].state = ThreadState::kReady;
  ready_.push_back(thread);
}

void Scheduler::may_yield() {
  if (running_ == nullptr || settings().order != Order::kRandom || draw() % 8 != 0) return;
  make_ready(running_->thread);
  suspend();
}

void Scheduler::fault(const Fault& fault) {
  if (running_ == nullptr) std::abort();
  fault_ = fault;
  abandon();
}

void Scheduler::abandon() {
  dead_ = true;
  switch_to(running_->coroutine, main_, true);
  std::abort();
}

std::string Scheduler::name_of(int thread) const { return "thread " + text_of(threads_[thread].index); }

std::string Scheduler::position() const {
  if (running_ == nullptr) return "the host";
  return name_of(running_->thread) + " of block " + text_of(blockIdx);
}

void Scheduler::report_end() const {
  const std::string who = name_of(last_thread_) + " of block " + text_of(blockIdx);
  if (fault_.what != nullptr) {
    std::string text = who + ", " + emulation::text_of(fault_.where) + ": ";
    if (fault_.count >= 0) text.append(std::to_string(fault_.count)).append(" ");
    text.append(fault_.what);
    if (fault_.other.line != 0) text.append(" ").append(emulation::text_of(fault_.other));
    report("kernel-fault", text);
  } else if (Watchdog::fired()) {
    report("watchdog", who + " still ran after " + std::to_string(settings().watchdog_seconds) +
                           " s: it waits for what only a later block or the host can change");
  }
}

std::string Scheduler::describe_waiting() const {
  constexpr int kShown = 4;
  std::string text = std::to_string(done_) + " of " + std::to_string(threads_.size()) + " threads have returned";
  int waiting = 0;
  for (int t = 0; t < static_cast<int>(threads_.size()); ++t) {
    const Thread& thread = threads_[t];
    if (thread.state == ThreadState::kDone || waiting++ >= kShown) continue;
    const bool block_wide = thread.state == ThreadState::kAtBarrier;
    text += "; " + name_of(t) + (block_wide ? " waits for its block at " : " waits for its warp at ") +
            emulation::text_of(thread.where);
  }
  return waiting > kShown ? text + "; ..." : text;
}

}  // namespace forja::emulation
