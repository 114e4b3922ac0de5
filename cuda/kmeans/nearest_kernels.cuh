#pragma once

#include <cstdint>

#include "kmeans/block.cuh"

/// The nearest centre of each row: scores by tiles, and the exact distances of those that scores cannot tell apart.
namespace forja::cuda {

inline constexpr int kTileRows = 64;
inline constexpr int kTileCenters = 64;
inline constexpr int kTilePitch = 68;  // of a column in a tile: whole float4s, and neighbours on other banks
inline constexpr int kRowsEach = 8;    // rows and centres of one thread
inline constexpr int kCentersEach = 4;
inline constexpr int kLanesOfRow = kTileCenters / kCentersEach;
inline constexpr int kNearestThreads = kTileRows / kRowsEach * kLanesOfRow;
static_assert(kTileRows == kTileCenters && kTileRows * (kLanesOfRow + 1) == kColumnTile * kTilePitch,
              "the scores at the end take the tiles' place");

template <class T>
__device__ void load_tiles(const NearestTask<T>& task, std::int64_t slots, std::int64_t first_slot,
                           std::int64_t first_center, std::int64_t first_column, T* x_tile, T* c_tile) {
  for (int place = static_cast<int>(threadIdx.x); place < kTileRows * kColumnTile; place += kNearestThreads) {
    const int r = place / kColumnTile;
    const int j = place % kColumnTile;
    const bool inside = first_column + j < task.rows.d;
    const std::int64_t slot = first_slot + r;
    const std::int64_t c = first_center + r;
    x_tile[j * kTilePitch + r] = inside && slot < slots ? entry(task.rows, row_of(task, slot), first_column + j) : T(0);
    c_tile[j * kTilePitch + r] =
        inside && c < task.centers.k ? task.centers.values[c * task.rows.d + first_column + j] : T(0);
  }
}

/// The least two scores that a thread has seen of each of its rows.
template <class T>
struct Least {
  T least[kRowsEach];
  T second[kRowsEach];
  std::int32_t center[kRowsEach];
};

template <class T>
__device__ void take_scores(const CentersView<T>& centers, std::int64_t first_center,
                            const T (&products)[kRowsEach][kCentersEach], Least<T>& seen) {
  FORJA_UNROLL
  for (int m = 0; m < kCentersEach; ++m) {
    const std::int64_t c = first_center + m;
    if (c >= centers.k) continue;
    const T square = centers.squares[c];
    FORJA_UNROLL
    for (int r = 0; r < kRowsEach; ++r) {
      const T score = square - 2 * products[r][m];
      if (score < seen.least[r]) {
        seen.second[r] = seen.least[r];
        seen.least[r] = score;
        seen.center[r] = static_cast<std::int32_t>(c);
      } else if (score < seen.second[r]) {
        seen.second[r] = score;
      }
    }
  }
}

/// One row's label, and its bounds, from what the threads that share it have seen. Of a row left open nothing is known.
template <class T>
__device__ std::int32_t label_of(const NearestTask<T>& task, std::int64_t slot, const T* least, const T* second,
                                 const std::int32_t* center) {
  T best = least[0];
  T next = second[0];
  std::int32_t label = center[0];
  for (int lane = 1; lane < kLanesOfRow; ++lane) {
    const T other = least[lane];
    if (other < best || (other == best && center[lane] < label)) {
      next = best < second[lane] ? best : second[lane];
      best = other;
      label = center[lane];
    } else if (other < next) {
      next = other;
    }
  }
  const std::int64_t row = row_of(task, slot);
  const T norm = task.norms[row];
  const T error = formulas::score_error<T>(task.rows.d, norm, *task.centers.largest_norm);
  const bool settled = next - best > 2 * error;
  if (task.bounds.upper != nullptr) {
    task.bounds.upper[row] = settled ? formulas::distance_above(best, error, norm) : kInfinity<T>;
    task.bounds.lower[row] = settled ? formulas::distance_below(next, error, norm) : T(0);
  }
  return settled ? label : ~label;
}

// A block takes 64 rows past all centres, 64 x 64 scores at a time in registers, 8 x 4 each thread; only the least two
// of each row are kept. Floor: 2 n d k operations of T; reads n d of rows and, from the cache, k d n / 64 of centres;
// writes n labels. Bound by arithmetic from k of about 32 on (float, H100), by the rows' bytes below.
template <class T>
__global__ void __launch_bounds__(kNearestThreads) nearest_by_scores(NearestTask<T> task) {
  FORJA_SHARED(tiles, T[2 * kColumnTile * kTilePitch]);
  FORJA_SHARED(found, std::int32_t[kTileRows * (kLanesOfRow + 1)]);
  T* const x_tile = tiles;
  T* const c_tile = tiles + kColumnTile * kTilePitch;
  const int lane = static_cast<int>(threadIdx.x) % kLanesOfRow;
  const int group = static_cast<int>(threadIdx.x) / kLanesOfRow;
  const std::int64_t first_slot = std::int64_t{blockIdx.x} * kTileRows;
  const std::int64_t slots = filled_slots(task.count, task.slots);
  if (first_slot >= slots) return;
  Least<T> seen;
  FORJA_UNROLL
  for (int r = 0; r < kRowsEach; ++r) {
    seen.least[r] = kInfinity<T>;
    seen.second[r] = kInfinity<T>;
    seen.center[r] = 0;
  }
  for (std::int64_t first_center = 0; first_center < task.centers.k; first_center += kTileCenters) {
    T products[kRowsEach][kCentersEach] = {};
    for (std::int64_t column = 0; column < task.rows.d; column += kColumnTile) {
      __syncthreads();
      load_tiles(task, slots, first_slot, first_center, column, x_tile, c_tile);
      __syncthreads();
      FORJA_UNROLL
      for (int j = 0; j < kColumnTile; ++j) {
        T c[kCentersEach];
        FORJA_UNROLL
        for (int m = 0; m < kCentersEach; ++m) c[m] = c_tile[j * kTilePitch + lane * kCentersEach + m];
        FORJA_UNROLL
        for (int r = 0; r < kRowsEach; ++r) {
          const T x = x_tile[j * kTilePitch + group * kRowsEach + r];
          FORJA_UNROLL
          for (int m = 0; m < kCentersEach; ++m) products[r][m] += x * c[m];
        }
      }
    }
    take_scores(task.centers, first_center + lane * kCentersEach, products, seen);
  }
  __syncthreads();
  FORJA_UNROLL
  for (int r = 0; r < kRowsEach; ++r) {
    const int place = (group * kRowsEach + r) * (kLanesOfRow + 1) + lane;
    x_tile[place] = seen.least[r];
    c_tile[place] = seen.second[r];
    found[place] = seen.center[r];
  }
  __syncthreads();
  const int row = static_cast<int>(threadIdx.x);
  if (row < kTileRows && first_slot + row < slots) {
    const int place = row * (kLanesOfRow + 1);
    task.labels[first_slot + row] = label_of(task, first_slot + row, x_tile + place, c_tile + place, found + place);
  }
}

template <class T>
__device__ T score_of(const NearestTask<T>& task, std::int64_t row, std::int64_t c) {
  T product = 0;
  for (std::int64_t j = 0; j < task.rows.d; ++j) {
    product += entry(task.rows, row, j) * task.centers.values[c * task.rows.d + j];
  }
  return task.centers.squares[c] - 2 * product;
}

template <class T>
__device__ double exact_distance_of(const RowsView<T>& rows, std::int64_t row, const T* center) {
  double sum = 0;
  for (std::int64_t j = 0; j < rows.d; ++j) {
    const double difference = static_cast<double>(entry(rows, row, j)) - static_cast<double>(center[j]);
    sum = std::fma(difference, difference, sum);
  }
  return sum;
}

// A warp looks at 32 labels and settles the open ones together, a lane per centre: exact distances of the centres that
// scores cannot rule out. A centre's score here may be rounded otherwise than in the tiles, but both are within
// score_error() of the exact one. Floor: n labels read; 2 k d operations of T for each open row, which are few.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce) settle_open_rows(NearestTask<T> task) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t mine = std::int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  const std::int32_t label = mine < filled_slots(task.count, task.slots) ? task.labels[mine] : 0;
  unsigned open = __ballot_sync(kFullWarp, label < 0);
  while (open != 0) {
    const int turn = __ffs(static_cast<int>(open)) - 1;
    open &= open - 1;
    const std::int64_t row = row_of(task, mine - lane + turn);
    const std::int32_t guess = ~__shfl_sync(kFullWarp, label, turn);
    const T limit = score_of(task, row, guess) +
                    2 * formulas::score_error<T>(task.rows.d, task.norms[row], *task.centers.largest_norm);
    double least = kInfinity<double>;
    std::int32_t nearest = guess;
    for (std::int64_t c = lane; c < task.centers.k; c += kWarp) {
      if (score_of(task, row, c) > limit) continue;
      const double exact = exact_distance_of(task.rows, row, task.centers.values + c * task.rows.d);
      if (exact < least) {
        least = exact;
        nearest = static_cast<std::int32_t>(c);
      }
    }
    for (int step = kWarp / 2; step > 0; step /= 2) {
      const double other = __shfl_xor_sync(kFullWarp, least, step);
      const std::int32_t center = __shfl_xor_sync(kFullWarp, nearest, step);
      if (other < least || (other == least && center < nearest)) {
        least = other;
        nearest = center;
      }
    }
    if (lane == turn) task.labels[mine] = nearest;
  }
}

}  // namespace forja::cuda
