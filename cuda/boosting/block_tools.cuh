#pragma once

#include <cstdint>

#include "boosting/boosting_view.h"
#include "runtime/portability.h"

/// What the kernels of gradient boosting share.
namespace forja::cuda {

inline constexpr unsigned kAllLanes = 0xFFFFFFFFU;
/// Threads of most blocks; also how many rows make a chunk of the losses.
inline constexpr int kBoostThreads = 256;
inline constexpr int kBoostWarps = kBoostThreads / kWarp;
/// Rows of a block that goes over rows of nodes.
inline constexpr int kPieceRows = 2048;
inline constexpr int kWordsPerPiece = kPieceRows / kWarp;

inline std::int64_t pieces_of(std::int64_t rows) { return (rows + kPieceRows - 1) / kPieceRows; }
inline std::int64_t boost_blocks(std::int64_t threads) { return (threads + kBoostThreads - 1) / kBoostThreads; }

/// Of tasks with places from `member` on, ascending and the first 0, the last that begins at or before `place`.
template <class Task>
__device__ std::int64_t task_at(const Task* tasks, std::int64_t count, std::int64_t Task::*member, std::int64_t place) {
  std::int64_t first = 0;
  std::int64_t last = count - 1;
  while (first < last) {
    const std::int64_t middle = (first + last + 1) / 2;
    if (tasks[middle].*member <= place) {
      first = middle;
    } else {
      last = middle - 1;
    }
  }
  return first;
}

/// Whether a bin is among those of a mask in memory.
__device__ inline bool contains(const BinMask& mask, unsigned bin) {
  return ((mask.words[bin >> 6] >> (bin & 63U)) & 1U) != 0;
}

/// Adds 64 bits to a sum in shared memory that lies in two halves. Shared memory adds 32 bits at once; 64 would be a
/// loop of compare and swap.
__device__ inline void add_in_halves(unsigned* low, unsigned* high, std::uint64_t value) {
  const auto value_low = static_cast<unsigned>(value);
  const unsigned before = atomicAdd(low, value_low);
  const unsigned carry = before + value_low < value_low ? 1U : 0U;
  const unsigned value_high = static_cast<unsigned>(value >> 32) + carry;
  if (value_high != 0) atomicAdd(high, value_high);
}

__device__ inline std::uint64_t from_halves(unsigned low, unsigned high) {
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

/// The sum over a warp's lanes, the same in all.
__device__ inline std::int64_t warp_total(std::int64_t value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

}  // namespace forja::cuda
