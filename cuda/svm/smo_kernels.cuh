#pragma once

#include <cstdint>

#include "formulas/smo.h"
#include "runtime/portability.h"
#include "svm/svm_view.h"

/// Rounds of sequential minimal optimisation, a block for each problem.
namespace forja::cuda {

/// Variables of a working set, a thread each.
inline constexpr int kWorkingSet = 512;
inline constexpr int kMostWarps = kWorkingSet / kWarp;
inline constexpr int kSelectThreads = 256;

/// A value and the thread that has it.
struct Ranked {
  double value;
  std::int32_t at;
};

__device__ inline Ranked lesser(Ranked a, Ranked b) {
  return b.value < a.value || (b.value == a.value && b.at < a.at) ? b : a;
}

/// The least of all threads' values, of equal ones that of the first; the same in all threads. Every thread of the
/// block calls it; slots: one for each warp.
__device__ inline Ranked block_least(Ranked own, Ranked* slots) {
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  for (int step = kWarp / 2; step > 0; step /= 2) {
    const double value = __shfl_xor_sync(0xFFFFFFFFU, own.value, step);
    const std::int32_t at = __shfl_xor_sync(0xFFFFFFFFU, own.at, step);
    own = lesser(own, {value, at});
  }
  __syncthreads();
  if (threadIdx.x % kWarp == 0) slots[threadIdx.x / kWarp] = own;
  __syncthreads();
  Ranked all = slots[0];
  for (int warp = 1; warp < warps; ++warp) all = lesser(all, slots[warp]);
  return all;
}

/// The sum of a count over the block, the same in all threads.
__device__ inline std::int64_t block_sum(std::int64_t own, std::int64_t* slots) {
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  for (int step = kWarp / 2; step > 0; step /= 2) own += __shfl_xor_sync(0xFFFFFFFFU, own, step);
  __syncthreads();
  if (threadIdx.x % kWarp == 0) slots[threadIdx.x / kWarp] = own;
  __syncthreads();
  std::int64_t all = 0;
  for (int warp = 0; warp < warps; ++warp) all += slots[warp];
  return all;
}

/// The number of `yes` in the threads before this one; `all`: in all of them.
__device__ inline int block_rank(bool yes, int* slots, int& all) {
  const unsigned mask = __ballot_sync(0xFFFFFFFFU, yes);
  const int warps = static_cast<int>(blockDim.x) / kWarp;
  __syncthreads();
  if (threadIdx.x % kWarp == 0) slots[threadIdx.x / kWarp] = __popc(mask);
  __syncthreads();
  int before = __popc(mask & ((1U << (threadIdx.x % kWarp)) - 1U));
  all = 0;
  for (int warp = 0; warp < warps; ++warp) {
    if (warp < static_cast<int>(threadIdx.x) / kWarp) before += slots[warp];
    all += slots[warp];
  }
  return before;
}

// A block for each problem: gradients as they are where b is 0. Floor: a number of each variable read and written.
template <class T>
__global__ void __launch_bounds__(kSelectThreads) reset_gradients(const RoundTask<T>* tasks) {
  const VariablesView& own = tasks[blockIdx.x].variables;
  for (std::int64_t v = threadIdx.x; v < own.count; v += kSelectThreads) own.gradient[v] = own.linear[v];
}

// -- how far a problem is from its optimum

// A block for each problem: over each group the most that a way down is above a way up. Floor: five numbers of each
// variable read; bound by memory.
template <class T>
__global__ void __launch_bounds__(kSelectThreads) measure_violations(const RoundTask<T>* tasks) {
  FORJA_SHARED(slots, Ranked[kSelectThreads / kWarp]);
  const RoundTask<T>& task = tasks[blockIdx.x];
  const VariablesView& own = task.variables;
  double violation = 0;
  for (int group = 0; group < 2; ++group) {
    const std::int64_t begin = group == 0 ? 0 : own.first_group;
    const std::int64_t end = group == 0 && own.first_group > 0 ? own.first_group : own.count;
    Ranked up{formulas::kNoWay, 0};
    Ranked down{formulas::kNoWay, 0};
    for (std::int64_t v = begin + threadIdx.x; v < end; v += kSelectThreads) {
      const double rising = own.gradient[v] + formulas::rise(own.b[v], own.upper[v], own.epsilon);
      const double falling = -(own.gradient[v] + formulas::fall(own.b[v], own.lower[v], own.epsilon));
      up.value = rising < up.value ? rising : up.value;
      down.value = falling < down.value ? falling : down.value;
    }
    up = block_least(up, slots);
    down = block_least(down, slots);
    const double found = -down.value - up.value;
    violation = found > violation ? found : violation;
  }
  if (threadIdx.x == 0) task.state->violation = violation;
}

// -- the working set

/// Adds to the working set the variables of begin .. end - 1 with the least slopes that are not in it yet, `most` at
/// most; of equal ones the first.
template <class T>
__device__ void take_least(const RoundTask<T>& task, std::int64_t begin, std::int64_t end, int most, std::int64_t* sums,
                           Ranked* ranks, int* counts) {
  const VariablesView& own = task.variables;
  constexpr int kHalvings = 32;
  Ranked least{formulas::kNoWay, 0};
  Ranked greatest{formulas::kNoWay, 0};
  std::int64_t open = 0;
  for (std::int64_t v = begin + threadIdx.x; v < end; v += kSelectThreads) {
    const double slope = own.slope[v];
    if (own.at_work[v] != 0 || slope == formulas::kNoWay) continue;
    least.value = slope < least.value ? slope : least.value;
    greatest.value = -slope < greatest.value ? -slope : greatest.value;
    ++open;
  }
  open = block_sum(open, sums);
  double below = block_least(least, ranks).value;
  double above = -block_least(greatest, ranks).value;
  // Fewer than `most` lie below `below`, at least as many up to `above`.
  for (int halving = 0; halving < kHalvings && open > most; ++halving) {
    const double middle = below + (above - below) / 2;
    std::int64_t count = 0;
    for (std::int64_t v = begin + threadIdx.x; v < end; v += kSelectThreads) {
      count += own.at_work[v] == 0 && own.slope[v] <= middle ? 1 : 0;
    }
    if (block_sum(count, sums) > most) {
      above = middle;
    } else {
      below = middle;
    }
  }
  std::int64_t size = *task.work.size;
  const std::int64_t limit = size + most;
  for (int pass = 0; pass < 2; ++pass) {  // first those that are below for certain
    for (std::int64_t first = begin; first < end && size < limit; first += kSelectThreads) {
      const std::int64_t v = first + threadIdx.x;
      const bool fits = v < end && own.at_work[v] == 0 && own.slope[v] <= (pass == 0 ? below : above) &&
                        own.slope[v] < formulas::kNoWay;
      int all = 0;
      const std::int64_t place = size + block_rank(fits, counts, all);
      if (fits && place < limit) {
        task.work.variables[place] = static_cast<std::int32_t>(v);
        own.at_work[v] = 1;
      }
      size = size + all < limit ? size + all : limit;
    }
  }
  __syncthreads();
  if (threadIdx.x == 0) *task.work.size = size;
  __syncthreads();
}

// A block for each problem. A small problem works on all its variables; else the newer half of the last working set
// stays, and the steepest ways up and down of each group fill it up. Floor: some 70 times a number of each variable
// from the L2 cache.
template <class T>
__global__ void __launch_bounds__(kSelectThreads, 1) select_working_sets(const RoundTask<T>* tasks) {
  FORJA_SHARED(sums, std::int64_t[kSelectThreads / kWarp]);
  FORJA_SHARED(ranks, Ranked[kSelectThreads / kWarp]);
  FORJA_SHARED(counts, int[kSelectThreads / kWarp]);
  const RoundTask<T>& task = tasks[blockIdx.x];
  const VariablesView& own = task.variables;
  const bool whole = own.count <= kWorkingSet;
  const std::int64_t before = *task.work.size;
  __syncthreads();
  if (whole) {
    for (std::int64_t v = threadIdx.x; v < own.count; v += kSelectThreads) {
      task.work.variables[v] = static_cast<std::int32_t>(v);
    }
    if (threadIdx.x == 0) *task.work.size = own.count;
  } else {
    const std::int64_t dropped = before > kWorkingSet / 2 ? before - kWorkingSet / 2 : 0;
    for (std::int64_t k = threadIdx.x; k < dropped; k += kSelectThreads) own.at_work[task.work.variables[k]] = 0;
    for (std::int64_t first = 0; first < before - dropped; first += kSelectThreads) {
      const std::int64_t k = first + threadIdx.x;
      const std::int32_t kept = k < before - dropped ? task.work.variables[dropped + k] : 0;
      __syncthreads();
      if (k < before - dropped) task.work.variables[k] = kept;
    }
    __syncthreads();
    if (threadIdx.x == 0) *task.work.size = before - dropped;
    __syncthreads();
    const int room = kWorkingSet - static_cast<int>(before - dropped);
    const int groups = own.first_group > 0 ? 2 : 1;
    for (int turn = 0; turn < 2 * groups; ++turn) {
      const bool second = turn >= 2;
      const std::int64_t begin = second ? own.first_group : 0;
      const std::int64_t end = groups == 2 && !second ? own.first_group : own.count;
      for (std::int64_t v = begin + threadIdx.x; v < end; v += kSelectThreads) {
        own.slope[v] = turn % 2 == 0 ? own.gradient[v] + formulas::rise(own.b[v], own.upper[v], own.epsilon)
                                     : -(own.gradient[v] + formulas::fall(own.b[v], own.lower[v], own.epsilon));
      }
      __syncthreads();
      take_least(task, begin, end, groups == 2 ? room / 4 : room / 2, sums, ranks, counts);
    }
  }
  __syncthreads();
  const std::int64_t size = *task.work.size;
  for (std::int64_t k = threadIdx.x; k < size; k += kSelectThreads) {
    task.work.rows[k] = own.row[task.work.variables[k]];
  }
}

// -- steps

/// What threads of a pair tell the others.
struct PairShared {
  double b[2];
  double limit[2];
  double diagonal[2];
  double slope[2];
};

// A block for each problem, a thread for each variable of its working set, which keeps b and the gradient in registers;
// the rows of the pair come from the L2 cache. Ends at tol; where others wait, with a tenth of the first violation
// left. Floor: bound by latency, some 2 microseconds a step: three searches of the block, two rows of the kernel
// matrix.
template <class T>
__global__ void __launch_bounds__(kWorkingSet, 1) step_pairs(const RoundTask<T>* tasks, double tol) {
  FORJA_SHARED(slots, Ranked[kMostWarps]);
  FORJA_SHARED(counts, int[kMostWarps]);
  FORJA_SHARED(pair, PairShared);
  const RoundTask<T>& task = tasks[blockIdx.x];
  const VariablesView& own = task.variables;
  const auto me = static_cast<std::int32_t>(threadIdx.x);
  const bool here = me < *task.work.size;
  const std::int32_t v = here ? task.work.variables[me] : 0;
  const double lower = here ? own.lower[v] : 0;
  const double upper = here ? own.upper[v] : 0;
  const bool second = here && own.first_group > 0 && v >= own.first_group;
  const int groups = own.first_group > 0 ? 2 : 1;
  double b = here ? own.b[v] : 0;
  double gradient = here ? own.gradient[v] : 0;
  const double diagonal = here ? static_cast<double>(task.work.kernel[std::int64_t{me} * kWorkingSet + me]) : 0;
  double enough = tol;
  int steps = 0;
  for (;; ++steps) {
    const double rising = here ? gradient + formulas::rise(b, upper, own.epsilon) : formulas::kNoWay;
    const double falling = here ? gradient + formulas::fall(b, lower, own.epsilon) : -formulas::kNoWay;
    Ranked best{formulas::kNoWay, -1};
    std::int32_t up = -1;
    double violation = 0;
    for (int group = 0; group < groups; ++group) {
      const bool mine = here && (group == 1) == second;
      const Ranked steepest = block_least({mine ? rising : formulas::kNoWay, me}, slots);
      if (steepest.value == formulas::kNoWay) continue;
      if (me == steepest.at) pair.diagonal[0] = diagonal;
      __syncthreads();
      const double slope = mine ? falling - steepest.value : -formulas::kNoWay;
      const double found = -block_least({-slope, me}, slots).value;
      violation = found > violation ? found : violation;
      double gain = 0;
      if (slope > 0) {
        const auto kernel = static_cast<double>(task.work.kernel[std::int64_t{steepest.at} * kWorkingSet + me]);
        gain = slope * slope / formulas::curvature(pair.diagonal[0], diagonal, kernel);
      }
      const Ranked most = block_least({-gain, me}, slots);
      if (most.value < 0 && most.value < best.value) {
        best = most;
        up = steepest.at;
      }
    }
    if (steps == 0 && own.count > kWorkingSet && 0.1 * violation > tol) enough = 0.1 * violation;
    if (violation <= enough || best.at < 0 || steps == task.most_steps) break;
    const std::int32_t down = best.at;
    __syncthreads();
    if (me == up) {
      pair.b[0] = b;
      pair.limit[0] = formulas::highest(b, upper, own.epsilon);
      pair.diagonal[0] = diagonal;
      pair.slope[0] = rising;
    }
    if (me == down) {
      pair.b[1] = b;
      pair.limit[1] = formulas::lowest(b, lower, own.epsilon);
      pair.diagonal[1] = diagonal;
      pair.slope[1] = falling;
    }
    __syncthreads();
    const T* const row_up = task.work.kernel + std::int64_t{up} * kWorkingSet;
    const T* const row_down = task.work.kernel + std::int64_t{down} * kWorkingSet;
    const double bend = formulas::curvature(pair.diagonal[0], pair.diagonal[1], static_cast<double>(row_up[down]));
    const double most_up = pair.limit[0] - pair.b[0];
    const double most_down = pair.b[1] - pair.limit[1];
    const double step = formulas::pair_step(pair.slope[1] - pair.slope[0], bend, most_up, most_down);
    const double b_up = formulas::moved_up(pair.b[0], step, most_up, pair.limit[0]);
    const double b_down = formulas::moved_down(pair.b[1], step, most_down, pair.limit[1]);
    if (b_up == pair.b[0] && b_down == pair.b[1]) break;
    if (me == up) b = b_up;
    if (me == down) b = b_down;
    if (here) {
      gradient = std::fma(step, static_cast<double>(row_up[me]) - static_cast<double>(row_down[me]), gradient);
    }
  }
  int all = 0;
  const double before = here ? own.b[v] : 0;
  const bool moved = b != before;
  const int place = block_rank(moved, counts, all);
  if (moved) {
    task.work.moved_rows[place] = own.row[v];
    task.work.moved_by[place] = b - before;
    own.b[v] = b;
  }
  if (me == 0) {
    *task.work.moved = all;
    task.state->steps = steps;
  }
}

}  // namespace forja::cuda
