#pragma once

#include <cstdint>

#include "kmeans/block.cuh"

/// Bounds on rows' distances between passes (Hamerly 2010): which rows need no search.
namespace forja::cuda {

inline constexpr int kGapTargets = 8;

// A thread per centre: adds its last shift to its drift. Floor: k shifts of 8 bytes read, k drifts read and written.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    add_shifts(const ClusterRecord* records, std::int64_t k, std::int64_t d, T* drifts) {
  const std::int64_t c = std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  if (c < k) drifts[c] = formulas::grown(drifts[c], formulas::length_above<T>(records[c].shift, d));
}

// The least squared distance of each centre to another one, 128 centres by 8 a block; squares, which are never below
// zero, are ordered as their bits are. Floor: k^2 d operations of double, k^2 d / 8 values from the cache.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    measure_gaps(RowsView<T> centers, std::int64_t groups, unsigned long long* least) {
  using Tile = DifferenceTile<T, kGapTargets>;
  FORJA_SHARED(tile, Tile);
  const std::int64_t first = std::int64_t{blockIdx.x} * kRowBlock;
  const std::int64_t c = first + threadIdx.x;
  double nearest = kInfinity<double>;
  for (std::int64_t group = blockIdx.y; group < groups; group += gridDim.y) {
    const std::int64_t other = group * kGapTargets;
    const std::int64_t left = centers.n - other;
    const int count = left < kGapTargets ? static_cast<int>(left) : kGapTargets;
    double squares[kGapTargets] = {};
    add_squares(centers, nullptr, first, {centers.x, other, count}, tile, squares);
    FORJA_UNROLL
    for (int t = 0; t < kGapTargets; ++t) {
      if (t < count && other + t != c && squares[t] < nearest) nearest = squares[t];
    }
  }
  if (c < centers.n) atomicMin(&least[c], static_cast<unsigned long long>(__double_as_longlong(nearest)));
}

// One block: half the distance from each centre to the nearest other one, a lower bound; and the largest two drifts.
// Floor: 2 k numbers read, k written; bound by latency.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    finish_centers(const unsigned long long* least, const T* drifts, std::int64_t k, std::int64_t d, T* half_gaps,
                   LargestDrifts<T>* largest) {
  FORJA_SHARED(seen, LargestDrifts<T>[kRowBlock]);
  LargestDrifts<T> mine{-1, T(0), T(0)};
  for (std::int64_t c = threadIdx.x; c < k; c += kRowBlock) {
    const double square = __longlong_as_double(static_cast<long long>(least[c]));
    half_gaps[c] = formulas::length_below<T>(square, d) / 2;
    const T drift = drifts[c];
    if (mine.center < 0 || drift > mine.most) {
      mine = {c, drift, mine.most};
    } else if (drift > mine.most_of_others) {
      mine.most_of_others = drift;
    }
  }
  seen[threadIdx.x] = mine;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int t = 1; t < kRowBlock; ++t) {
      const LargestDrifts<T> other = seen[t];
      if (other.center >= 0 && other.most > mine.most) {
        const T second = mine.most > other.most_of_others ? mine.most : other.most_of_others;
        mine = {other.center, other.most, second};
      } else if (other.most > mine.most_of_others) {
        mine.most_of_others = other.most;
      }
    }
    *largest = mine;
  }
}

template <class T>
struct FilterTask {
  RowsView<T> rows;
  CentersView<T> centers;
  BoundsView<T> bounds;
  const std::int32_t* labels = nullptr;
  const T* drifts = nullptr;
  const LargestDrifts<T>* largest = nullptr;
  const T* half_gaps = nullptr;
  std::int64_t* left = nullptr;          ///< the rows whose nearest centre has to be searched for
  unsigned long long* counts = nullptr;  ///< how many in the pass so far, and how many of these rows
};

/// The squared distance of one row to a centre, the warp's lanes along the columns: the sum in every lane.
template <class T>
__device__ double warp_distance(const RowsView<T>& rows, std::int64_t row, const T* center) {
  double sum = 0;
  for (std::int64_t j = threadIdx.x % kWarp; j < rows.d; j += kWarp) {
    const double difference = static_cast<double>(entry(rows, row, j)) - static_cast<double>(center[j]);
    sum = std::fma(difference, difference, sum);
  }
  for (int step = kWarp / 2; step > 0; step /= 2) sum += __shfl_xor_sync(kFullWarp, sum, step);
  return sum;
}

// A warp looks at 32 rows: their bounds follow the centres' drifts; of a row that they leave unsure the distance to its
// own centre is measured; what is unsure even so is listed, in any order. Floor: 20 bytes a row (float), and d values
// of each row that the bounds alone leave unsure: bound by memory.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce) list_unsure_rows(FilterTask<T> task) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t mine = std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  const bool inside = mine < task.rows.n;
  const std::int32_t label = inside ? task.labels[mine] : 0;
  T upper = 0;
  T lower = 0;
  if (inside) {
    upper = formulas::grown(task.bounds.upper[mine], task.drifts[label]);
    const T drift_of_others = label == task.largest->center ? task.largest->most_of_others : task.largest->most;
    lower = formulas::shrunk(task.bounds.lower[mine], drift_of_others);
  }
  const T half_gap = task.half_gaps[label];
  const T others = lower > half_gap ? lower : half_gap;
  bool unsure = inside && !formulas::surely_nearest(task.rows.d, upper, others);
  unsigned open = __ballot_sync(kFullWarp, unsure);
  while (open != 0) {
    const int turn = __ffs(static_cast<int>(open)) - 1;
    open &= open - 1;
    const std::int64_t center = __shfl_sync(kFullWarp, label, turn);
    const double square = warp_distance(task.rows, mine - lane + turn, task.centers.values + center * task.rows.d);
    if (lane == turn) {
      upper = formulas::length_above<T>(square, task.rows.d);
      unsure = !formulas::surely_nearest(task.rows.d, upper, others);
    }
  }
  if (inside) {
    task.bounds.upper[mine] = upper;
    task.bounds.lower[mine] = lower;
  }
  const unsigned left = __ballot_sync(kFullWarp, unsure);
  unsigned long long place = 0;
  if (lane == 0 && left != 0) {
    place = atomicAdd(&task.counts[1], static_cast<unsigned long long>(__popc(left)));
    atomicAdd(&task.counts[0], static_cast<unsigned long long>(__popc(left)));
  }
  place = __shfl_sync(kFullWarp, place, 0);
  if (unsure) task.left[place + __popc(left & ((1U << lane) - 1))] = mine;
}

// A thread per row: nothing is known of its distances. Floor: 8 bytes read and two bounds written for each row, few.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    forget_rows(const std::int64_t* rows, std::int64_t count, BoundsView<T> bounds) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  if (i >= count) return;
  bounds.upper[rows[i]] = kInfinity<T>;
  bounds.lower[rows[i]] = 0;
}

}  // namespace forja::cuda
