#pragma once

#include <cstdint>

#include "boosting/block_tools.cuh"
#include "formulas/fixed_point.h"
#include "formulas/portable_math.h"

/// Statistics of leaves, and what their values do to scores.
namespace forja::cuda {

inline constexpr int kDigitBits = 8;
inline constexpr int kDigits = 1 << kDigitBits;
static_assert(kDigits == kBoostThreads, "a thread clears a digit, and eight lanes' sums are a warp's");

// A block for each piece of a node: gradients in fixed point. Floor: 12 bytes a row read, of which the gradients come
// in sectors of 32 where rows are far apart.
__global__ void __launch_bounds__(kBoostThreads) sum_leaves(const LeafTask* tasks, std::int64_t count_of_tasks,
                                                            GradientsView gradients, std::int64_t n, BinSums* sums) {
  const std::int64_t leaf = task_at(tasks, count_of_tasks, &LeafTask::first_piece, blockIdx.x);
  const LeafTask& task = tasks[leaf];
  const OutputScales& scales = gradients.scales[task.output];
  const std::int64_t first = (std::int64_t{blockIdx.x} - task.first_piece) * kPieceRows;
  std::int64_t gradient = 0;
  std::int64_t hessian = 0;
  for (int k = static_cast<int>(threadIdx.x); k < kPieceRows; k += kBoostThreads) {
    if (first + k < task.count) {
      const RowGradient row = gradients.row[task.output * n + task.rows[first + k]];
      gradient += formulas::to_fixed(static_cast<double>(row.gradient), scales.gradient_fixed);
      hessian += formulas::to_fixed(static_cast<double>(row.hessian), scales.hessian_fixed);
    }
  }
  gradient = warp_total(gradient);
  hessian = warp_total(hessian);
  if (threadIdx.x % kWarp == 0) {
    atomicAdd(&sums[leaf].gradient, static_cast<unsigned long long>(gradient));
    atomicAdd(&sums[leaf].hessian, static_cast<unsigned long long>(hessian));
  }
}

// A thread for each leaf: sums as numbers.
__global__ void __launch_bounds__(kWarp)
    finish_leaves(const LeafTask* tasks, std::int64_t count_of_tasks, const OutputScales* scales, const BinSums* sums,
                  formulas::NodeSums* out) {
  const std::int64_t leaf = std::int64_t{blockIdx.x} * kWarp + threadIdx.x;
  if (leaf < count_of_tasks) {
    const OutputScales& own = scales[tasks[leaf].output];
    out[leaf] = {formulas::from_fixed(static_cast<std::int64_t>(sums[leaf].gradient), 1.0 / own.gradient_fixed),
                 formulas::from_fixed(static_cast<std::int64_t>(sums[leaf].hessian), 1.0 / own.hessian_fixed),
                 static_cast<double>(tasks[leaf].count)};
  }
}

/// Whole numbers in the order of doubles.
__device__ inline std::uint64_t ordered_bits(double value) {
  const std::uint64_t bits = formulas::double_as_bits(value);
  return (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
}
__device__ inline double from_ordered_bits(std::uint64_t bits) {
  return formulas::bits_as_double((bits >> 63) != 0 ? bits & ~(std::uint64_t{1} << 63) : ~bits);
}

/// Weights by digit, and what the block knows of the quantile.
struct QuantileShared {
  unsigned low[kDigits];
  unsigned high[kDigits];
  unsigned rows[kDigits];
  std::uint64_t prefix;
  std::int64_t below;  ///< the weight of the rows with lesser prefixes
  double least;        ///< what the weights must reach
};

/// The first digit at which the weights reach `least`, by one warp; the last with rows where none does.
__device__ inline void choose_digit(QuantileShared& shared, bool first_digit, double q) {
  constexpr int kEach = kDigits / kWarp;
  const int lane = static_cast<int>(threadIdx.x);
  std::int64_t weights[kEach];
  std::int64_t own = 0;
  FORJA_UNROLL
  for (int k = 0; k < kEach; ++k) {
    const int digit = lane * kEach + k;
    weights[k] = static_cast<std::int64_t>(from_halves(shared.low[digit], shared.high[digit]));
    own += weights[k];
  }
  std::int64_t sum = own;
  for (int step = 1; step < kWarp; step *= 2) {
    const std::int64_t other = __shfl_up_sync(kAllLanes, sum, static_cast<unsigned>(step));
    if (lane >= step) sum += other;
  }
  const std::int64_t total = __shfl_sync(kAllLanes, sum, kWarp - 1);
  const double least = first_digit ? q * static_cast<double>(total) : shared.least;
  std::int64_t before = shared.below + sum - own;
  int chosen = kDigits;
  std::int64_t chosen_before = 0;
  int last = -1;
  std::int64_t last_before = 0;
  FORJA_UNROLL
  for (int k = 0; k < kEach; ++k) {
    const bool there = shared.rows[lane * kEach + k] != 0;
    if (there) {
      last = lane * kEach + k;
      last_before = before;
    }
    before += weights[k];
    if (there && chosen == kDigits && static_cast<double>(before) >= least) {
      chosen = last;
      chosen_before = last_before;
    }
  }
  const unsigned reached = __ballot_sync(kAllLanes, chosen < kDigits);
  const unsigned filled = __ballot_sync(kAllLanes, last >= 0);
  const int owner = reached != 0 ? __ffs(static_cast<int>(reached)) - 1 : kWarp - 1 - __clz(static_cast<int>(filled));
  __syncwarp();
  if (lane == owner) {
    shared.prefix = (shared.prefix << kDigitBits) | static_cast<std::uint64_t>(reached != 0 ? chosen : last);
    shared.below = reached != 0 ? chosen_before : last_before;
    shared.least = least;
  }
}

// A block for each node: the weighted quantile of y - score, eight bits after eight. Floor: eight times 20 bytes a row,
// 28 with weights, from the L2 cache: bound by it, or by latency where leaves are few.
__global__ void __launch_bounds__(kBoostThreads)
    find_quantiles(const LeafTask* tasks, TargetsView targets, const double* scores, double weight_scale, double q,
                   double* out) {
  FORJA_SHARED(shared, QuantileShared);
  const LeafTask& task = tasks[blockIdx.x];
  const int thread = static_cast<int>(threadIdx.x);
  if (thread == 0) {
    shared.prefix = 0;
    shared.below = 0;
  }
  for (int shift = 64 - kDigitBits; shift >= 0 && task.count > 0; shift -= kDigitBits) {
    __syncthreads();
    shared.low[thread] = 0;
    shared.high[thread] = 0;
    shared.rows[thread] = 0;
    __syncthreads();
    const std::uint64_t prefix = shared.prefix;
    for (std::int64_t k = thread; k < task.count; k += kBoostThreads) {
      const std::int64_t i = task.rows[k];
      const std::uint64_t bits = ordered_bits(targets.y[i] - scores[i]);
      if (shift < 64 - kDigitBits && (bits >> (shift + kDigitBits)) != prefix) continue;
      const double weight = targets.weight == nullptr ? 1.0 : targets.weight[i];
      const auto digit = static_cast<int>((bits >> shift) & (kDigits - 1));
      atomicAdd(shared.rows + digit, 1U);
      add_in_halves(shared.low + digit, shared.high + digit,
                    static_cast<std::uint64_t>(formulas::to_fixed(weight, weight_scale)));
    }
    __syncthreads();
    if (thread < kWarp) choose_digit(shared, shift == 64 - kDigitBits, q);
  }
  __syncthreads();
  if (thread == 0) out[blockIdx.x] = task.count > 0 ? from_ordered_bits(shared.prefix) : 0.0;
}

// A thread for each row, which walks down the trees by its bins; only the leaves that it comes to are added. Floor: 8
// bytes a score read and written, and of the row's bins a sector of 32 bytes for each group of 32 features that its way
// asks; the nodes come from the L1 cache. Bound by latency: as many steps as the trees are deep.
__global__ void __launch_bounds__(kBoostThreads)
    add_leaves(BinsView bins, const WalkNode* nodes, const WalkTree* trees, std::int64_t count_of_trees,
               std::int64_t outputs, double* scores) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kBoostThreads + threadIdx.x;
  if (i < bins.n) {
    const std::uint8_t* const row = bins.bins + i * bins.stride;
    for (std::int64_t t = 0; t < count_of_trees; ++t) {
      std::int32_t at = trees[t].root;
      while (nodes[at].feature >= 0) {
        at = nodes[at].children + (contains(nodes[at].left, row[nodes[at].feature]) ? 0 : 1);
      }
      scores[i * outputs + trees[t].output] += nodes[at].value;
    }
  }
}

}  // namespace forja::cuda
