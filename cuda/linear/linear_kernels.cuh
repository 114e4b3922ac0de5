#pragma once

#include <cmath>
#include <cstdint>

#include "linear/linear_view.h"
#include "runtime/portability.h"

/// Passes of linear models over some rows. Blocks have 256 threads: a warp per row, or 32 columns by 8 rows.
namespace forja::cuda {

inline constexpr int kLinearThreads = 256;
inline constexpr int kLinearWarps = kLinearThreads / kWarp;
/// Rows whose sums are taken in one piece; where rows are divided, it is at multiples of this.
inline constexpr int kGroupRows = 1024;

template <class T>
__device__ double weight_of(const LinearView<T>& data, std::int64_t row) {
  return data.weight == nullptr ? 1.0 : static_cast<double>(data.weight[row]);
}

template <class T>
__device__ T given_entry(const LinearView<T>& data, std::int64_t row, std::int64_t column) {
  return column < data.d ? data.x[row * data.d + column] : data.y[row * data.t + column - data.d];
}

/// The sum over a warp's threads, the same in all of them.
__device__ inline double warp_sum(double value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(0xFFFFFFFFU, value, step);
  return value;
}

/// What a warp makes of a row: sum of (x - shift) coef. shift: null: none.
template <class T>
__device__ double row_product(const T* row, const T* shift, const double* coef, std::int64_t d) {
  double sum = 0;
  for (std::int64_t j = threadIdx.x % kWarp; j < d; j += kWarp) {
    const double moved = static_cast<double>(row[j]) - (shift == nullptr ? 0.0 : static_cast<double>(shift[j]));
    sum = std::fma(moved, coef[j], sum);
  }
  return warp_sum(sum);
}

// -- ranges of columns

template <class T>
struct ColumnRange {
  double sum;  ///< of differences from the first row of all
  T lowest;
  T highest;
};

template <class T>
__device__ void join(ColumnRange<T>& all, const ColumnRange<T>& part) {
  all.sum += part.sum;
  all.lowest = part.lowest < all.lowest ? part.lowest : all.lowest;
  all.highest = part.highest > all.highest ? part.highest : all.highest;
}

// Block (x: group of rows, y: 32 columns). Rows first + i count whose number is a multiple of `step`. Floor: the rows
// that count read once, bound by memory.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    measure_columns(const T* x, std::int64_t rows, std::int64_t d, std::int64_t first, std::int64_t step,
                    const T* origin, ColumnRange<T>* groups) {
  FORJA_SHARED(seen, ColumnRange<T>[kLinearWarps][kWarp]);
  const std::int64_t begin = std::int64_t{blockIdx.x} * kGroupRows;
  const std::int64_t end = begin + kGroupRows < rows ? begin + kGroupRows : rows;
  const std::int64_t column = std::int64_t{blockIdx.y} * kWarp + threadIdx.x;
  if (column < d) {
    const T start = origin[column];
    ColumnRange<T> own{0, start, start};
    const std::int64_t skipped = (step - (first + begin) % step) % step;
    for (std::int64_t row = begin + skipped + threadIdx.y * step; row < end; row += step * kLinearWarps) {
      const T value = x[row * d + column];
      join(own, ColumnRange<T>{static_cast<double>(value) - static_cast<double>(start), value, value});
    }
    seen[threadIdx.y][threadIdx.x] = own;
  }
  __syncthreads();
  if (threadIdx.y != 0 || column >= d) return;
  ColumnRange<T> all = seen[0][threadIdx.x];
  for (int y = 1; y < kLinearWarps; ++y) join(all, seen[y][threadIdx.x]);
  groups[blockIdx.x * d + column] = all;
}

// A thread per column takes the groups one by one into columns[]; `before`: whether there is something in it. Floor:
// the groups read once; bound by latency.
template <class T>
__global__ void __launch_bounds__(kLinearThreads) join_groups(const ColumnRange<T>* groups, std::int64_t count,
                                                              std::int64_t d, bool before, ColumnRange<T>* columns) {
  const std::int64_t column = std::int64_t{blockIdx.x} * kLinearThreads + threadIdx.x;
  if (column >= d) return;
  ColumnRange<T> all = before ? columns[column] : groups[column];
  for (std::int64_t g = before ? 0 : 1; g < count; ++g) join(all, groups[g * d + column]);
  columns[column] = all;
}

// -- sums of products

// A warp per row: sqrt(weight) z in T, row after row, of `width` numbers; zeros beyond the last row. picked: the
// columns of x in z; null: all. Floor: x read, as much written.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    fill_rows(LinearView<T> data, const std::int64_t* picked, std::int64_t width, std::int64_t padded, T* z) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kLinearWarps + threadIdx.x / kWarp;
  if (row >= padded) return;
  const bool there = row < data.rows;
  const std::int64_t from_x = width - 1 - data.t;
  const T root = there ? static_cast<T>(std::sqrt(weight_of(data, row) * data.weight_inverse)) : T(0);
  for (std::int64_t j = threadIdx.x % kWarp; j < width; j += kWarp) {
    T value = 1;
    if (j > 0 && there) {
      const std::int64_t place = j - 1;
      const std::int64_t column = place >= from_x ? data.d + place - from_x : picked == nullptr ? place : picked[place];
      value = (given_entry(data, row, column) - data.shift[column]) * data.scale[column];
    }
    z[row * width + j] = value * root;
  }
}

