#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../engine/scheduler.h"
#include "../engine/state.h"
#include "../engine/streams.h"
#include "internal.h"

/// Which accesses are ordered. Within a block: by barriers, and within a warp by __syncwarp; shuffles and votes order
/// nothing. Between blocks of a launch: by "fence, then atomic" on one side and an atomic on the same address on the
/// other. Between launches and copies: by streams, events and the host's waiting.
namespace forja::emulation::shadow {

namespace {

constexpr std::size_t kMostThreads = 1024;
constexpr std::uint16_t kNoThread = 0xFFFF;
constexpr std::uint32_t kNever = 0xFFFFFFFF;

/// What a thread has made visible by an atomic after a fence.
struct Release {
  std::uint32_t fence_epoch = 0;                                 ///< of the releasing thread's last fence
  std::uint32_t warp_epoch = 0;                                  ///< at that fence
  std::uint32_t atomic_epoch = 0;                                ///< of the atomic
  std::shared_ptr<const std::vector<std::uint32_t>> all_fences;  ///< last fence of every thread of the block
};
using BlockThread = std::pair<std::uint32_t, std::uint16_t>;
using Releases = std::map<BlockThread, Release>;

/// What the running block has seen of others, and who of it from when on.
struct Acquired {
  Release release;
  std::uint16_t by_thread = 0;
  std::uint32_t from_epoch = 0;
};

struct Running {
  std::uint32_t operation = 0;
  std::uint32_t first_unordered = 0;
  std::uint32_t block = 0;
  std::uint32_t block_epoch = 0;
  std::vector<std::uint32_t> warp_epochs = std::vector<std::uint32_t>(kMostThreads);
  std::vector<std::uint32_t> fence_epochs = std::vector<std::uint32_t>(kMostThreads, kNever);
  std::vector<std::uint32_t> fence_warp_epochs = std::vector<std::uint32_t>(kMostThreads);
  std::unordered_map<std::uintptr_t, Releases> released;
  std::multimap<BlockThread, Acquired> acquired;
  int thread = 0;
};

Running& running() {
  static Running running;
  return running;
}

bool covers(const Release& release, BlockThread releaser, const Access& old) {
  if (old.thread == releaser.second) return true;
  if (old.block_epoch < release.fence_epoch) return true;
  const bool same_warp = old.thread / 32 == releaser.second / 32;
  if (same_warp && old.block_epoch == release.fence_epoch && old.warp_epoch < release.warp_epoch) return true;
  const std::uint32_t own_fence = (*release.all_fences)[old.thread];
  return own_fence != kNever && own_fence >= old.block_epoch && old.block_epoch < release.atomic_epoch;
}

bool seen_by_acquire(const Access& old, const Access& now) {
  const auto& acquired = running().acquired;
  auto it = acquired.lower_bound({old.block, 0});
  for (; it != acquired.end() && it->first.first == old.block; ++it) {
    const Acquired& a = it->second;
    const bool reaches_me = now.thread == a.by_thread || now.block_epoch > a.from_epoch;
    if (reaches_me && covers(a.release, it->first, old)) return true;
  }
  return false;
}

/// Whether both may happen at once on a GPU.
bool unordered(const Access& old, const Access& now, bool shared) {
  if (old.operation == 0 || (old.bytes & now.bytes) == 0 || (old.atomic && now.atomic)) return false;
  if (old.operation != now.operation) {
    return !shared && old.operation >= running().first_unordered && !before_running(old.operation);
  }
  if (old.block == now.block) {
    if (old.thread == now.thread || old.block_epoch != now.block_epoch) return false;
    return old.thread / 32 != now.thread / 32 || old.warp_epoch >= now.warp_epoch;
  }
  return !shared && !seen_by_acquire(old, now);
}

std::string name_of(const Access& access) {
  const std::string operation = "operation " + std::to_string(access.operation);
  if (access.thread == kNoThread) return "a copy, fill or library call, " + operation;
  return "thread " + std::to_string(access.thread) + " of block " + std::to_string(access.block) + " of " + operation +
         " at " + source_line(access.code);
}

void report_race(const char* what, const Reach& reach, const Access& old) {
  if (already_reported("race", reach.code)) return;
  report_access("race", reach, std::string(what) + ", unordered with " + name_of(old));
}

/// The new record of an access by the same thread as the old one keeps the bytes of both.
void merge(Access& into, const Access& now) {
  const bool same = into.operation == now.operation && into.block == now.block && into.thread == now.thread &&
                    into.block_epoch == now.block_epoch && into.warp_epoch == now.warp_epoch &&
                    into.atomic == now.atomic;
  const std::uint8_t bytes = same ? into.bytes : 0;
  into = now;
  into.bytes |= bytes;
}

// Two readers are kept: a thread's own one is renewed, and what the new one is ordered after is not needed any more.
void note_read(Cell& cell, const Access& now, bool shared) {
  Access& first = cell.read;
  const bool own = first.operation == now.operation && first.block == now.block && first.thread == now.thread;
  const bool stale = (shared && first.block != now.block) || first.operation != now.operation ||
                     (first.block == now.block && first.block_epoch != now.block_epoch);
  if (own || (stale && !unordered(first, now, shared))) {
    merge(first, now);
  } else {
    merge(cell.other_read, now);
  }
}

void check_cell(Cell& cell, const Access& now, const Reach& reach, bool shared) {
  if (unordered(cell.write, now, shared)) {
    report_race(reach.write ? "write after write" : "read after write", reach, cell.write);
  }
  if (!reach.write) {
    note_read(cell, now, shared);
    return;
  }
  if (unordered(cell.read, now, shared)) {
    report_race("write after read", reach, cell.read);
  } else if (unordered(cell.other_read, now, shared)) {
    report_race("write after read", reach, cell.other_read);
  }
  merge(cell.write, now);
}

/// Calls visit(cell, its bytes) for every four bytes that the access reaches.
template <class Visit>
void for_each_cell(std::size_t offset, std::size_t bytes, Visit visit) {
  for (std::size_t word = offset & ~std::size_t{3}; word < offset + bytes; word += 4) {
    const std::size_t from = std::max(offset, word) - word;
    const std::size_t to = std::min(offset + bytes, word + 4) - word;
    visit(arena().cells[word / 4], static_cast<std::uint8_t>(((1U << (to - from)) - 1) << from));
  }
}

void acquire_and_release(const void* address) {
  Running& r = running();
  const auto thread = static_cast<std::uint16_t>(r.thread);
  Releases& releases = r.released[reinterpret_cast<std::uintptr_t>(address)];
  for (const auto& [who, release] : releases) {
    if (who.first != r.block) r.acquired.insert({who, {release, thread, r.block_epoch}});
  }
  if (r.fence_epochs[thread] == kNever) return;
  releases[{r.block, thread}] = {r.fence_epochs[thread], r.fence_warp_epochs[thread], r.block_epoch,
                                 std::make_shared<std::vector<std::uint32_t>>(r.fence_epochs)};
  for (const auto& [who, acquired] : r.acquired) releases.insert({who, acquired.release});
}

}  // namespace

void set_running(int thread, const char* stack, std::size_t stack_bytes) {
  running().thread = thread;
  set_running_stack(reinterpret_cast<std::uintptr_t>(stack), stack_bytes);
}

void begin_block(std::uint32_t block) {
  Running& r = running();
  if (r.operation != running_operation()) {
    r.operation = running_operation();
    r.first_unordered = first_unordered();
    r.released.clear();
  }
  r.block = block;
  r.block_epoch = 0;
  std::fill(r.warp_epochs.begin(), r.warp_epochs.end(), 0U);
  std::fill(r.fence_epochs.begin(), r.fence_epochs.end(), kNever);
  r.acquired.clear();
}

void block_synchronised() { ++running().block_epoch; }

void warp_synchronised(int warp, unsigned mask) {
  std::uint32_t* lanes = &running().warp_epochs[static_cast<std::size_t>(warp) * 32];
  std::uint32_t latest = 0;
  for (int lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1) != 0) latest = std::max(latest, lanes[lane]);
  }
  for (int lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1) != 0) lanes[lane] = latest + 1;
  }
}

