#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "../engine/state.h"
#include "internal.h"

/// The memory with a shadow, and what is known of each of its bytes.
namespace forja::emulation::shadow {

namespace {

constexpr std::size_t kGuard = 256;
constexpr std::size_t kAlignment = 256;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kSharedBytes = std::size_t{1} << 20;

void* reserve(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

// Gives whole pages back, which then read as zeros, and sets the rest to zero.
void zero(void* memory, std::size_t bytes) {
  auto* const from = static_cast<char*>(memory);
  const std::size_t head = std::min(bytes, (kPage - reinterpret_cast<std::uintptr_t>(from) % kPage) % kPage);
  const std::size_t pages = (bytes - head) / kPage * kPage;
  std::memset(from, 0, head);
  if (pages > 0) madvise(from + head, pages, MADV_DONTNEED);
  std::memset(from + head + pages, 0, bytes - head - pages);
}

void forget(Arena& a, std::size_t from, std::size_t bytes) {
  zero(a.memory + from, bytes);
  zero(a.cells + from / 4, (bytes + 3) / 4 * sizeof(Cell));
}

void start_over(Arena& a) {
  const std::size_t from = a.shared_end + kGuard;
  forget(a, from, a.used - from);
  zero(a.state + from, a.used - from);
  a.used = from;
}

Arena make_arena() {
  Arena a;
  a.memory = static_cast<char*>(reserve(kArenaBytes));
  a.state = static_cast<std::uint8_t*>(reserve(kArenaBytes));
  a.cells = static_cast<Cell*>(reserve(kArenaBytes / 4 * sizeof(Cell)));
  a.shared_begin = kGuard;
  a.shared_end = kGuard + kSharedBytes;
  a.used = a.shared_end + kGuard;
  return a;
}

void mark(const void* memory, std::size_t bytes, std::uint8_t state) {
  std::memset(arena().state + arena().offset(reinterpret_cast<std::uintptr_t>(memory)), state, bytes);
}

}  // namespace

Arena& arena() {
  static Arena arena = make_arena();
  return arena;
}

void reset() {
  forget_reported();
  const int outer = enter_engine();
  Arena& a = arena();
  if (a.live == 0) start_over(a);
  leave_engine(outer);
}

void* allocate(std::size_t bytes, bool pinned) {
  Arena& a = arena();
  const std::size_t room = (bytes + kGuard + kAlignment - 1) / kAlignment * kAlignment;
  if (a.live == 0 && (bytes > kArenaBytes || room > kArenaBytes - a.used)) start_over(a);
  if (bytes > kArenaBytes || room > kArenaBytes - a.used) return nullptr;
  char* memory = a.memory + a.used;
  a.used += room;
  ++a.live;
  // The host may fill page-locked memory from code without hooks.
  mark(memory, bytes, pinned ? kAlive | kHostMay | kWritten : kAlive);
  return memory;
}

void release(void* memory, std::size_t bytes) {
  Arena& a = arena();
  --a.live;
  mark(memory, bytes, kFreed);
  forget(a, a.offset(reinterpret_cast<std::uintptr_t>(memory)), bytes);
}

char* shared_region(std::size_t bytes) {
  if (bytes > kSharedBytes) throw std::bad_alloc();
  return arena().memory + arena().shared_begin;
}

void fresh_shared(void* memory, std::size_t bytes) { mark(memory, bytes, kAlive); }

void dead_shared(void* memory, std::size_t bytes) { mark(memory, bytes, 0); }

void written(void* memory, std::size_t bytes) { copied(memory, nullptr, bytes); }

void read(const void* memory, std::size_t bytes, const std::string& what) {
  Arena& a = arena();
  const std::size_t at = a.offset(reinterpret_cast<std::uintptr_t>(memory));
  if (at >= kArenaBytes) return;
  check_order({reinterpret_cast<std::uintptr_t>(memory), bytes, false, false, nullptr}, at);
  const std::uint8_t* begin = a.state + at;
  const std::uint8_t* end = begin + bytes;
  const std::uint8_t* first = std::find_if(begin, end, [](std::uint8_t s) { return (s & kWritten) == 0; });
  if (first == end) return;
  report("uninitialised",
         what + ": byte " + std::to_string(first - begin) + " of " + std::to_string(bytes) + " was never written");
}

void copied(void* to, const void* from, std::size_t bytes) {
  Arena& a = arena();
  const std::size_t to_at = a.offset(reinterpret_cast<std::uintptr_t>(to));
  const std::size_t from_at = a.offset(reinterpret_cast<std::uintptr_t>(from));
  const bool to_here = to_at < kArenaBytes;
  const bool from_here = from != nullptr && from_at < kArenaBytes;
  const bool to_host = !to_here || (a.state[to_at] & kHostMay) != 0;
  if (from_here) {
    check_order({reinterpret_cast<std::uintptr_t>(from), bytes, false, false, nullptr}, from_at);
    const std::uint8_t* begin = a.state + from_at;
    const std::uint8_t* end = begin + bytes;
    const std::uint8_t* first = std::find_if(begin, end, [](std::uint8_t s) { return (s & kWritten) == 0; });
    if (to_host && first != end) {
      report("uninitialised", "a copy to the host of " + std::to_string(bytes) + " bytes: byte " +
                                  std::to_string(first - begin) + " was never written");
    }
  }
  if (!to_here) return;
  check_order({reinterpret_cast<std::uintptr_t>(to), bytes, true, false, nullptr}, to_at);
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::uint8_t known = from_here && !to_host ? a.state[from_at + i] & kWritten : kWritten;
    a.state[to_at + i] = static_cast<std::uint8_t>((a.state[to_at + i] & ~kWritten) | known);
  }
}

}  // namespace forja::emulation::shadow
