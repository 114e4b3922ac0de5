#pragma once

#include <cstdint>

#include "runtime/portability.h"

/// Rows times sparse components. A block is 8 warps, a tile 32 x 32 values.
namespace forja::cuda {

inline constexpr int kSparseTile = 32;
inline constexpr int kSparseWarps = 8;
inline constexpr int kSparseBlock = kSparseTile * kSparseWarps;

// to (columns x rows, dense) = the transpose of x (rows x columns, dense), tiles of the grid's x columns by its y rows
// in turn. Floor: rows x columns values read and written.
template <class T>
__global__ void __launch_bounds__(kSparseBlock)
    transpose_rows(const T* x, std::int64_t rows, std::int64_t columns, T* to) {
  FORJA_SHARED(tile, T[kSparseTile][kSparseTile + 1]);
  const int lane = static_cast<int>(threadIdx.x) % kSparseTile;
  const int warp = static_cast<int>(threadIdx.x) / kSparseTile;
  for (std::int64_t top = std::int64_t{blockIdx.y} * kSparseTile; top < rows;
       top += std::int64_t{gridDim.y} * kSparseTile) {
    for (std::int64_t left = std::int64_t{blockIdx.x} * kSparseTile; left < columns;
         left += std::int64_t{gridDim.x} * kSparseTile) {
      for (int i = warp; i < kSparseTile; i += kSparseWarps) {
        if (top + i < rows && left + lane < columns) tile[i][lane] = x[(top + i) * columns + left + lane];
      }
      __syncthreads();
      for (int j = warp; j < kSparseTile; j += kSparseWarps) {
        if (left + j < columns && top + lane < rows) to[(left + j) * rows + top + lane] = tile[lane][j];
      }
      __syncthreads();
    }
  }
}

// y (rows x k, dense) = x W', x turned (width x rows): a warp has 32 rows and one row of W after the other, whose
// entries it reads once for all 32. Floor: nnz entries' 4 + sizeof(T) bytes for each 32 rows (of the second-level
// cache after the first), rows x nnz values of x by whole lines, rows x k values written; rows x nnz additions. Bound
// by that cache's bandwidth.
template <class T>
__global__ void __launch_bounds__(kSparseBlock)
    sparse_product(const T* x, std::int64_t rows, const std::int64_t* starts, const std::int32_t* columns,
                   const T* values, std::int64_t k, T* y) {
  FORJA_SHARED(tile, T[kSparseTile][kSparseTile + 1]);
  const int lane = static_cast<int>(threadIdx.x) % kSparseTile;
  const int warp = static_cast<int>(threadIdx.x) / kSparseTile;
  for (std::int64_t top = std::int64_t{blockIdx.x} * kSparseTile; top < rows;
       top += std::int64_t{gridDim.x} * kSparseTile) {
    const std::int64_t row = top + lane < rows ? top + lane : rows - 1;
    for (std::int64_t left = std::int64_t{blockIdx.y} * kSparseTile; left < k;
         left += std::int64_t{gridDim.y} * kSparseTile) {
      for (int c = warp; c < kSparseTile && left + c < k; c += kSparseWarps) {
        T sum = 0;
        const std::int64_t last = starts[left + c + 1];
        for (std::int64_t e = starts[left + c]; e < last; ++e) sum += values[e] * x[columns[e] * rows + row];
        tile[lane][c] = sum;
      }
      __syncthreads();
      for (int i = warp; i < kSparseTile; i += kSparseWarps) {
        if (top + i < rows && left + lane < k) y[(top + i) * k + left + lane] = tile[i][lane];
      }
      __syncthreads();
    }
  }
}

}  // namespace forja::cuda
