#pragma once

#include <cstdint>

#include "formulas/fixed_point.h"
#include "kmeans/block.cuh"

/// Sums of clusters as 64-bit integers, in two's complement, and the centres that follow from them.
namespace forja::cuda {

template <class T>
__device__ unsigned long long fixed_entry(const RowsView<T>& rows, const FixedPointView& fixed, std::int64_t row,
                                          std::int64_t j) {
  return static_cast<unsigned long long>(
      formulas::to_fixed(weight_of(rows, row) * static_cast<double>(entry(rows, row, j)), fixed.scale[j]));
}

template <class T>
__device__ unsigned long long fixed_weight(const RowsView<T>& rows, const FixedPointView& fixed, std::int64_t row) {
  return static_cast<unsigned long long>(formulas::to_fixed(weight_of(rows, row), fixed.weight_scale));
}

// One block: `rows`, whose numbers are moved[], change their cluster, in the order given. Few of them. Floor: for each
// row d values read and 2 d sums read and written, one row after the other: bound by latency.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    move_given_rows(RowsView<T> rows, FixedPointView fixed, const std::int64_t* moved, const std::int32_t* clusters,
                    std::int32_t* labels, SumsView sums) {
  for (std::int64_t i = 0; i < rows.n; ++i) {
    const std::int64_t row = moved[i];
    const std::int64_t from = labels[row];
    const std::int64_t to = clusters[i];
    for (std::int64_t j = threadIdx.x; j < rows.d; j += kRowBlock) {
      const unsigned long long value = fixed_entry(rows, fixed, i, j);
      sums.sums[from * rows.d + j] -= value;
      sums.sums[to * rows.d + j] += value;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      const unsigned long long weight = fixed_weight(rows, fixed, i);
      sums.weights[from] -= weight;
      sums.weights[to] += weight;
      labels[row] = clusters[i];
    }
    __syncthreads();
  }
}

// A block per centre: the mean of its cluster, or with counts the mean of all it has had; an empty one stays. Floor:
// k d sums (8 bytes) and centres read, k d centres written: bound by memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    propose_centers(CentersView<T> current, FixedPointView fixed, SumsView sums, double* counts, T* proposed,
                    T* proposed_squares, ClusterRecord* records) {
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  const std::int64_t c = blockIdx.x;
  const auto whole = static_cast<std::int64_t>(sums.weights[c]);
  const double weight = formulas::from_fixed(whole, fixed.weight_inverse);
  const double count = counts == nullptr ? 0 : counts[c];
  double product = 0;
  double square = 0;
  double moved = 0;
  double next_square = 0;
  for (std::int64_t j = threadIdx.x; j < current.d; j += kRowBlock) {
    const T before = current.values[c * current.d + j];
    const double sum = formulas::from_fixed(static_cast<std::int64_t>(sums.sums[c * current.d + j]), fixed.inverse[j]);
    T after = before;
    if (whole != 0) {
      after = counts == nullptr ? formulas::cluster_mean<T>(sum, weight)
                                : formulas::running_mean(before, count, sum, weight);
    }
    proposed[c * current.d + j] = after;
    const auto old = static_cast<double>(before);
    const double difference = static_cast<double>(after) - old;
    product += old * sum;
    square += old * old;
    moved += difference * difference;
    next_square += static_cast<double>(after) * static_cast<double>(after);
  }
  product = block_sum(product, partial);
  square = block_sum(square, partial);
  moved = block_sum(moved, partial);
  next_square = block_sum(next_square, partial);
  if (threadIdx.x == 0) {
    records[c] = {weight * square - 2 * product, moved, weight};
    proposed_squares[c] = static_cast<T>(next_square);
    if (counts != nullptr) counts[c] = count + weight;
  }
}

// One block: the records' sums, and the bound on the new centres' norms. Floor: k records of 24 bytes and k squares
// read; bound by latency.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    sum_records(const ClusterRecord* records, const T* squares, std::int64_t k, ClusterRecord* sum, T* largest_norm) {
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  FORJA_SHARED(largest, T[kRowBlock]);
  ClusterRecord mine{0, 0, 0};
  T most = 0;
  for (std::int64_t c = threadIdx.x; c < k; c += kRowBlock) {
    if (records != nullptr) {
      mine.cost += records[c].cost;
      mine.shift += records[c].shift;
      mine.weight += records[c].weight;
    }
    if (squares[c] > most) most = squares[c];
  }
  const double cost = block_sum(mine.cost, partial);
  const double shift = block_sum(mine.shift, partial);
  const double weight = block_sum(mine.weight, partial);
  largest[threadIdx.x] = most;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (const T other : largest) most = other > most ? other : most;
    *largest_norm = static_cast<T>(std::sqrt(static_cast<double>(most)) * (1 + 0x1.0p-21));
    if (sum != nullptr) *sum = {cost, shift, weight};
  }
}

// A block per centre: ||c||^2. Floor: k d values read; bound by memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    square_centers(const T* values, std::int64_t d, T* squares) {
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  double square = 0;
  for (std::int64_t j = threadIdx.x; j < d; j += kRowBlock) {
    const auto value = static_cast<double>(values[std::int64_t{blockIdx.x} * d + j]);
    square += value * value;
  }
  square = block_sum(square, partial);
  if (threadIdx.x == 0) squares[blockIdx.x] = static_cast<T>(square);
}

// One block: rows take the place of centres, in the order given. Floor: d values of each row read and written; bound by
// latency.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    put_rows_in_place(RowsView<T> rows, const std::int32_t* clusters, double count, T* centers, double* counts) {
  for (std::int64_t i = 0; i < rows.n; ++i) {
    for (std::int64_t j = threadIdx.x; j < rows.d; j += kRowBlock) {
      centers[clusters[i] * rows.d + j] = entry(rows, i, j);
    }
    if (threadIdx.x == 0) counts[clusters[i]] = count;
  }
}

// A warp per slot: the row that it draws and, per block of four slots, the sum of weight x ||x'||^2. index = null: the
// rows lie in the order of the slots. Floor: d values read of each row drawn, in whole sectors of 32 bytes; bound by
// memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    draw_batch(RowsView<T> rows, std::uint64_t seed, std::int64_t step, std::int64_t slots, std::int64_t* index,
               double* block_squares) {
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t slot = std::int64_t{blockIdx.x} * (kRowBlock / kWarp) + threadIdx.x / kWarp;
  double square = 0;
  if (slot < slots) {
    const std::int64_t row = index == nullptr ? slot : formulas::batch_row(seed, step, slot, rows.n);
    for (std::int64_t j = lane; j < rows.d; j += kWarp) {
      const auto value = static_cast<double>(entry(rows, row, j));
      square += value * value;
    }
    square *= weight_of(rows, row);
    if (lane == 0 && index != nullptr) index[slot] = row;
  }
  square = block_sum(square, partial);
  if (threadIdx.x == 0) block_squares[blockIdx.x] = square;
}

// One block: the sum of many numbers, always in the same order. Floor: the numbers read; bound by latency.
template <class Number>
__global__ void __launch_bounds__(kSumThreads) sum_numbers(const Number* numbers, std::int64_t count, Number* result) {
  FORJA_SHARED(partial, double[kSumThreads / kWarp]);
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < count; i += kSumThreads) sum += numbers[i];
  sum = block_sum(sum, partial);
  if (threadIdx.x == 0) *result = sum;
}

}  // namespace forja::cuda