// A thread per number adds what the groups have of it, in their order. Floor: the groups read once, bound by memory.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    add_groups(const T* groups, std::int64_t count, std::int64_t size, double* sums) {
  const std::int64_t place = std::int64_t{blockIdx.x} * kLinearThreads + threadIdx.x;
  if (place >= size) return;
  double sum = sums[place];
  for (std::int64_t g = 0; g < count; ++g) sum += static_cast<double>(groups[g * size + place]);
  sums[place] = sum;
}

// -- residuals

// A warp per row: weight r and weight r^2 for each target. coef: t x d, times the scales of x. Floor: x read, bound by
// memory; coefficients come from the cache.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    measure_residuals(LinearView<T> data, const double* coef, const double* offset, double* weighted, double* squares) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kLinearWarps + threadIdx.x / kWarp;
  if (row >= data.rows) return;
  for (std::int64_t t = 0; t < data.t; ++t) {
    const double product = row_product(data.x + row * data.d, data.shift, coef + t * data.d, data.d);
    if (threadIdx.x % kWarp != 0) continue;
    const double moved = static_cast<double>(data.y[row * data.t + t]) - static_cast<double>(data.shift[data.d + t]);
    const double residual = moved * static_cast<double>(data.scale[data.d + t]) - offset[t] - product;
    const double value = weight_of(data, row) * residual;
    weighted[row * data.t + t] = value;
    squares[row * data.t + t] = value * residual;
  }
}

// Block (x: group of rows, y: target): the group's sums of weight r and weight r^2, 2 x t of each group. Floor: both
// read once; small beside x.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    sum_residuals(LinearView<T> data, const double* weighted, const double* squares, double* groups) {
  FORJA_SHARED(of_warp, double[2][kLinearWarps]);
  const std::int64_t begin = std::int64_t{blockIdx.x} * kGroupRows;
  const std::int64_t end = begin + kGroupRows < data.rows ? begin + kGroupRows : data.rows;
  double sum = 0;
  double square = 0;
  for (std::int64_t row = begin + threadIdx.x; row < end; row += kLinearThreads) {
    sum += weighted[row * data.t + blockIdx.y];
    square += squares[row * data.t + blockIdx.y];
  }
  sum = warp_sum(sum);
  square = warp_sum(square);
  if (threadIdx.x % kWarp == 0) {
    of_warp[0][threadIdx.x / kWarp] = sum;
    of_warp[1][threadIdx.x / kWarp] = square;
  }
  __syncthreads();
  if (threadIdx.x >= 2) return;
  double all = 0;
  for (const double part : of_warp[threadIdx.x]) all += part;
  groups[(std::int64_t{blockIdx.x} * 2 + threadIdx.x) * data.t + blockIdx.y] = all;
}

// Block (x: group of rows, y: 32 columns, z: target), 32 columns by 8 rows: the group's sums of weight r (x - shift), t
// x d of each group. Floor: x read again, from the L2 cache where a pass is small enough.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    measure_gradient(LinearView<T> data, const double* weighted, double* groups) {
  FORJA_SHARED(seen, double[kLinearWarps][kWarp]);
  const std::int64_t begin = std::int64_t{blockIdx.x} * kGroupRows;
  const std::int64_t end = begin + kGroupRows < data.rows ? begin + kGroupRows : data.rows;
  const std::int64_t column = std::int64_t{blockIdx.y} * kWarp + threadIdx.x;
  double sum = 0;
  if (column < data.d) {
    const auto shift = static_cast<double>(data.shift[column]);
    for (std::int64_t row = begin + threadIdx.y; row < end; row += kLinearWarps) {
      sum = std::fma(weighted[row * data.t + blockIdx.z], static_cast<double>(data.x[row * data.d + column]) - shift,
                     sum);
    }
  }
  seen[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= data.d) return;
  for (int y = 1; y < kLinearWarps; ++y) sum += seen[y][threadIdx.x];
  groups[(blockIdx.x * data.t + blockIdx.z) * data.d + column] = sum;
}

// -- orthogonal triangularisation

// Block (x: column, y: 256 rows): numbers of sqrt(weight) z in double, from row `first` of the column-major a on.
// Floor: x read, the same or twice as much written.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    fill_columns(LinearView<T> data, std::int64_t first, std::int64_t stride, double* a) {
  const std::int64_t row = std::int64_t{blockIdx.y} * kLinearThreads + threadIdx.x;
  const std::int64_t column = blockIdx.x;
  if (row >= data.rows) return;
  const double root = std::sqrt(weight_of(data, row) * data.weight_inverse);
  double value = 1;
  if (column > 0) {
    value = (static_cast<double>(given_entry(data, row, column - 1)) - static_cast<double>(data.shift[column - 1])) *
            static_cast<double>(data.scale[column - 1]);
  }
  a[column * stride + first + row] = value * root;
}

// -- predictions

// A warp per row: x coef' + intercept. Floor: x read, the predictions written; bound by memory.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    predict_rows(const T* x, std::int64_t rows, std::int64_t d, const double* coef, const double* intercept,
                 std::int64_t targets, T* out) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kLinearWarps + threadIdx.x / kWarp;
  if (row >= rows) return;
  for (std::int64_t t = 0; t < targets; ++t) {
    const double product = row_product<T>(x + row * d, nullptr, coef + t * d, d);
    if (threadIdx.x % kWarp == 0) out[row * targets + t] = static_cast<T>(product + intercept[t]);
  }
}

}  // namespace forja::cuda
