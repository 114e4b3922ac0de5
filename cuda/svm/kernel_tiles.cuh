#pragma once

#include <cmath>
#include <cstdint>

#include "runtime/portability.h"
#include "svm/svm_view.h"

/// Kernel values of 64 rows by 64, in registers.
namespace forja::cuda {

inline constexpr int kSvmTile = 64;
inline constexpr int kSvmColumns = 16;  // of a step of the product
inline constexpr int kSvmPitch = 68;    // of a column in shared memory: whole float4s, neighbours on other banks
inline constexpr int kSvmRowsEach = 8;  // rows and columns of one thread
inline constexpr int kSvmColumnsEach = 4;
inline constexpr int kSvmLanes = kSvmTile / kSvmColumnsEach;
inline constexpr int kSvmThreads = kSvmTile / kSvmRowsEach * kSvmLanes;

/// Of shared memory: two tiles of columns.
inline constexpr int kSvmTileNumbers = 2 * kSvmColumns * kSvmPitch;

__device__ inline std::int64_t picked_row(const std::int64_t* rows, std::int64_t place) {
  return rows == nullptr ? place : rows[place];
}

/// Where the rows of a tile begin, and where they end.
struct TilePlace {
  std::int64_t first_a;
  std::int64_t last_a;
  std::int64_t first_b;
  std::int64_t last_b;
};

/// This thread's kernel values: rows group x 8 .. of a by lane x 4 .. of b. Every thread of the block calls it. Beyond
/// the ends: of rows of zeros.
template <class T>
__device__ void kernel_tile(const KernelRowsView<T>& a, const KernelRowsView<T>& b,
                            const formulas::KernelFunction<T>& kernel, const KernelTask& task, const TilePlace& place,
                            T* tiles, T (&values)[kSvmRowsEach][kSvmColumnsEach]) {
  T* const tile_a = tiles;
  T* const tile_b = tiles + kSvmColumns * kSvmPitch;
  const int lane = static_cast<int>(threadIdx.x) % kSvmLanes;
  const int group = static_cast<int>(threadIdx.x) / kSvmLanes;
  FORJA_UNROLL
  for (int r = 0; r < kSvmRowsEach; ++r) {
    FORJA_UNROLL
    for (int c = 0; c < kSvmColumnsEach; ++c) values[r][c] = 0;
  }
  const bool given = kernel.kind == formulas::KernelKind::precomputed;
  for (std::int64_t column = 0; column < a.d && !given; column += kSvmColumns) {
    __syncthreads();
    for (int at = static_cast<int>(threadIdx.x); at < kSvmTile * kSvmColumns; at += kSvmThreads) {
      const int r = at / kSvmColumns;
      const int j = at % kSvmColumns;
      const bool inside = column + j < a.d;
      const std::int64_t i = place.first_a + r;
      const std::int64_t v = place.first_b + r;
      tile_a[j * kSvmPitch + r] =
          inside && i < place.last_a ? a.x[picked_row(task.rows_a, i) * a.d + column + j] : T(0);
      tile_b[j * kSvmPitch + r] =
          inside && v < place.last_b ? b.x[picked_row(task.rows_b, v) * a.d + column + j] : T(0);
    }
    __syncthreads();
    FORJA_UNROLL
    for (int j = 0; j < kSvmColumns; ++j) {
      T other[kSvmColumnsEach];
      FORJA_UNROLL
      for (int c = 0; c < kSvmColumnsEach; ++c) other[c] = tile_b[j * kSvmPitch + lane * kSvmColumnsEach + c];
      FORJA_UNROLL
      for (int r = 0; r < kSvmRowsEach; ++r) {
        const T own = tile_a[j * kSvmPitch + group * kSvmRowsEach + r];
        FORJA_UNROLL
        for (int c = 0; c < kSvmColumnsEach; ++c) values[r][c] = std::fma(own, other[c], values[r][c]);
      }
    }
  }
  FORJA_UNROLL
  for (int r = 0; r < kSvmRowsEach; ++r) {
    const std::int64_t i = place.first_a + group * kSvmRowsEach + r;
    if (i >= place.last_a) continue;
    const std::int64_t row_a = picked_row(task.rows_a, i);
    FORJA_UNROLL
    for (int c = 0; c < kSvmColumnsEach; ++c) {
      const std::int64_t v = place.first_b + lane * kSvmColumnsEach + c;
      if (v >= place.last_b) continue;
      const std::int64_t row_b = picked_row(task.rows_b, v);
      values[r][c] = given ? a.x[row_a * a.d + row_b] : kernel(values[r][c], a.squares[row_a], b.squares[row_b]);
    }
  }
}

// Block (x: 64 rows of a, y: 64 rows of b, z: task); task.rows.ends: one. Floor: 2 d operations of T a value, bound by
// arithmetic from d of about 16 on; d numbers read for 64 values on each side, one written a value.
template <class T>
__global__ void __launch_bounds__(kSvmThreads)
    fill_kernels(KernelRowsView<T> a, KernelRowsView<T> b, formulas::KernelFunction<T> kernel,
                 const FillTask<T>* tasks) {
  FORJA_SHARED(tiles, T[kSvmTileNumbers]);
  const FillTask<T>& task = tasks[blockIdx.z];
  const std::int64_t end = task.rows.ends[0];
  const TilePlace place{std::int64_t{blockIdx.x} * kSvmTile, task.square ? end : task.rows.count_a,
                        std::int64_t{blockIdx.y} * kSvmTile, end};
  if (place.first_b >= place.last_b || place.first_a >= place.last_a) return;
  T values[kSvmRowsEach][kSvmColumnsEach];
  kernel_tile(a, b, kernel, task.rows, place, tiles, values);
  const int lane = static_cast<int>(threadIdx.x) % kSvmLanes;
  const int group = static_cast<int>(threadIdx.x) / kSvmLanes;
  FORJA_UNROLL
  for (int r = 0; r < kSvmRowsEach; ++r) {
    const std::int64_t i = place.first_a + group * kSvmRowsEach + r;
    FORJA_UNROLL
    for (int c = 0; c < kSvmColumnsEach; ++c) {
      const std::int64_t v = place.first_b + lane * kSvmColumnsEach + c;
      if (i < place.last_a && v < place.last_b) task.out[i * task.stride + v] = values[r][c];
    }
  }
}

// Block (x: 64 rows of a, y: task): the kernel values of a tile go through shared memory, where a thread for each of
// the tile's sums uses them; they are never stored. Floor: 2 d operations of T and 2 w of double a value, bound by
// arithmetic.
template <class T>
__global__ void __launch_bounds__(kSvmThreads)
    sum_kernels(KernelRowsView<T> a, KernelRowsView<T> b, formulas::KernelFunction<T> kernel, const SumTask* tasks) {
  FORJA_SHARED(found, T[kSvmTile * (kSvmTile + 1)]);  // and before that the tiles of columns
  static_assert(kSvmTileNumbers <= kSvmTile * (kSvmTile + 1));
  const SumTask& task = tasks[blockIdx.y];
  const std::int64_t first_a = std::int64_t{blockIdx.x} * kSvmTile;
  if (first_a >= task.rows.count_a) return;
  const int lane = static_cast<int>(threadIdx.x) % kSvmLanes;
  const int group = static_cast<int>(threadIdx.x) / kSvmLanes;
  std::int64_t begin = 0;
  for (std::int64_t s = 0; s < task.rows.segments; ++s) {
    const std::int64_t end = task.rows.ends[s];
    for (std::int64_t first_b = begin; first_b < end; first_b += kSvmTile) {
      T values[kSvmRowsEach][kSvmColumnsEach];
      kernel_tile(a, b, kernel, task.rows, {first_a, task.rows.count_a, first_b, end}, found, values);
      __syncthreads();
      FORJA_UNROLL
      for (int r = 0; r < kSvmRowsEach; ++r) {
        FORJA_UNROLL
        for (int c = 0; c < kSvmColumnsEach; ++c) {
          found[(group * kSvmRowsEach + r) * (kSvmTile + 1) + lane * kSvmColumnsEach + c] = values[r][c];
        }
      }
      __syncthreads();
      const int width = end - first_b < kSvmTile ? static_cast<int>(end - first_b) : kSvmTile;
      for (std::int64_t at = threadIdx.x; at < kSvmTile * task.w; at += kSvmThreads) {
        const std::int64_t row = at % kSvmTile;
        const std::int64_t r = at / kSvmTile;
        if (first_a + row >= task.rows.count_a) continue;
        double sum = 0;
        for (int v = 0; v < width; ++v) {
          sum = std::fma(task.weights[r * task.weight_stride + first_b + v],
                         static_cast<double>(found[row * (kSvmTile + 1) + v]), sum);
        }
        task.sums[(first_a + row) * task.rows.segments * task.w + s * task.w + r] += sum;
      }
    }
    begin = end;
  }
}

// -- rows as kernels take them

// A thread per column: the mean of every step-th row. Floor: those rows read; bound by latency.
template <class T>
__global__ void __launch_bounds__(kSvmThreads)
    sample_means(const T* x, std::int64_t rows, std::int64_t d, std::int64_t step, T* means) {
  const std::int64_t column = std::int64_t{blockIdx.x} * kSvmThreads + threadIdx.x;
  if (column >= d) return;
  double sum = 0;
  std::int64_t count = 0;
  for (std::int64_t row = 0; row < rows; row += step, ++count) sum += static_cast<double>(x[row * d + column]);
  means[column] = static_cast<T>(sum / static_cast<double>(count));
}

// A warp per row: x less the shift, and its squared norm. shift: null: none, and nothing is moved. Floor: x read, as
// much written where it is moved.
template <class T>
__global__ void __launch_bounds__(kSvmThreads)
    move_rows(const T* x, std::int64_t rows, std::int64_t d, const T* shift, T* moved, T* squares) {
  const std::int64_t row = std::int64_t{blockIdx.x} * (kSvmThreads / kWarp) + threadIdx.x / kWarp;
  if (row >= rows) return;
  double square = 0;
  for (std::int64_t j = threadIdx.x % kWarp; j < d; j += kWarp) {
    T value = x[row * d + j];
    if (shift != nullptr) {
      value -= shift[j];
      moved[row * d + j] = value;
    }
    square = std::fma(static_cast<double>(value), static_cast<double>(value), square);
  }
  for (int step = kWarp / 2; step > 0; step /= 2) square += __shfl_xor_sync(0xFFFFFFFFU, square, step);
  if (threadIdx.x % kWarp == 0) squares[row] = static_cast<T>(square);
}

}  // namespace forja::cuda