void fence() {
  Running& r = running();
  if (accessor < 0) return;
  r.fence_epochs[r.thread] = r.block_epoch;
  r.fence_warp_epochs[r.thread] = r.warp_epochs[r.thread];
}

void atomic_access(const void* address, std::size_t bytes, const void* code) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (!arena().is_shared(arena().offset(at))) acquire_and_release(address);
  const int outer = std::exchange(accessor, running().thread);
  on_access({at, bytes, true, true, code});
  accessor = outer;
}

void check_order(const Reach& reach, std::size_t offset) {
  Running& r = running();
  Access now;
  if (reach.code == nullptr) {
    r.operation = running_operation();
    r.first_unordered = first_unordered();
    now.thread = kNoThread;
  } else {
    now.block = r.block;
    now.block_epoch = r.block_epoch;
    now.thread = static_cast<std::uint16_t>(r.thread);
    now.warp_epoch = r.warp_epochs[now.thread];
    now.code = code_offset(reach.code);
    now.atomic = reach.atomic;
  }
  now.operation = r.operation;
  const bool shared = arena().is_shared(offset);
  for_each_cell(offset, reach.bytes, [&](Cell& cell, std::uint8_t bytes) {
    now.bytes = bytes;
    check_cell(cell, now, reach, shared);
  });
}

void check_host_order(const Reach& reach, std::size_t offset) {
  const std::lock_guard lock(big_lock());
  for_each_cell(offset, reach.bytes, [&](Cell& cell, std::uint8_t bytes) {
    const auto open = [bytes](const Access& old) {
      return old.operation != 0 && (old.bytes & bytes) != 0 && !before_host(old.operation);
    };
    if (open(cell.write)) report_race("touched by the host before it waited", reach, cell.write);
    if (reach.write && open(cell.read)) report_race("changed by the host before it waited", reach, cell.read);
  });
}

}  // namespace forja::emulation::shadow
