#pragma once

#include <cstdint>

#include "kmeans/block.cuh"

namespace forja::cuda {

/// Sums of one column over one chunk of rows, shifted by the chunk's first row.
template <class T>
struct ColumnPart {
  double sum;
  double square;
  T lowest;
  T highest;
};

// Block (x: chunk of rows, y: group of columns); threads are blockDim.x columns by blockDim.y rows. Floor: n d values
// read, bound by memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    summarise_chunk(const T* x, std::int64_t n, std::int64_t d, std::int64_t chunk_rows, ColumnPart<T>* parts) {
  FORJA_SHARED(seen, ColumnPart<T>[kRowBlock]);
  const std::int64_t first = blockIdx.x * chunk_rows;
  const std::int64_t last = first + chunk_rows < n ? first + chunk_rows : n;
  const std::int64_t column = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
  if (column < d) {
    const T origin = x[first * d + column];
    ColumnPart<T> part{0, 0, origin, origin};
    for (std::int64_t row = first + threadIdx.y; row < last; row += blockDim.y) {
      const T value = x[row * d + column];
      const double difference = static_cast<double>(value) - static_cast<double>(origin);
      part.sum += difference;
      part.square += difference * difference;
      part.lowest = value < part.lowest ? value : part.lowest;
      part.highest = value > part.highest ? value : part.highest;
    }
    seen[thread] = part;
  }
  __syncthreads();
  if (threadIdx.y != 0 || column >= d) return;
  ColumnPart<T> whole = seen[thread];
  for (unsigned y = 1; y < blockDim.y; ++y) {
    const ColumnPart<T>& part = seen[y * blockDim.x + thread];
    whole.sum += part.sum;
    whole.square += part.square;
    whole.lowest = part.lowest < whole.lowest ? part.lowest : whole.lowest;
    whole.highest = part.highest > whole.highest ? part.highest : whole.highest;
  }
  parts[blockIdx.x * d + column] = whole;
}

}  // namespace forja::cuda
