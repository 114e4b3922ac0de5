#pragma once

#include <cstdint>

#include "kmeans/cluster_kernels.cuh"

/// Rows into the sums of their clusters.
namespace forja::cuda {

/// Threads of a block that sums in shared memory, and slots that it looks at at once.
inline constexpr int kSumBlock = 512;
/// Values that a thread asks for before it waits for one.
inline constexpr int kLoadsAtOnce = 4;

/// A slot's row and clusters, as far as they matter to the sums.
struct MovingRow {
  std::int64_t row;
  std::int32_t from;  ///< -1: none
  std::int32_t to;
};

/// Those of kSumBlock slots.
struct MovedRows {
  MovingRow rows[kSumBlock];
  int count;
};

template <class T>
__device__ MovingRow moving_row(const NearestTask<T>& task, const std::int32_t* kept, std::int64_t slot) {
  if (slot >= filled_slots(task.count, task.slots)) return {0, -1, -1};
  const std::int64_t row = row_of(task, slot);
  return {row, kept == nullptr ? -1 : kept[row], task.labels[slot]};
}

/// Adds to a 64-bit number in two words, which shared memory has atomics for; the carry is what the low word loses.
__device__ inline void add_in_words(unsigned* low, unsigned* high, unsigned long long value) {
  const auto part = static_cast<unsigned>(value);
  const unsigned before = atomicAdd(low, part);
  const unsigned rest = static_cast<unsigned>(value >> 32) + (before > ~part ? 1U : 0U);
  if (rest != 0) atomicAdd(high, rest);
}

// Each row whose label is new moves from its old cluster's sums to its new one's. Blocks in y share the columns,
// `width` (a power of two) each; a block keeps the sums of all clusters in shared memory, as low and high words, and
// adds them to the others' once. Floor: n d values read, 12 n bytes of labels and row numbers for each block in y; per
// moved row 2 to 4 d atomics of shared memory; 2 k d atomics of 8 bytes for each block in x: bound by memory where all
// rows move.
template <class T>
__global__ void __launch_bounds__(kSumBlock, 2)
    sum_moved_rows(NearestTask<T> task, FixedPointView fixed, const std::int32_t* kept, SumsView sums, int width) {
  FORJA_DYNAMIC_SHARED(unsigned, low);
  FORJA_SHARED(moved, MovedRows);
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t slots = filled_slots(task.count, task.slots);
  const std::int64_t d = task.rows.d;
  const auto k = static_cast<int>(task.centers.k);
  unsigned* const high = low + k * (width + 1);
  const int shift = __ffs(width) - 1;
  const std::int64_t column = std::int64_t{blockIdx.y} * width + (thread & (width - 1));
  if (std::int64_t{blockIdx.x} * kSumBlock >= slots) return;
  for (int place = thread; place < 2 * k * (width + 1); place += kSumBlock) low[place] = 0;
  for (std::int64_t first = std::int64_t{blockIdx.x} * kSumBlock; first < slots;
       first += std::int64_t{gridDim.x} * kSumBlock) {
    if (thread == 0) moved.count = 0;
    __syncthreads();
    const MovingRow mine = moving_row(task, kept, first + thread);
    const unsigned moving = __ballot_sync(kFullWarp, mine.from != mine.to);
    int place = 0;
    if (thread % kWarp == 0) place = atomicAdd(&moved.count, __popc(moving));
    place = __shfl_sync(kFullWarp, place, 0) + __popc(moving & ((1U << (thread % kWarp)) - 1));
    if (mine.from != mine.to) moved.rows[place] = mine;
    __syncthreads();
    const int count = moved.count;
    const int step = kSumBlock >> shift;
    for (int i = thread >> shift; i < count && column < d; i += kLoadsAtOnce * step) {
      unsigned long long values[kLoadsAtOnce];
      FORJA_UNROLL
      for (int load = 0; load < kLoadsAtOnce; ++load) {
        const int at = i + load * step;
        values[load] = at < count ? fixed_entry(task.rows, fixed, moved.rows[at].row, column) : 0;
      }
      FORJA_UNROLL
      for (int load = 0; load < kLoadsAtOnce && i + load * step < count; ++load) {
        const MovingRow row = moved.rows[i + load * step];
        const int to = row.to * width + (thread & (width - 1));
        add_in_words(&low[to], &high[to], values[load]);
        const int from = row.from * width + (thread & (width - 1));
        if (row.from >= 0) add_in_words(&low[from], &high[from], 0ULL - values[load]);
      }
    }
    for (int i = thread; i < count && blockIdx.y == 0; i += kSumBlock) {
      const MovingRow row = moved.rows[i];
      const unsigned long long weight = fixed_weight(task.rows, fixed, row.row);
      add_in_words(&low[k * width + row.to], &high[k * width + row.to], weight);
      if (row.from >= 0) add_in_words(&low[k * width + row.from], &high[k * width + row.from], 0ULL - weight);
    }
    __syncthreads();
  }
  for (int place = thread; place < k * (width + 1); place += kSumBlock) {
    const unsigned long long sum = static_cast<unsigned long long>(high[place]) << 32 | low[place];
    if (sum == 0) continue;
    const std::int64_t cluster = place >> shift;
    atomicAdd(place < k * width ? &sums.sums[cluster * d + std::int64_t{blockIdx.y} * width + (place & (width - 1))]
                                : &sums.weights[place - k * width],
              sum);
  }
}

// The same without shared memory, for clusters too many to find room there, or for rows too few to share a sum; a warp
// takes the moved ones of 32 rows one by one, its lanes along the columns. Floor: 12 n bytes of labels and row numbers;
// per moved row d values read and 2 d atomics of 8 bytes: bound by the atomics of the cache.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    move_rows(NearestTask<T> task, FixedPointView fixed, const std::int32_t* kept, SumsView sums) {
  const RowsView<T>& rows = task.rows;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const MovingRow mine = moving_row(task, kept, std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x);
  unsigned moving = __ballot_sync(kFullWarp, mine.from != mine.to);
  while (moving != 0) {
    const int turn = __ffs(static_cast<int>(moving)) - 1;
    moving &= moving - 1;
    const std::int64_t row = __shfl_sync(kFullWarp, mine.row, turn);
    const std::int64_t to = __shfl_sync(kFullWarp, mine.to, turn);
    const std::int64_t from = __shfl_sync(kFullWarp, mine.from, turn);
    for (std::int64_t j = lane; j < rows.d; j += kWarp) {
      const unsigned long long value = fixed_entry(rows, fixed, row, j);
      atomicAdd(&sums.sums[to * rows.d + j], value);
      if (from >= 0) atomicAdd(&sums.sums[from * rows.d + j], 0ULL - value);
    }
    if (lane == 0) {
      const unsigned long long weight = fixed_weight(rows, fixed, row);
      atomicAdd(&sums.weights[to], weight);
      if (from >= 0) atomicAdd(&sums.weights[from], 0ULL - weight);
    }
  }
}

// A thread per slot: the rows' labels become those of the slots, and those that change are counted. Floor: 8 n bytes of
// labels read, 8 n of row numbers where there are such, and what changes written: bound by memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    keep_labels(NearestTask<T> task, std::int32_t* kept, unsigned long long* changed) {
  const MovingRow mine = moving_row(task, kept, std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x);
  const bool moves = mine.from != mine.to;
  if (moves) kept[mine.row] = mine.to;
  const unsigned moving = __ballot_sync(kFullWarp, moves);
  if (threadIdx.x % kWarp == 0 && moving != 0) {
    atomicAdd(changed, static_cast<unsigned long long>(__popc(moving)));
  }
}

}  // namespace forja::cuda
