#pragma once

#include <cstdint>

#include "boosting/binned_rows.h"
#include "boosting/block_tools.cuh"
#include "formulas/gradient_packing.h"

/// Sums of integer gradients by bins, for the rows of many nodes at once.
namespace forja::cuda {

/// Words from feature to feature in shared memory: bins of the same number lie in different banks.
inline constexpr int kBinStride = 257;
inline constexpr int kMostBins = 256;
/// Exact sums take 20 bytes a bin rather than 8.
template <bool kExact>
inline constexpr int kGroupFeatures = kExact ? kFeatureGroup / 2 : kFeatureGroup;
/// Features that a thread adds of a row: a word of bins.
inline constexpr int kQuad = 4;
/// Rows whose loads a thread has under way at once.
inline constexpr int kRowsAhead = 4;

/// The histograms of a group of features in shared memory.
template <bool kExact>
struct GroupSums {
  static constexpr int kSize = kGroupFeatures<kExact> * kBinStride;
  unsigned low[kSize];
  unsigned high[kSize];
};
template <>
struct GroupSums<true> {
  static constexpr int kSize = kGroupFeatures<true> * kBinStride;
  unsigned low[kSize];
  unsigned high[kSize];
  unsigned hessian_low[kSize];
  unsigned hessian_high[kSize];
  unsigned count[kSize];
};

__device__ inline void clear_place(GroupSums<false>& sums, int place) {
  sums.low[place] = 0;
  sums.high[place] = 0;
}
__device__ inline void clear_place(GroupSums<true>& sums, int place) {
  sums.low[place] = 0;
  sums.high[place] = 0;
  sums.hessian_low[place] = 0;
  sums.hessian_high[place] = 0;
  sums.count[place] = 0;
}

__device__ inline void add_row(GroupSums<false>& sums, int place, std::uint64_t word) {
  add_in_halves(sums.low + place, sums.high + place, word);
}
__device__ inline void add_row(GroupSums<true>& sums, int place, std::uint64_t word) {
  const std::int64_t gradient = formulas::exact_gradient(word);
  add_in_halves(sums.low + place, sums.high + place, static_cast<std::uint64_t>(gradient));
  add_in_halves(sums.hessian_low + place, sums.hessian_high + place,
                static_cast<std::uint64_t>(formulas::exact_hessian(word)));
  atomicAdd(sums.count + place, 1U);
}

__device__ inline formulas::IntegerSums sums_at(const GroupSums<false>& sums, int place) {
  return formulas::unpacked(from_halves(sums.low[place], sums.high[place]));
}
__device__ inline formulas::IntegerSums sums_at(const GroupSums<true>& sums, int place) {
  return {static_cast<std::int64_t>(from_halves(sums.low[place], sums.high[place])),
          static_cast<std::int64_t>(from_halves(sums.hessian_low[place], sums.hessian_high[place])),
          static_cast<std::int64_t>(sums.count[place])};
}

/// The j-th of a lane's four features, in another order from row to row of a warp: rows with the same bin do not add to
/// the same word at once.
__device__ inline int turned(int j, int row) { return (j + row) % kQuad; }

/// Adds a row to the histograms of four features.
template <bool kExact>
__device__ void add_quad(GroupSums<kExact>& sums, std::uint32_t four, std::uint64_t word, int row, int quad,
                         std::int64_t first_feature, std::int64_t d) {
  FORJA_UNROLL
  for (int j = 0; j < kQuad; ++j) {
    const int which = turned(j, row);
    const auto bin = static_cast<int>((four >> (8 * which)) & 0xFFU);
    if (first_feature + which < d) add_row(sums, (quad * kQuad + which) * kBinStride + bin, word);
  }
}

// A grid of (feature groups, chunks of rows): each block builds the histograms of a group's features over chunk_rows
// rows, kRowsPerWord at most, and adds them to the node's. Floor: of each row of a node 12 bytes of number and word,
// and its bins, read (a sector of 32 bytes at least each where rows of the node are far apart); d additions of 64 bits
// to shared memory, which bound it: two of 32 bits each, a warp's 32 in some 3 cycles where bins are many, so 6 d rows
// / 32 cycles of all multiprocessors; of each chunk 24 bytes a bin with rows added to L2.
template <bool kExact>
__global__ void __launch_bounds__(kBoostThreads)
    build_histograms(BinsView bins, const HistogramTask* tasks, std::int64_t count_of_tasks, std::int64_t chunk_rows,
                     std::int64_t groups) {
  FORJA_SHARED(sums, GroupSums<kExact>);
  constexpr int kFeatures = kGroupFeatures<kExact>;
  constexpr int kLanes = kFeatures / kQuad;  // threads of a row
  constexpr int kRows = kBoostThreads / kLanes;
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t chunk = std::int64_t{blockIdx.x} / groups;
  const std::int64_t first_feature = (std::int64_t{blockIdx.x} % groups) * kFeatures;
  const HistogramTask& task = tasks[task_at(tasks, count_of_tasks, &HistogramTask::first_chunk, chunk)];
  for (int place = thread; place < GroupSums<kExact>::kSize; place += kBoostThreads) clear_place(sums, place);
  __syncthreads();
  const std::int64_t begin = (chunk - task.first_chunk) * chunk_rows;
  const std::int64_t end = begin + chunk_rows < task.count ? begin + chunk_rows : task.count;
  const int quad = thread % kLanes;
  const int row = thread / kLanes;
  const std::int64_t first_of_quad = first_feature + std::int64_t{quad} * kQuad;
  const std::uint8_t* const columns = bins.bins + first_of_quad;
  for (std::int64_t at = begin + row; at < end; at += kRows * kRowsAhead) {
    std::uint64_t words[kRowsAhead];
    std::uint32_t quads[kRowsAhead];
    FORJA_UNROLL
    for (int k = 0; k < kRowsAhead; ++k) {
      const bool here = at + k * kRows < end;
      const std::int64_t i = here ? task.rows[at + k * kRows] : 0;
      words[k] = here ? task.word[i] : 0;
      quads[k] = here ? *reinterpret_cast<const std::uint32_t*>(columns + i * bins.stride) : 0;
    }
    FORJA_UNROLL
    for (int k = 0; k < kRowsAhead; ++k) {
      if (at + k * kRows < end) add_quad(sums, quads[k], words[k], row, quad, first_of_quad, bins.d);
    }
  }
  __syncthreads();
  for (int place = thread; place < kFeatures * kMostBins; place += kBoostThreads) {
    const std::int64_t f = first_feature + place / kMostBins;
    if (f >= bins.d) continue;
    const int bin = place % kMostBins;
    const std::int64_t first = bins.first_bin[f];
    if (first + bin >= bins.first_bin[f + 1]) continue;
    const formulas::IntegerSums found = sums_at(sums, (place / kMostBins) * kBinStride + bin);
    if (found.count == 0) continue;
    BinSums* const out = task.sums + first + bin;
    atomicAdd(&out->gradient, static_cast<unsigned long long>(found.gradient));
    atomicAdd(&out->hessian, static_cast<unsigned long long>(found.hessian));
    atomicAdd(&out->count, static_cast<unsigned long long>(found.count));
  }
}

// Floor: 24 bytes a bin written.
__global__ void __launch_bounds__(kBoostThreads) clear_histograms(const HistogramTask* tasks, std::int64_t all_bins) {
  const std::int64_t bin = std::int64_t{blockIdx.x} * kBoostThreads + threadIdx.x;
  if (bin < all_bins) tasks[blockIdx.y].sums[bin] = {0, 0, 0};
}

}  // namespace forja::cuda
