#pragma once

#include <cstdint>

#include "compute/kmeans_compute.h"
#include "kmeans/block.cuh"

/// Draws by weight and by weighted distance, and the distances to the rows drawn.
namespace forja::cuda {

/// A row's mass in a draw: its weight, times its least squared distance where there is one.
template <class T>
__device__ double mass_of(const RowsView<T>& rows, const T* least, std::int64_t row) {
  return weight_of(rows, row) * (least == nullptr ? 1.0 : static_cast<double>(least[row]));
}

// Per chunk of kRowBlock rows, the sum of their weights. Floor: n weights read; bound by memory.
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

// For kSeedTargets candidates per block in y: each row's least squared distance with the candidate, and the chunks'
// weighted sums of them. least: null before the first acceptance; may be trials.values of the one candidate. Floor: for
// t candidates, n d t / kSeedTargets values of rows read, n t values written, 2 n d t operations of double: bound by
// the rows' bytes, or by double arithmetic where a GPU has little.
template <class T, int kSeedTargets>
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
      mass = __dmul_rn(weight_of(rows, row), static_cast<double>(value));  // the same bits in groups of any size
    }
    const double sum = block_sum(mass, partial);
    if (threadIdx.x == 0 && t < here) trials.chunk_masses[(candidate + t) * trials.chunks + blockIdx.x] = sum;
  }
}

// A block per candidate: the sum of its chunks. Floor: n / 128 sums of 8 bytes read; bound by latency.
__global__ inline void __launch_bounds__(kSumThreads)
    sum_candidates(const std::int64_t* drawn, const double* chunk_masses, std::int64_t chunks, double unit,
                   compute::SeedCandidate* found) {
  FORJA_SHARED(partial, double[kSumThreads / kWarp]);
  double sum = 0;
  for (std::int64_t c = threadIdx.x; c < chunks; c += kSumThreads) sum += chunk_masses[blockIdx.x * chunks + c];
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

/// Where a walk along masses has ended: at the first one with which the running sum exceeds the goal, or at the last
/// one that is not 0.
struct Stop {
  std::int64_t place;
  double before;  ///< the running sum without it
};

/// One warp walks along the masses from `first` to before `last`, 32 at a time, always adding in the same order.
template <class Mass>
__device__ Stop walk(std::int64_t first, std::int64_t last, double before, double goal, const Mass& mass) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  Stop stop{first, before};
  for (; first < last; first += kWarp) {
    const double mine = first + lane < last ? mass(first + lane) : 0;
    double sum = mine;
    for (int step = 1; step < kWarp; step *= 2) {
      const double left = __shfl_up_sync(kFullWarp, sum, static_cast<unsigned>(step));
      if (lane >= step) sum += left;
    }
    const unsigned some = __ballot_sync(kFullWarp, mine > 0);
    const unsigned over = __ballot_sync(kFullWarp, mine > 0 && before + sum > goal);
    const int turn = over != 0 ? __ffs(static_cast<int>(over)) - 1 : kWarp - 1 - __clz(static_cast<int>(some));
    const double up_to = __shfl_sync(kFullWarp, sum, turn > 0 ? turn - 1 : 0);
    if (some != 0) stop = {first + turn, before + (turn > 0 ? up_to : 0)};
    before += __shfl_sync(kFullWarp, sum, kWarp - 1);
    if (over != 0) break;
  }
  return stop;
}

// A block per u: the first row whose running sum exceeds u x total. Warps sum runs of chunks; then one warp walks over
// runs, chunks and rows. The order of adding is fixed. Floor: n / 128 sums of 8 bytes read, and 8 + n / 2^19 steps of
// 32 masses: bound by latency.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    draw_rows_at(DrawTask<T> task, const double* u, std::int64_t* drawn) {
  FORJA_SHARED(runs, double[kRowBlock]);
  FORJA_SHARED(partial, double[kRowBlock / kWarp]);
  FORJA_SHARED(total, double);
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t run = (task.chunks + kRowBlock - 1) / kRowBlock;
  const auto end_of = [&](std::int64_t r) { return (r + 1) * run < task.chunks ? (r + 1) * run : task.chunks; };
  const double* masses = task.chunk_masses;
  const T* least = task.least;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (masses == nullptr || attempt == 1) {
      masses = task.chunk_weights;
      least = nullptr;
    }
    __syncthreads();
    for (int r = static_cast<int>(threadIdx.x) / kWarp; r < kRowBlock; r += kRowBlock / kWarp) {
      double sum = 0;
      for (std::int64_t c = r * run + lane; c < end_of(r); c += kWarp) sum += masses[c];
      for (int step = kWarp / 2; step > 0; step /= 2) sum += __shfl_xor_sync(kFullWarp, sum, step);
      if (lane == 0) runs[r] = sum;
    }
    __syncthreads();
    const double all = block_sum(runs[threadIdx.x], partial);
    if (threadIdx.x == 0) total = all;
    __syncthreads();
    if (total > 0) break;
  }
  if (threadIdx.x >= kWarp) return;
  const double goal = u[blockIdx.x] * total;
  const Stop in_runs = walk(0, kRowBlock, 0, goal, [&](std::int64_t r) { return runs[r]; });
  const Stop in_run =
      walk(in_runs.place * run, end_of(in_runs.place), in_runs.before, goal, [&](std::int64_t c) { return masses[c]; });
  const std::int64_t first = in_run.place * kRowBlock;
  const std::int64_t last = first + kRowBlock < task.rows.n ? first + kRowBlock : task.rows.n;
  const Stop in_chunk =
      walk(first, last, in_run.before, goal, [&](std::int64_t row) { return mass_of(task.rows, least, row); });
  if (lane == 0) drawn[blockIdx.x] = in_chunk.place;
}

}  // namespace forja::cuda
