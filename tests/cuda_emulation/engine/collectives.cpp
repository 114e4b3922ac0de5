#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "../shadow/shadow.h"
#include "scheduler.h"
#include "state.h"

/// Barriers and warp operations: where threads of a block meet.
namespace forja::emulation {

namespace {

bool same_line(Where a, Where b) { return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0); }

std::uint64_t word(int value) { return static_cast<std::uint32_t>(value); }

/// The combination of two lanes' values; reductions are of 32 bits.
std::uint64_t combine(WarpOperation operation, std::uint64_t a, std::uint64_t b) {
  const auto unsigned_a = static_cast<std::uint32_t>(a);
  const auto unsigned_b = static_cast<std::uint32_t>(b);
  const auto signed_a = static_cast<std::int32_t>(unsigned_a);
  const auto signed_b = static_cast<std::int32_t>(unsigned_b);
  switch (operation) {
    case WarpOperation::kAll:
      return a & b;
    case WarpOperation::kBallot:
    case WarpOperation::kAny:
    case WarpOperation::kOr:
      return a | b;
    case WarpOperation::kAnd:
      return unsigned_a & unsigned_b;
    case WarpOperation::kXor:
      return unsigned_a ^ unsigned_b;
    case WarpOperation::kAddSigned:
    case WarpOperation::kAddUnsigned:
      return unsigned_a + unsigned_b;
    case WarpOperation::kMinSigned:
      return word(std::min(signed_a, signed_b));
    case WarpOperation::kMaxSigned:
      return word(std::max(signed_a, signed_b));
    case WarpOperation::kMinUnsigned:
      return std::min(unsigned_a, unsigned_b);
    case WarpOperation::kMaxUnsigned:
      return std::max(unsigned_a, unsigned_b);
    default:
      return 0;
  }
}

bool is_shuffle(WarpOperation operation) {
  return operation == WarpOperation::kShuffle || operation == WarpOperation::kShuffleUp ||
         operation == WarpOperation::kShuffleDown || operation == WarpOperation::kShuffleXor;
}

/// The lane from which a shuffle takes its value.
int source_lane(WarpOperation operation, int lane, LaneInput input) {
  const int first = lane & ~(input.width - 1);
  const int past = first + input.width;
  switch (operation) {
    case WarpOperation::kShuffle:
      return first + (input.argument & (input.width - 1));
    case WarpOperation::kShuffleUp:
      return lane - input.argument < first ? lane : lane - input.argument;
    case WarpOperation::kShuffleDown:
      return lane + input.argument >= past ? lane : lane + input.argument;
    default:
      return (lane ^ input.argument) >= past ? lane : lane ^ input.argument;
  }
}

[[noreturn]] void called_on_host(Where where) {
  report("device-call-on-host", emulation::text_of(where));
  std::abort();
}

}  // namespace

int block_barrier(BarrierKind kind, int predicate, Where where) {
  const EngineScope scope;
  if (!scheduler().in_kernel()) called_on_host(where);
  return scheduler().barrier(kind, predicate, where);
}

std::uint64_t warp_operation(WarpOperation operation, unsigned mask, LaneInput input, Where where) {
  const EngineScope scope;
  if (!scheduler().in_kernel()) called_on_host(where);
  return scheduler().warp_operation(operation, mask, input, where);
}

void memory_fence() { shadow::fence(); }

void before_atomic(const void* address, std::size_t bytes, const void* code, Where where) {
  const EngineScope scope;
  if (reinterpret_cast<std::uintptr_t>(address) % bytes != 0) scheduler().fault({"misaligned atomic", where});
  scheduler().may_yield();
  shadow::atomic_access(address, bytes, code);
}

void fault(const char* what, Where where) {
  const EngineScope scope;
  scheduler().fault({what, where});
}

int Scheduler::barrier(BarrierKind kind, int predicate, Where where) {
  const int t = running_->thread;
  threads_[t].where = where;
  if (barrier_.arrived == 0) {
    barrier_ = {0, kind, kind == BarrierKind::kAnd ? 1 : 0, where};
  } else if (kind != barrier_.kind || !same_line(where, barrier_.where)) {
    fault({"divergent barriers: other threads of the block wait at", where, barrier_.where});
  }
  if (done_ > 0) fault({"threads of the block have returned before this barrier", where, {}, done_});
  const int yes = predicate != 0 ? 1 : 0;
  if (kind == BarrierKind::kCount) barrier_.value += yes;
  if (kind == BarrierKind::kAnd) barrier_.value &= yes;
  if (kind == BarrierKind::kOr) barrier_.value |= yes;
  ++barrier_.arrived;
  threads_[t].state = ThreadState::kAtBarrier;
  if (barrier_.arrived == static_cast<int>(threads_.size())) release_barrier();
  suspend();
  return static_cast<int>(threads_[t].result);
}

