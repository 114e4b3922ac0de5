#pragma once

#include <cstdint>

#include "boosting/block_tools.cuh"

/// Stable partition of the rows of many nodes at once: a bit for each row, counts of pieces, their prefix sums, rows to
/// their places. A block of each kernel takes a piece of kPieceRows rows.
namespace forja::cuda {

inline constexpr int kWordsPerWarp = kWordsPerPiece / kBoostWarps;

/// Puts down the bits of a warp's 32 rows and, in a lane of it, adds to its count.
__device__ inline void put_bits(bool yes, std::uint32_t* word, int& count) {
  const unsigned mask = __ballot_sync(kAllLanes, yes);
  if (threadIdx.x % kWarp == 0) *word = mask;
  count += __popc(mask);
}

/// The sum of the warps' counts to where the block's is wanted.
__device__ inline void put_count(int count, int (&slots)[kBoostWarps], std::int64_t* out) {
  if (threadIdx.x % kWarp == 0) slots[threadIdx.x / kWarp] = count;
  __syncthreads();
  if (threadIdx.x == 0) {
    std::int64_t all = 0;
    for (const int part : slots) all += part;
    *out = all;
  }
}

// Which rows take part in a round. Floor: what is there of 8 bytes of weight and 1 byte of held_out a row read, a bit
// written.
__global__ void __launch_bounds__(kBoostThreads)
    mark_taking_part(TargetsView targets, std::uint64_t bag_key, double subsample, std::uint32_t* bits,
                     std::int64_t* counts) {
  FORJA_SHARED(slots, int[kBoostWarps]);
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  int count = 0;
  for (int k = 0; k < kWordsPerWarp; ++k) {
    const std::int64_t word = std::int64_t{blockIdx.x} * kWordsPerPiece + warp * kWordsPerWarp + k;
    const std::int64_t i = word * kWarp + lane;
    const bool part = i < targets.n && (targets.weight == nullptr || targets.weight[i] != 0) &&
                      (targets.held_out == nullptr || targets.held_out[i] == 0) &&
                      (subsample >= 1 || formulas::in_bag(bag_key, i, subsample));
    put_bits(part, bits + word, count);
  }
  put_count(count, slots, counts + blockIdx.x);
}

// Which rows go left. Floor: 4 bytes of row number and a bin read for each row, of which a whole sector of 32 bytes
// comes where few rows of a neighbourhood belong to the node; a bit written. Bound by memory.
__global__ void __launch_bounds__(kBoostThreads)
    mark_left(BinsView bins, const PartitionTask* tasks, std::int64_t count_of_tasks, std::uint32_t* bits,
              std::int64_t* counts) {
  FORJA_SHARED(slots, int[kBoostWarps]);
  const PartitionTask& task = tasks[task_at(tasks, count_of_tasks, &PartitionTask::first_piece, blockIdx.x)];
  const std::uint8_t* const column = bins.bins + task.feature;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t first = (std::int64_t{blockIdx.x} - task.first_piece) * kPieceRows;
  int count = 0;
  FORJA_UNROLL
  for (int k = 0; k < kWordsPerWarp; ++k) {
    const int word = warp * kWordsPerWarp + k;
    const std::int64_t at = first + word * kWarp + lane;
    const bool goes = at < task.count && contains(task.left, column[std::int64_t{task.rows[at]} * bins.stride]);
    put_bits(goes, bits + std::int64_t{blockIdx.x} * kWordsPerPiece + word, count);
  }
  put_count(count, slots, counts + blockIdx.x);
}

// A block for each task: counts of its pieces to sums of those before. Floor: 16 bytes a piece; bound by latency.
__global__ void __launch_bounds__(kBoostThreads)
    sum_pieces(const PartitionTask* tasks, std::int64_t* counts, std::int64_t* total) {
  FORJA_SHARED(slots, std::int64_t[kBoostWarps]);
  const PartitionTask& task = tasks[blockIdx.x];
  const std::int64_t pieces = (task.count + kPieceRows - 1) / kPieceRows;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  std::int64_t before = 0;
  for (std::int64_t first = 0; first < pieces; first += kBoostThreads) {
    const std::int64_t piece = first + threadIdx.x;
    const std::int64_t own = piece < pieces ? counts[task.first_piece + piece] : 0;
    std::int64_t sum = own;
    for (int step = 1; step < kWarp; step *= 2) {
      const std::int64_t other = __shfl_up_sync(kAllLanes, sum, static_cast<unsigned>(step));
      if (lane >= step) sum += other;
    }
    __syncthreads();
    if (lane == kWarp - 1) slots[warp] = sum;
    __syncthreads();
    std::int64_t all = 0;
    for (int w = 0; w < kBoostWarps; ++w) {
      if (w < warp) sum += slots[w];
      all += slots[w];
    }
    if (piece < pieces) counts[task.first_piece + piece] = before + sum - own;
    before += all;
  }
  if (total != nullptr && threadIdx.x == 0) *total = before;
}

/// How many bits of a piece stand before each of its words.
__device__ inline void sum_words(const std::uint32_t* bits, int (&before)[kWordsPerPiece]) {
  static_assert(kWordsPerPiece == 2 * kWarp, "two words a lane");
  if (threadIdx.x < kWarp) {
    const int lane = static_cast<int>(threadIdx.x);
    const int first = __popc(bits[2 * lane]);
    const int own = first + __popc(bits[2 * lane + 1]);
    int sum = own;
    for (int step = 1; step < kWarp; step *= 2) {
      const int other = __shfl_up_sync(kAllLanes, sum, static_cast<unsigned>(step));
      if (lane >= step) sum += other;
    }
    before[2 * lane] = sum - own;
    before[2 * lane + 1] = sum - own + first;
  }
  __syncthreads();
}

// Rows to their places. Floor: 8 bytes and a bit a row.
__global__ void __launch_bounds__(kBoostThreads) move_rows(const PartitionTask* tasks, std::int64_t count_of_tasks,
                                                           const std::uint32_t* bits, const std::int64_t* counts) {
  FORJA_SHARED(before, int[kWordsPerPiece]);
  const PartitionTask& task = tasks[task_at(tasks, count_of_tasks, &PartitionTask::first_piece, blockIdx.x)];
  const std::uint32_t* const own_bits = bits + std::int64_t{blockIdx.x} * kWordsPerPiece;
  const std::int64_t first = (std::int64_t{blockIdx.x} - task.first_piece) * kPieceRows;
  const std::int64_t left_before = counts[blockIdx.x];
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  sum_words(own_bits, before);
  for (int word = static_cast<int>(threadIdx.x) / kWarp; word < kWordsPerPiece; word += kBoostWarps) {
    const std::int64_t at = first + word * kWarp + lane;
    const unsigned mask = own_bits[word];
    const std::int64_t left = left_before + before[word] + __popc(mask & ((1U << lane) - 1U));
    if (at < task.count) {
      const bool goes_left = ((mask >> lane) & 1U) != 0;
      task.spare[goes_left ? left : task.left_count + (at - left)] = task.rows[at];
    }
  }
}

// Segments back from the spare ones. Floor: 8 bytes a row.
__global__ void __launch_bounds__(kBoostThreads) copy_back(const PartitionTask* tasks, std::int64_t count_of_tasks) {
  const PartitionTask& task = tasks[task_at(tasks, count_of_tasks, &PartitionTask::first_piece, blockIdx.x)];
  const std::int64_t first = (std::int64_t{blockIdx.x} - task.first_piece) * kPieceRows;
  for (int k = static_cast<int>(threadIdx.x); k < kPieceRows; k += kBoostThreads) {
    if (first + k < task.count) task.rows[first + k] = task.spare[first + k];
  }
}

// The rows whose bits are set, in order. Floor: a bit a row read, 4 bytes written for each that is set.
__global__ void __launch_bounds__(kBoostThreads)
    list_rows(const std::uint32_t* bits, const std::int64_t* counts, std::uint32_t* rows) {
  FORJA_SHARED(before, int[kWordsPerPiece]);
  const std::uint32_t* const own_bits = bits + std::int64_t{blockIdx.x} * kWordsPerPiece;
  const std::int64_t first = std::int64_t{blockIdx.x} * kPieceRows;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  sum_words(own_bits, before);
  for (int word = static_cast<int>(threadIdx.x) / kWarp; word < kWordsPerPiece; word += kBoostWarps) {
    const unsigned mask = own_bits[word];
    if (((mask >> lane) & 1U) != 0) {
      rows[counts[blockIdx.x] + before[word] + __popc(mask & ((1U << lane) - 1U))] =
          static_cast<std::uint32_t>(first + word * kWarp + lane);
    }
  }
}

}  // namespace forja::cuda
