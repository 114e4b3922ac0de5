#pragma once

#include <cstdint>

#include "compute/kmeans_compute.h"
#include "kmeans/block.cuh"

/// Draws by weight and by weighted distance, and the distances to the rows drawn.
namespace forja::cuda {

inline constexpr int kSeedTargets = 4;

/// A row's mass in a draw: its weight, times its least squared distance where there is one.
template <class T>
__device__ double mass_of(const RowsView<T>& rows, const T* least, std::int64_t row) {
  return weight_of(rows, row) * (least == nullptr ? 1.0 : static_cast<double>(least[row]));
}

// Per chunk of kRowBlock rows, the sum of their weights. Floor: n weights read.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce) sum_weights(RowsView<T> rows, double* chunk_sums) {
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  const std::int64_t row = std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  const double sum = block_sum(row < rows.n ? weight_of(rows, row) : 0, partial);
  if (threadIdx.x == 0) chunk_sums[blockIdx.x] = sum;
}

/// What each candidate would make of the rows from `first` on: least squared distances, and their weighted sums by
/// chunk.
template <class T>
struct TrialsView {
  T* values = nullptr;             ///< one row of n for each candidate; null: only the sums are kept
  double* chunk_masses = nullptr;  ///< one row of n / kRowBlock for each
  std::int64_t n = 0;
  std::int64_t chunks = 0;

  TrialsView from(std::int64_t first) const {
    return {values == nullptr ? nullptr : values + first, chunk_masses + first / kRowBlock, n, chunks};
  }
};

// For 4 candidates per block in y: each row's least squared distance with the candidate, and the chunks' weighted sums
// of them. least: null before the first acceptance; may be trials.values of the one candidate. Floor: for t candidates,
// n d t / 4 values of rows read, n t values written, 2 n d t operations of double: bound by the rows' bytes, or by
// double arithmetic where a GPU has little.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    try_candidates(RowsView<T> rows, const T* candidates, std::int64_t count, const T* least, TrialsView<T> trials) {
  using Tile = DifferenceTile<T, kSeedTargets>;
  FORJA_SHARED(tile, Tile);
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  const std::int64_t first = std::int64_t{blockIdx.x} * kRowBlock;
  const std::int64_t row = first + threadIdx.x;
  const std::int64_t candidate = std::int64_t{blockIdx.y} * kSeedTargets;
  const int here = count - candidate < kSeedTargets ? static_cast<int>(count - candidate) : kSeedTargets;
  double squares[kSeedTargets] = {};
  add_squares(rows, nullptr, first, {candidates, candidate, here}, tile, squares);
  FORJA_UNROLL
  for (int t = 0; t < kSeedTargets; ++t) {
    double mass = 0;
    if (row < rows.n && t < here) {
      T value = static_cast<T>(squares[t]);
      if (least != nullptr && least[row] < value) value = least[row];
      if (trials.values != nullptr) trials.values[(candidate + t) * trials.n + row] = value;
      mass = weight_of(rows, row) * static_cast<double>(value);
    }
    const double sum = block_sum(mass, partial);
    if (threadIdx.x == 0 && t < here) trials.chunk_masses[(candidate + t) * trials.chunks + blockIdx.x] = sum;
  }
}

// A block per candidate: the sum of its chunks. Floor: the sums read.
__global__ inline void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    sum_candidates(const std::int64_t* drawn, const double* chunk_masses, std::int64_t chunks, double unit,
                   compute::SeedCandidate* found) {
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  double sum = 0;
  for (std::int64_t c = threadIdx.x; c < chunks; c += kRowBlock) sum += chunk_masses[blockIdx.x * chunks + c];
  sum = block_sum(sum, partial);
  if (threadIdx.x == 0) found[blockIdx.x] = {drawn[blockIdx.x], sum * unit};
}

/// One draw's inputs: masses by chunk, and what they are the sums of.
template <class T>
struct DrawTask {
  RowsView<T> rows;
  const T* least = nullptr;               ///< null: by weight alone
  const double* chunk_masses = nullptr;   ///< null: by weight alone
  const double* chunk_weights = nullptr;  ///< where the masses' total is 0
  std::int64_t chunks = 0;
};

// A block per u: the first row whose running sum exceeds u x total. A thread sums a run of chunks; then one thread
// walks over runs, chunks and rows. The order of adding is fixed. Floor: n / 128 sums read, 3 walks of at most 128 or
// n / 16384 steps: bound by latency.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    draw_rows_at(DrawTask<T> task, const double* u, std::int64_t* drawn) {
  FORJA_SHARED(runs, double[kRowBlock]);
  FORJA_SHARED(total, double);
  const std::int64_t run = (task.chunks + kRowBlock - 1) / kRowBlock;
  const double* masses = task.chunk_masses;
  const T* least = task.least;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (masses == nullptr || attempt == 1) {
      masses = task.chunk_weights;
      least = nullptr;
    }
    double sum = 0;
    for (std::int64_t c = threadIdx.x * run; c < (threadIdx.x + 1) * run && c < task.chunks; ++c) sum += masses[c];
    __syncthreads();
    runs[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
      double all = 0;
      for (const double part : runs) all += part;
      total = all;
    }
    __syncthreads();
    if (total > 0) break;
  }
  if (threadIdx.x != 0) return;
  const double goal = u[blockIdx.x] * total;
  double before = 0;
  std::int64_t chosen_run = -1;
  double before_run = 0;
  for (int r = 0; r < kRowBlock; ++r) {
    if (!(runs[r] > 0)) continue;
    chosen_run = r;
    before_run = before;
    before += runs[r];
    if (before > goal) break;
  }
  std::int64_t chosen_chunk = chosen_run * run;
  double before_chunk = before_run;
  before = before_run;
  for (std::int64_t c = chosen_run * run; c < (chosen_run + 1) * run && c < task.chunks; ++c) {
    if (!(masses[c] > 0)) continue;
    chosen_chunk = c;
    before_chunk = before;
    before += masses[c];
    if (before > goal) break;
  }
  std::int64_t chosen = chosen_chunk * kRowBlock;
  before = before_chunk;
  for (std::int64_t row = chosen_chunk * kRowBlock; row < (chosen_chunk + 1) * kRowBlock && row < task.rows.n; ++row) {
    const double mass = mass_of(task.rows, least, row);
    if (!(mass > 0)) continue;
    chosen = row;
    before += mass;
    if (before > goal) break;
  }
  drawn[blockIdx.x] = chosen;
}

}  // namespace forja::cuda
