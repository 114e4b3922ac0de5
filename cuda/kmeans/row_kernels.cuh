#pragma once

#include <cstdint>

#include "kmeans/block.cuh"

/// Passes with one row per thread: norms, distances to a row's own centre or to all of a few.
namespace forja::cuda {

// ||x'|| rounded up and, per chunk of kRowBlock slots, the sum of weight x ||x'||^2. Floor: n d values read, bound by
// memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    measure_rows(RowsView<T> rows, T* norms, double* chunk_squares) {
  using Tile = DifferenceTile<T, 1>;
  FORJA_SHARED(tile, Tile);
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  const std::int64_t first = std::int64_t{blockIdx.x} * kRowBlock;
  const std::int64_t row = first + threadIdx.x;
  double square[1] = {0};
  add_squares<T, 1>(rows, nullptr, first, {}, tile, square);
  if (row < rows.n) norms[row] = static_cast<T>(std::sqrt(square[0]) * (1 + 0x1.0p-22));
  const double sum = block_sum(row < rows.n ? weight_of(rows, row) * square[0] : 0, partial);
  if (threadIdx.x == 0) chunk_squares[blockIdx.x] = sum;
}

// ||x' - c||^2 in double of each row to its own centre, -1 where it has no weight, and, per chunk, the weighted sum.
// distances: null where only the sums are wanted. Floor: n d values and n labels read, n distances written, bound by
// memory; the centres come from the cache.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    measure_own_distances(RowsView<T> rows, CentersView<T> centers, const std::int32_t* labels, double* distances,
                          double* chunk_sums) {
  using Tile = T[kRowBlock][kColumnTile + 1];
  FORJA_SHARED(tile, Tile);
  FORJA_SHARED(center_tile, Tile);
  FORJA_SHARED(center_of, std::int32_t[kRowBlock]);
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  const std::int64_t first_row = std::int64_t{blockIdx.x} * kRowBlock;
  const std::int64_t row = first_row + threadIdx.x;
  center_of[threadIdx.x] = row < rows.n ? labels[row] : 0;
  double square = 0;
  for (std::int64_t first = 0; first < rows.d; first += kColumnTile) {
    const int width = rows.d - first < kColumnTile ? static_cast<int>(rows.d - first) : kColumnTile;
    __syncthreads();
    load_rows(rows, nullptr, first_row, first, width, tile);
    for (int place = static_cast<int>(threadIdx.x); place < kRowBlock * kColumnTile; place += kRowBlock) {
      const int r = place / kColumnTile;
      const int j = place % kColumnTile;
      if (j < width) center_tile[r][j] = centers.values[center_of[r] * rows.d + first + j];
    }
    __syncthreads();
    for (int j = 0; j < width && row < rows.n; ++j) {
      const double difference =
          static_cast<double>(tile[threadIdx.x][j]) - static_cast<double>(center_tile[threadIdx.x][j]);
      square = std::fma(difference, difference, square);
    }
  }
  const double weight = row < rows.n ? weight_of(rows, row) : 0;
  if (distances != nullptr && row < rows.n) distances[row] = weight > 0 ? square : -1;
  const double sum = block_sum(weight * square, partial);
  if (threadIdx.x == 0) chunk_sums[blockIdx.x] = sum;
}

inline constexpr int kTransformTargets = 8;

// Distances of rows to 8 centres per block in y. Floor: n k values written, n d k / 8 read, 2 n d k operations of
// double: bound by double arithmetic.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    measure_all_distances(RowsView<T> rows, CentersView<T> centers, std::int64_t first_center, double unit,
                          T* distances) {
  using Tile = DifferenceTile<T, kTransformTargets>;
  FORJA_SHARED(tile, Tile);
  const std::int64_t first = std::int64_t{blockIdx.x} * kRowBlock;
  const std::int64_t row = first + threadIdx.x;
  const std::int64_t center = first_center + std::int64_t{blockIdx.y} * kTransformTargets;
  const std::int64_t left = centers.k - center;
  const int count = left < kTransformTargets ? static_cast<int>(left) : kTransformTargets;
  double squares[kTransformTargets] = {};
  add_squares(rows, nullptr, first, {centers.values, center, count}, tile, squares);
  if (row >= rows.n) return;
  FORJA_UNROLL
  for (int t = 0; t < kTransformTargets; ++t) {
    if (t < count) distances[row * centers.k + center + t] = static_cast<T>(std::sqrt(squares[t]) * unit);
  }
}

// Copies rows as they were given, a block each. Floor: count x d values read, in whole sectors of 32 bytes, and
// written; bound by memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    gather_rows(RowsView<T> rows, const std::int64_t* index, T* out) {
  const std::int64_t row = index[blockIdx.x];
  for (std::int64_t j = threadIdx.x; j < rows.d; j += kRowBlock) {
    out[std::int64_t{blockIdx.x} * rows.d + j] = rows.x[row * rows.d + j];
  }
}

// Copies numbers that rows have. Floor: count numbers read, at 32 bytes each, and written; bound by memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    gather_numbers(const T* numbers, const std::int64_t* index, std::int64_t count, T* out) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  if (i < count) out[i] = numbers[index[i]];
}

// A block per row: x' of it. Floor: n d values read and written; bound by memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce) centre_rows(RowsView<T> rows, T* out) {
  const std::int64_t row = blockIdx.x;
  for (std::int64_t j = threadIdx.x; j < rows.d; j += kRowBlock) out[row * rows.d + j] = entry(rows, row, j);
}

}  // namespace forja::cuda
