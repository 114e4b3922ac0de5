#include "shared.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "../shadow/shadow.h"
#include "sanitizers.h"
#include "scheduler.h"
#include "state.h"

namespace forja::emulation {

namespace {

constexpr std::size_t kCapacity = std::size_t{1} << 20;
constexpr std::size_t kBetween = 64;
constexpr std::size_t kGranularity = 16;

struct Piece {
  std::size_t offset;
  std::size_t bytes;
};

struct BlockShared {
  char* memory = nullptr;
  std::uint64_t launch = 0;
  std::size_t used = 0;
  std::size_t dynamic_bytes = 0;
  std::size_t static_bytes = 0;
  std::size_t limit = 0;
  std::vector<Piece> pieces;
};

BlockShared& state() {
  static BlockShared shared;
  return shared;
}

std::unordered_map<const void*, std::size_t>& seen_static() {
  static std::unordered_map<const void*, std::size_t> bytes;
  return bytes;
}

// Nothing may rely on what was there before.
void make_fresh(Piece piece) {
  BlockShared& s = state();
  std::memset(s.memory + piece.offset, 0xFF, piece.bytes);
  shadow::fresh_shared(s.memory + piece.offset, piece.bytes);
}

void add_piece(Piece piece) {
  BlockShared& s = state();
  FORJA_EMULATION_UNPOISON(s.memory + piece.offset, piece.bytes);
  s.pieces.push_back(piece);
  s.used = piece.offset + piece.bytes;
  make_fresh(piece);
}

std::size_t up_to(std::size_t value, std::size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

void begin_shared(const Launch& launch, std::uint64_t number) {
  BlockShared& s = state();
  if (s.memory == nullptr) s.memory = shadow::shared_region(kCapacity);
  s.launch = number;
  s.used = 0;
  s.dynamic_bytes = launch.shared_bytes;
  s.static_bytes = 0;
  s.limit = launch.shared_limit;
  s.pieces.clear();
  shadow::dead_shared(s.memory, kCapacity);
  FORJA_EMULATION_POISON(s.memory, kCapacity);
  if (launch.shared_bytes > 0) add_piece({0, launch.shared_bytes});
}

void begin_block_shared() {
  for (const Piece piece : state().pieces) make_fresh(piece);
}

void end_shared(const Launch& launch) {
  BlockShared& s = state();
  std::size_t& seen = seen_static()[launch.kernel];
  seen = std::max(seen, s.static_bytes);
}

std::size_t static_shared_bytes(const void* kernel) {
  const auto found = seen_static().find(kernel);
  return found == seen_static().end() ? 0 : found->second;
}

void* static_shared_memory(SharedSlot& slot, std::size_t bytes, std::size_t alignment, Where where) {
  const EngineScope scope;
  BlockShared& s = state();
  if (slot.launch == s.launch) return s.memory + slot.offset;
  const std::size_t offset = up_to(s.used + kBetween, std::max(alignment, kGranularity));
  s.static_bytes += up_to(bytes, kGranularity);
  if (offset + bytes > kCapacity) scheduler().fault({"static shared memory without end", where});
  if (s.static_bytes > kSharedDefault || s.static_bytes + s.dynamic_bytes > s.limit) {
    report("shared-size", text_of(where) + ": " + std::to_string(s.static_bytes) + " bytes of static and " +
                              std::to_string(s.dynamic_bytes) + " of dynamic shared memory, but a block may have " +
                              std::to_string(kSharedDefault) + " static and " + std::to_string(s.limit) + " in all");
  }
  slot = {s.launch, offset};
  add_piece({offset, bytes});
  return s.memory + offset;
}

void* dynamic_shared_memory(std::size_t alignment, Where where) {
  const EngineScope scope;
  if (alignment > kGranularity) scheduler().fault({"dynamic shared memory is aligned to 16 bytes only", where});
  return state().memory;
}

}  // namespace forja::emulation
