#pragma once

#include <cstdint>

#include "boosting/bin_table_view.h"
#include "boosting/block_tools.cuh"

/// Values of features and their bins.
namespace forja::cuda {

/// The bin of a value; the number of bins where it is missing.
__device__ inline int bin_of(const BinTableView& table, std::int64_t f, double value) {
  const double* const listed = table.entries + table.first[f];
  const auto count = static_cast<int>(table.first[f + 1] - table.first[f]);
  const bool categorical = table.categorical[f] != 0;
  const int missing = categorical ? count : count + 1;
  if (value != value) return missing;
  int first = 0;
  int last = count;
  while (first < last) {
    const int middle = (first + last) / 2;
    if (listed[middle] < value) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return categorical && (first == count || listed[first] != value) ? missing : first;
}

// A thread for each value. Floor: n d sizeof(T) bytes read, n d written; log2(bins) steps each from the L1 cache, which
// bound it.
template <class T>
__global__ void __launch_bounds__(kBoostThreads)
    bin_values(const T* x, std::int64_t rows, std::int64_t d, BinTableView table, std::uint8_t* bins,
               std::int64_t stride) {
  const std::int64_t place = std::int64_t{blockIdx.x} * kBoostThreads + threadIdx.x;
  if (place < rows * d) {
    const std::int64_t i = place / d;
    const std::int64_t f = place - i * d;
    bins[i * stride + f] = static_cast<std::uint8_t>(bin_of(table, f, static_cast<double>(x[place])));
  }
}

}  // namespace forja::cuda
