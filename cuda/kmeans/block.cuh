#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "formulas/kmeans_formulas.h"
#include "kmeans/views.h"
#include "runtime/portability.h"

/// What the kernels of k-means share.
namespace forja::cuda {

inline constexpr unsigned kFullWarp = 0xFFFFFFFFU;
/// Threads of the blocks that go over rows, one row each; also how many rows make a chunk of a fixed-order sum.
inline constexpr int kRowBlock = 128;
inline constexpr dim3 kBlock{kRowBlock, 1, 1};
/// Such blocks that a multiprocessor holds at least: room for 128 registers a thread, which is what keeps them from
/// memory.
inline constexpr int kBlocksAtOnce = 4;
/// Threads of the one block that adds up many numbers: it is bound by latency.
inline constexpr int kSumThreads = 1024;
inline constexpr int kColumnTile = 16;
template <class T>
inline constexpr T kInfinity = std::numeric_limits<T>::infinity();

inline std::int64_t row_blocks(std::int64_t rows) { return (rows + kRowBlock - 1) / kRowBlock; }

template <class T>
__device__ T entry(const RowsView<T>& rows, std::int64_t i, std::int64_t j) {
  return formulas::centred(rows.x[i * rows.d + j], rows.shift[j], rows.scale);
}

template <class T>
__device__ double weight_of(const RowsView<T>& rows, std::int64_t i) {
  return rows.weight == nullptr ? 1.0 : static_cast<double>(rows.weight[i]);
}

template <class T>
__device__ std::int64_t row_of(const NearestTask<T>& task, std::int64_t slot) {
  return task.index == nullptr ? slot : task.index[slot];
}

/// A task's number of filled slots where an earlier kernel has counted them, otherwise all.
__device__ inline std::int64_t filled_slots(const unsigned long long* count, std::int64_t slots) {
  return count == nullptr ? slots : static_cast<std::int64_t>(*count);
}

/// The sum over the threads of a block of so many warps, always in the same order; valid in thread 0. Every thread of
/// the block calls it.
template <int kWarps>
__device__ double block_sum(double value, double (&partial)[kWarps]) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kFullWarp, value, step);
  __syncthreads();
  if (threadIdx.x % kWarp == 0) partial[threadIdx.x / kWarp] = value;
  __syncthreads();
  double sum = 0;
  if (threadIdx.x == 0) {
    for (const double part : partial) sum += part;
  }
  return sum;
}

/// A tile of kRowBlock rows x' and kTargets others, kColumnTile columns wide. The others are there in double, once for
/// all threads, and side by side for wide loads.
template <class T, int kTargets>
struct DifferenceTile {
  T rows[kRowBlock][kColumnTile + 1];
  alignas(16) double targets[kColumnTile][kTargets];
};

/// The rows behind places: row index[i] is at place i; null: row i.
__device__ inline std::int64_t row_at(const std::int64_t* index, std::int64_t place) {
  return index == nullptr ? place : index[place];
}

/// Puts columns first_column .. + width of the rows at the places from first_place on into the tile.
template <class T>
__device__ void load_rows(const RowsView<T>& rows, const std::int64_t* index, std::int64_t first_place,
                          std::int64_t first_column, int width, T (&tile)[kRowBlock][kColumnTile + 1]) {
  for (int place = static_cast<int>(threadIdx.x); place < kRowBlock * kColumnTile; place += kRowBlock) {
    const int r = place / kColumnTile;
    const int j = place % kColumnTile;
    if (first_place + r < rows.n && j < width) {
      tile[r][j] = entry(rows, row_at(index, first_place + r), first_column + j);
    }
  }
}

/// Vectors to take distances to: at the places from `first` on, `count` of them.
template <class T>
struct Targets {
  const T* values = nullptr;
  std::int64_t first = 0;
  int count = 0;
  const std::int64_t* index = nullptr;  ///< as row_at()
};

/// Adds to sums[t] the squared distance in double, column by column, between this thread's row (at place first_place +
/// thread) and target t; targets at and beyond their count are zero. Every thread of the block calls it.
template <class T, int kTargets>
__device__ void add_squares(const RowsView<T>& rows, const std::int64_t* index, std::int64_t first_place,
                            const Targets<T>& targets, DifferenceTile<T, kTargets>& tile, double (&sums)[kTargets]) {
  const int thread = static_cast<int>(threadIdx.x);
  for (std::int64_t first = 0; first < rows.d; first += kColumnTile) {
    const int width = rows.d - first < kColumnTile ? static_cast<int>(rows.d - first) : kColumnTile;
    __syncthreads();
    load_rows(rows, index, first_place, first, width, tile.rows);
    for (int place = thread; place < kTargets * kColumnTile; place += kRowBlock) {
      const int t = place / kColumnTile;
      const int j = place % kColumnTile;
      const bool inside = t < targets.count && j < width;
      tile.targets[j][t] =
          inside ? static_cast<double>(targets.values[row_at(targets.index, targets.first + t) * rows.d + first + j])
                 : 0;
    }
    __syncthreads();
    for (int j = 0; j < width && first_place + thread < rows.n; ++j) {
      const auto x = static_cast<double>(tile.rows[thread][j]);
      FORJA_UNROLL
      for (int t = 0; t < kTargets; ++t) {
        const double difference = x - tile.targets[j][t];
        sums[t] = std::fma(difference, difference, sums[t]);
      }
    }
  }
}

}  // namespace forja::cuda
