#pragma once

#include <cstdint>

#include "runtime/portability.h"

/// What stands between the products of a decomposition. Every kernel is bound by memory: its floor is the bytes that it
/// reads and writes. Threads of a grid take elements in turn.
namespace forja::cuda {

inline constexpr int kElementBlock = 256;
/// Rows that one thread sums.
inline constexpr std::int64_t kSummedRows = 256;

/// The first element of this thread, and how far the next one is.
struct Elements {
  std::int64_t first;
  std::int64_t step;
};
__device__ inline Elements my_elements() {
  return {std::int64_t{blockIdx.x} * kElementBlock + threadIdx.x, std::int64_t{gridDim.x} * kElementBlock};
}

// Element (i, j) of x (rows x columns, ld apart) minus its column's mean, rounded to T, goes to i row_step + j
// column_step. Floor: rows x columns values read and written.
template <class T, class U>
__global__ void __launch_bounds__(kElementBlock)
    centre(const T* x, std::int64_t ld, const double* mean, std::int64_t rows, std::int64_t columns, U* to,
           std::int64_t row_step, std::int64_t column_step) {
  const Elements mine = my_elements();
  for (std::int64_t e = mine.first; e < rows * columns; e += mine.step) {
    const std::int64_t i = e / columns;
    const std::int64_t j = e - i * columns;
    const T value = static_cast<T>(static_cast<double>(x[i * ld + j]) - mean[j]);
    to[i * row_step + j * column_step] = static_cast<U>(value);
  }
}

// Thread (x: column, grid's y: chunk of kSummedRows rows): the chunk's sum of x - mean, or of its square. Floor: n d
// values read.
template <class T>
__global__ void __launch_bounds__(kElementBlock)
    sum_chunks(const T* x, std::int64_t rows, std::int64_t columns, const double* mean, bool squares, double* chunks) {
  const std::int64_t j = std::int64_t{blockIdx.x} * kElementBlock + threadIdx.x;
  if (j >= columns) return;
  for (std::int64_t chunk = blockIdx.y; chunk * kSummedRows < rows; chunk += gridDim.y) {
    const std::int64_t first = chunk * kSummedRows;
    const std::int64_t last = first + kSummedRows < rows ? first + kSummedRows : rows;
    double sum = 0;
    for (std::int64_t i = first; i < last; ++i) {
      const double value = static_cast<double>(x[i * columns + j]) - mean[j];
      sum += squares ? value * value : value;
    }
    chunks[chunk * columns + j] = sum;
  }
}

// sums(j) += all chunks(c, j), in order. Floor: the chunks read.
template <class T>
__global__ void __launch_bounds__(kElementBlock)
    add_chunks(const T* chunks, std::int64_t count, std::int64_t columns, T* sums) {
  const std::int64_t j = std::int64_t{blockIdx.x} * kElementBlock + threadIdx.x;
  if (j >= columns) return;
  T sum = sums[j];
  for (std::int64_t chunk = 0; chunk < count; ++chunk) sum += chunks[chunk * columns + j];
  sums[j] = sum;
}

// sum (m rows, column-major) += part, all of it or the lower triangle. Floor: both read, the sum written.
template <class T>
__global__ void __launch_bounds__(kElementBlock)
    accumulate(const T* part, std::int64_t m, std::int64_t columns, bool lower, double* sum) {
  const Elements mine = my_elements();
  for (std::int64_t e = mine.first; e < m * columns; e += mine.step) {
    const std::int64_t j = e / m;
    if (!lower || e - j * m >= j) sum[e] += static_cast<double>(part[e]);
  }
}

// Column c of `to` (m x count) is column first + c step of `from`. Floor: m x count values read and written.
template <class From, class To>
__global__ void __launch_bounds__(kElementBlock)
    pick_columns(const From* from, std::int64_t m, std::int64_t first, std::int64_t step, std::int64_t count, To* to) {
  const Elements mine = my_elements();
  for (std::int64_t e = mine.first; e < m * count; e += mine.step) {
    const std::int64_t c = e / m;
    to[e] = static_cast<To>(from[(first + c * step) * m + (e - c * m)]);
  }
}

// Below the diagonal of the first m rows of a (m columns, ld apart): zeros. Floor: half of m x m values written.
template <class T>
__global__ void __launch_bounds__(kElementBlock) clear_lower(std::int64_t m, T* a, std::int64_t ld) {
  const Elements mine = my_elements();
  for (std::int64_t e = mine.first; e < m * m; e += mine.step) {
    const std::int64_t j = e / m;
    const std::int64_t i = e - j * m;
    if (i > j) a[j * ld + i] = 0;
  }
}

// to (m x m) = the transpose of the first m rows of a (m columns, ld apart). Floor: m x m values read and written.
template <class T>
__global__ void __launch_bounds__(kElementBlock) transpose_square(std::int64_t m, const T* a, std::int64_t ld, T* to) {
  const Elements mine = my_elements();
  for (std::int64_t e = mine.first; e < m * m; e += mine.step) {
    const std::int64_t j = e / m;
    to[e] = a[(e - j * m) * ld + j];
  }
}

// Column j of `to` (r x r) is that of `vectors` over the root of its value, or 0 where that is below `vanishing` times
// the last and largest. Floor: r x r values read and written.
template <class T>
__global__ void __launch_bounds__(kElementBlock)
    divide_by_roots(const double* vectors, const double* values, std::int64_t r, double vanishing, T* to) {
  const Elements mine = my_elements();
  for (std::int64_t e = mine.first; e < r * r; e += mine.step) {
    const double value = values[e / r];
    to[e] = value > vanishing * values[r - 1] ? static_cast<T>(vectors[e] / sqrt(value)) : T(0);
  }
}

// y (rows x columns, dense) += offset, in double. Floor: y read and written.
template <class T>
__global__ void __launch_bounds__(kElementBlock)
    add_offset(std::int64_t rows, std::int64_t columns, const double* offset, T* y) {
  const Elements mine = my_elements();
  for (std::int64_t e = mine.first; e < rows * columns; e += mine.step) {
    y[e] = static_cast<T>(static_cast<double>(y[e]) + offset[e % columns]);
  }
}

}  // namespace forja::cuda