void Scheduler::release_barrier() {
  ++counters().barriers;
  shadow::block_synchronised();
  for (const int t : start_order_) {
    threads_[t].result = static_cast<std::uint64_t>(barrier_.value);
    make_ready(t);
  }
  barrier_ = {};
}

unsigned Scheduler::existing_lanes(int warp) const {
  const int rest = static_cast<int>(threads_.size()) - warp * 32;
  return rest >= 32 ? ~0U : (1U << rest) - 1;
}

std::uint64_t Scheduler::warp_operation(WarpOperation operation, unsigned mask, LaneInput input, Where where) {
  const int t = running_->thread;
  const int warp = t / 32;
  const unsigned bit = 1U << (t % 32);
  threads_[t].where = where;
  threads_[t].input = input;
  if (input.width < 1 || input.width > 32 || !std::has_single_bit(static_cast<unsigned>(input.width))) {
    fault({"the width of a shuffle is no power of two up to 32", where});
  }
  if ((mask & bit) == 0) fault({"the calling lane is not in the mask", where});
  if ((mask & ~existing_lanes(warp)) != 0) fault({"the mask has lanes that the block does not have", where});
  if ((mask & ~warps_[warp].alive) != 0) fault({"the mask has lanes that have returned", where});
  Gathering& gathering = gathering_for(warp, operation, mask, where);
  gathering.arrived |= bit;
  if (gathering.arrived == mask) {
    complete(warp, gathering);
  } else {
    threads_[t].state = ThreadState::kInWarpOperation;
    suspend();
  }
  return threads_[t].result;
}

Gathering& Scheduler::gathering_for(int warp, WarpOperation operation, unsigned mask, Where where) {
  Warp& w = warps_[warp];
  for (unsigned rest = w.used; rest != 0; rest &= rest - 1) {
    Gathering& known = w.gatherings[std::countr_zero(rest)];
    const bool same_place = operation == WarpOperation::kSync || same_line(known.where, where);
    if (known.mask == mask && known.operation == operation && same_place) return known;
  }
  const int free = std::countr_one(w.used);
  w.used |= 1U << free;
  w.gatherings[free] = {mask, 0, operation, where};
  return w.gatherings[free];
}

void Scheduler::complete(int warp, Gathering& gathering) {
  ++counters().warp_operations;
  const WarpOperation operation = gathering.operation;
  std::uint64_t combined = 0;
  for (unsigned rest = gathering.mask; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    std::uint64_t value = threads_[warp * 32 + lane].input.value;
    if (operation == WarpOperation::kBallot) value <<= lane;
    combined = rest == gathering.mask ? value : combine(operation, combined, value);
  }
  for (unsigned rest = gathering.mask; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    threads_[warp * 32 + lane].result = lane_result(warp, gathering, lane, combined);
  }
  if (operation == WarpOperation::kSync) shadow::warp_synchronised(warp, gathering.mask);
  warps_[warp].used &= ~(1U << (&gathering - warps_[warp].gatherings.data()));
  for (unsigned rest = gathering.mask; rest != 0; rest &= rest - 1) {
    const int t = warp * 32 + std::countr_zero(rest);
    if (threads_[t].state == ThreadState::kInWarpOperation) make_ready(t);
  }
}

std::uint64_t Scheduler::lane_result(int warp, const Gathering& gathering, int lane, std::uint64_t combined) {
  const Thread* lanes = &threads_[warp * 32];
  if (gathering.operation == WarpOperation::kMatchAny) {
    std::uint64_t equal = 0;
    for (int other = 0; other < 32; ++other) {
      const bool takes_part = (gathering.mask >> other & 1) != 0;
      if (takes_part && lanes[other].input.value == lanes[lane].input.value) equal |= std::uint64_t{1} << other;
    }
    return equal;
  }
  if (!is_shuffle(gathering.operation)) return combined;
  const int source = source_lane(gathering.operation, lane, lanes[lane].input);
  if ((gathering.mask >> source & 1) != 0) return lanes[source].input.value;
  report("shuffle-source", name_of(warp * 32 + lane) + ", " + emulation::text_of(lanes[lane].where) +
                               ": shuffles from lane " + std::to_string(source) + ", which does not take part");
  return 0xFFFFFFFFFFFFFFFFULL;
}

}  // namespace forja::emulation
