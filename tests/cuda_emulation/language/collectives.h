#pragma once

#include <cstdint>
#include <cstring>

#include "location.h"

namespace forja::emulation {

enum class BarrierKind : std::uint8_t { kPlain, kCount, kAnd, kOr };

enum class WarpOperation : std::uint8_t {
  kSync,
  kShuffle,
  kShuffleUp,
  kShuffleDown,
  kShuffleXor,
  kBallot,
  kAll,
  kAny,
  kMatchAny,
  kAddSigned,
  kAddUnsigned,
  kMinSigned,
  kMinUnsigned,
  kMaxSigned,
  kMaxUnsigned,
  kAnd,
  kOr,
  kXor,
};

/// What one lane brings to a warp operation.
struct LaneInput {
  std::uint64_t value = 0;
  int argument = 0;
  int width = 32;
};

FORJA_EMULATION_HIDDEN int block_barrier(BarrierKind kind, int predicate, Where where);
FORJA_EMULATION_HIDDEN std::uint64_t warp_operation(WarpOperation operation, unsigned mask, LaneInput input,
                                                    Where where);
FORJA_EMULATION_HIDDEN void memory_fence();
[[noreturn]] FORJA_EMULATION_HIDDEN void fault(const char* what, Where where);

template <class T>
FORJA_EMULATION_GLUE std::uint64_t to_word(T value) {
  static_assert(sizeof(T) <= sizeof(std::uint64_t), "a lane passes at most 8 bytes");
  std::uint64_t word = 0;
  std::memcpy(&word, &value, sizeof value);
  return word;
}

template <class T>
FORJA_EMULATION_GLUE T from_word(std::uint64_t word) {
  T value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

template <class T>
T shuffle(WarpOperation operation, unsigned mask, T value, int argument, int width, Where where) {
  return from_word<T>(warp_operation(operation, mask, {to_word(value), argument, width}, where));
}

template <class T>
T reduce(WarpOperation operation, unsigned mask, T value, Where where) {
  return from_word<T>(warp_operation(operation, mask, {to_word(value)}, where));
}

}  // namespace forja::emulation

inline void __syncthreads(forja::emulation::Where where = forja::emulation::here()) {
  forja::emulation::block_barrier(forja::emulation::BarrierKind::kPlain, 0, where);
}
inline int __syncthreads_count(int predicate, forja::emulation::Where where = forja::emulation::here()) {
  return forja::emulation::block_barrier(forja::emulation::BarrierKind::kCount, predicate, where);
}
inline int __syncthreads_and(int predicate, forja::emulation::Where where = forja::emulation::here()) {
  return forja::emulation::block_barrier(forja::emulation::BarrierKind::kAnd, predicate, where);
}
inline int __syncthreads_or(int predicate, forja::emulation::Where where = forja::emulation::here()) {
  return forja::emulation::block_barrier(forja::emulation::BarrierKind::kOr, predicate, where);
}

inline void __syncwarp(unsigned mask = 0xffffffffU, forja::emulation::Where where = forja::emulation::here()) {
  forja::emulation::warp_operation(forja::emulation::WarpOperation::kSync, mask, {}, where);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32,
              forja::emulation::Where where = forja::emulation::here()) {
  return forja::emulation::shuffle(forja::emulation::WarpOperation::kShuffle, mask, value, lane, width, where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 forja::emulation::Where where = forja::emulation::here()) {
  return forja::emulation::shuffle(forja::emulation::WarpOperation::kShuffleUp, mask, value, static_cast<int>(delta),
                                   width, where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   forja::emulation::Where where = forja::emulation::here()) {
  return forja::emulation::shuffle(forja::emulation::WarpOperation::kShuffleDown, mask, value, static_cast<int>(delta),
                                   width, where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32,
                  forja::emulation::Where where = forja::emulation::here()) {
  return forja::emulation::shuffle(forja::emulation::WarpOperation::kShuffleXor, mask, value, lanes, width, where);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, forja::emulation::Where where = forja::emulation::here()) {
  return static_cast<unsigned>(
      forja::emulation::reduce<std::uint64_t>(forja::emulation::WarpOperation::kBallot, mask, predicate != 0, where));
}
inline int __all_sync(unsigned mask, int predicate, forja::emulation::Where where = forja::emulation::here()) {
  return static_cast<int>(
      forja::emulation::reduce<std::uint64_t>(forja::emulation::WarpOperation::kAll, mask, predicate != 0, where));
}
inline int __any_sync(unsigned mask, int predicate, forja::emulation::Where where = forja::emulation::here()) {
  return static_cast<int>(
      forja::emulation::reduce<std::uint64_t>(forja::emulation::WarpOperation::kAny, mask, predicate != 0, where));
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, forja::emulation::Where where = forja::emulation::here()) {
  return static_cast<unsigned>(forja::emulation::warp_operation(forja::emulation::WarpOperation::kMatchAny, mask,
                                                                {forja::emulation::to_word(value)}, where));
}

#define FORJA_EMULATION_REDUCE(function, T, operation)                                                  \
  inline T function(unsigned mask, T value, forja::emulation::Where where = forja::emulation::here()) { \
    return forja::emulation::reduce<T>(forja::emulation::WarpOperation::operation, mask, value, where); \
  }
FORJA_EMULATION_REDUCE(__reduce_add_sync, int, kAddSigned)
FORJA_EMULATION_REDUCE(__reduce_add_sync, unsigned, kAddUnsigned)
FORJA_EMULATION_REDUCE(__reduce_min_sync, int, kMinSigned)
FORJA_EMULATION_REDUCE(__reduce_min_sync, unsigned, kMinUnsigned)
FORJA_EMULATION_REDUCE(__reduce_max_sync, int, kMaxSigned)
FORJA_EMULATION_REDUCE(__reduce_max_sync, unsigned, kMaxUnsigned)
FORJA_EMULATION_REDUCE(__reduce_and_sync, unsigned, kAnd)
FORJA_EMULATION_REDUCE(__reduce_or_sync, unsigned, kOr)
FORJA_EMULATION_REDUCE(__reduce_xor_sync, unsigned, kXor)
#undef FORJA_EMULATION_REDUCE

inline void __threadfence() { forja::emulation::memory_fence(); }
inline void __threadfence_block() {}

[[noreturn]] inline void __trap(forja::emulation::Where where = forja::emulation::here()) {
  forja::emulation::fault("__trap", where);
}
