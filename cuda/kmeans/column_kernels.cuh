#pragma once

#include <cstdint>

#include "kmeans/block.cuh"

namespace forja::cuda {

/// What is known of one column over some rows.
template <class T>
struct ColumnSummary {
  double mean;
  double spread;  ///< sum of squared deviations
  T lowest;
  T highest;
};

/// Sums of one column over one thread's rows.
template <class T>
struct ColumnSums {
  double sum;
  double square;
  T lowest;
  T highest;
};

// Block (x: chunk of rows, y: group of columns); threads are blockDim.x columns by blockDim.y rows. Sums are shifted by
// the chunk's first row. Floor: n d values read, bound by memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    summarise_chunk(RowsView<T> rows, std::int64_t chunk_rows, ColumnSummary<T>* chunks) {
  FORJA_SHARED(seen, ColumnSums<T>[kRowBlock]);
  const std::int64_t d = rows.d;
  const std::int64_t first = blockIdx.x * chunk_rows;
  const std::int64_t last = first + chunk_rows < rows.n ? first + chunk_rows : rows.n;
  const std::int64_t column = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
  const T origin = column < d ? rows.x[first * d + column] : T(0);
  if (column < d) {
    ColumnSums<T> part{0, 0, origin, origin};
    for (std::int64_t row = first + threadIdx.y; row < last; row += blockDim.y) {
      const T value = rows.x[row * d + column];
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
  ColumnSums<T> whole = seen[thread];
  for (unsigned y = 1; y < blockDim.y; ++y) {
    const ColumnSums<T>& part = seen[y * blockDim.x + thread];
    whole.sum += part.sum;
    whole.square += part.square;
    whole.lowest = part.lowest < whole.lowest ? part.lowest : whole.lowest;
    whole.highest = part.highest > whole.highest ? part.highest : whole.highest;
  }
  const double apart = whole.sum / static_cast<double>(last - first);
  const double spread = whole.square - whole.sum * apart;
  chunks[blockIdx.x * d + column] = {static_cast<double>(origin) + apart, spread > 0 ? spread : 0, whole.lowest,
                                     whole.highest};
}

// A thread per column takes the chunks of `rows` one by one into the summary of the `before` rows before them (Chan,
// Golub and LeVeque, 1983). Floor: the chunks' summaries read once; bound by latency.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    join_chunks(RowsView<T> rows, std::int64_t chunk_rows, const ColumnSummary<T>* chunks, std::int64_t before,
                ColumnSummary<T>* columns) {
  const std::int64_t column = std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  if (column >= rows.d) return;
  ColumnSummary<T> all = before > 0 ? columns[column] : chunks[column];
  if (before == 0) all = {0, 0, all.lowest, all.highest};
  auto count = static_cast<double>(before);
  for (std::int64_t first = 0; first < rows.n; first += chunk_rows, chunks += rows.d) {
    const ColumnSummary<T> part = chunks[column];
    const auto added = static_cast<double>(first + chunk_rows < rows.n ? chunk_rows : rows.n - first);
    const double apart = count > 0 ? part.mean - all.mean : 0;
    all.mean = count > 0 ? all.mean + apart * (added / (count + added)) : part.mean;
    all.spread += part.spread + apart * apart * (count * added / (count + added));
    all.lowest = part.lowest < all.lowest ? part.lowest : all.lowest;
    all.highest = part.highest > all.highest ? part.highest : all.highest;
    count += added;
  }
  columns[column] = all;
}

}  // namespace forja::cuda
