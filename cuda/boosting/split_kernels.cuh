#pragma once

#include <cstdint>

#include "boosting/block_tools.cuh"
#include "formulas/split_gain.h"

/// The best splits of many nodes at once, a warp for each node and feature.
namespace forja::cuda {

inline constexpr int kSearchWarps = 4;
inline constexpr int kSearchThreads = kSearchWarps * kWarp;
inline constexpr int kCategoriesPerLane = 8;
inline constexpr int kMostCategories = kCategoriesPerLane * kWarp;

/// What the candidates of a feature have in common.
struct FeatureSearch {
  const BinSums* sums;
  int values;  ///< bins of values; the missing one is next
  formulas::IntegerSums total;
  formulas::IntegerSums missing;
  double node_gain;
  int monotonic;
};

/// The best candidate that a lane has seen.
struct LaneBest {
  double gain;
  std::int32_t number;
  formulas::IntegerSums left;
};

/// How a warp puts categories in order.
struct CategoryOrder {
  double rank[kMostCategories];
  std::uint8_t bin[kMostCategories];
};

__device__ inline formulas::IntegerSums integers(const BinSums& sums) {
  return {static_cast<std::int64_t>(sums.gradient), static_cast<std::int64_t>(sums.hessian),
          static_cast<std::int64_t>(sums.count)};
}

__device__ inline formulas::IntegerSums of_lane(const formulas::IntegerSums& sums, int lane) {
  return {__shfl_sync(kAllLanes, sums.gradient, lane), __shfl_sync(kAllLanes, sums.hessian, lane),
          __shfl_sync(kAllLanes, sums.count, lane)};
}

/// The sum over this lane and those before it.
__device__ inline formulas::IntegerSums lanes_up_to(formulas::IntegerSums sums) {
  const auto lane = threadIdx.x % kWarp;
  for (unsigned step = 1; step < kWarp; step *= 2) {
    const formulas::IntegerSums other{__shfl_up_sync(kAllLanes, sums.gradient, step),
                                      __shfl_up_sync(kAllLanes, sums.hessian, step),
                                      __shfl_up_sync(kAllLanes, sums.count, step)};
    if (lane >= step) sums = sums + other;
  }
  return sums;
}

__device__ inline formulas::NodeSums worth(const formulas::IntegerSums& sums, const SearchTask& task) {
  return formulas::node_sums(sums, task.scales->gradient_unit, task.scales->hessian_unit);
}

__device__ inline double gain_of_node(const formulas::IntegerSums& total, const SearchTask& task,
                                      const formulas::SplitRules& rules) {
  const formulas::NodeSums sums = worth(total, task);
  return formulas::leaf_gain(sums, formulas::leaf_value(sums, rules, task.bounds), rules);
}

__device__ inline void consider(const FeatureSearch& feature, const SearchTask& task, const formulas::SplitRules& rules,
                                const formulas::IntegerSums& left, std::int32_t number, LaneBest& best) {
  const formulas::IntegerSums right = feature.total - left;
  if (left.count == 0 || right.count == 0) return;
  const double gain = formulas::split_gain(worth(left, task), worth(right, task), feature.node_gain, rules, task.bounds,
                                           feature.monotonic);
  if (gain > 0 && formulas::better_candidate(gain, 0, number, best.gain, 0, best.number)) best = {gain, number, left};
}

/// Takes the sibling's sums away, to have the node's own.
__device__ inline void take_sibling(BinSums* sums, const BinSums* sibling, int count) {
  for (int bin = static_cast<int>(threadIdx.x % kWarp); bin < count; bin += kWarp) {
    sums[bin] = {sums[bin].gradient - sibling[bin].gradient, sums[bin].hessian - sibling[bin].hessian,
                 sums[bin].count - sibling[bin].count};
  }
  __syncwarp();
}

/// Each lane goes over bins that stand side by side.
__device__ inline LaneBest search_numbers(FeatureSearch& feature, const SearchTask& task,
                                          const formulas::SplitRules& rules) {
  const int each = (feature.values + kWarp - 1) / kWarp;
  const int first = static_cast<int>(threadIdx.x % kWarp) * each;
  const int last = first + each < feature.values ? first + each : feature.values;
  formulas::IntegerSums own;
  for (int bin = first; bin < last; ++bin) own = own + integers(feature.sums[bin]);
  const formulas::IntegerSums up_to = lanes_up_to(own);
  feature.missing = integers(feature.sums[feature.values]);
  feature.total = of_lane(up_to, kWarp - 1) + feature.missing;
  feature.node_gain = gain_of_node(feature.total, task, rules);
  LaneBest best{-1, 0, {}};
  formulas::IntegerSums left = up_to - own;
  for (int bin = first; bin < last; ++bin) {
    const formulas::IntegerSums here = integers(feature.sums[bin]);
    left = left + here;
    if (here.count == 0 && bin > 0) continue;  // as the bin before
    consider(feature, task, rules, left, formulas::candidate_number(bin, false), best);
    if (feature.missing.count > 0 && bin + 1 < feature.values) {
      consider(feature, task, rules, left + feature.missing, formulas::candidate_number(bin, true), best);
    }
  }
  return best;
}

/// Puts the bins with rows in order of their ranks; returns how many there are.
__device__ inline int order_categories(const FeatureSearch& feature, const SearchTask& task,
                                       const formulas::SplitRules& rules, CategoryOrder& order) {
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  double rank[kCategoriesPerLane];
  int before[kCategoriesPerLane];
  unsigned present[kCategoriesPerLane];
  int all = 0;
  __syncwarp();
  FORJA_UNROLL
  for (int k = 0; k < kCategoriesPerLane; ++k) {
    const int bin = k * kWarp + lane;
    formulas::IntegerSums sums;
    if (bin <= feature.values) sums = integers(feature.sums[bin]);
    rank[k] = sums.count > 0 ? formulas::category_rank(worth(sums, task), rules) : 0.0;
    before[k] = 0;
    present[k] = __ballot_sync(kAllLanes, sums.count > 0);
    all += __popc(present[k]);
    order.rank[bin] = rank[k];
    order.bin[bin] = 0;
  }
  __syncwarp();
  FORJA_UNROLL
  for (int word = 0; word < kCategoriesPerLane; ++word) {
    for (unsigned left = present[word]; left != 0; left &= left - 1) {
      const int other = word * kWarp + __ffs(static_cast<int>(left)) - 1;
      const double of_other = order.rank[other];
      FORJA_UNROLL
      for (int k = 0; k < kCategoriesPerLane; ++k) {
        const bool first = of_other < rank[k] || (of_other == rank[k] && other < k * kWarp + lane);
        before[k] += first ? 1 : 0;
      }
    }
  }
  FORJA_UNROLL
  for (int k = 0; k < kCategoriesPerLane; ++k) {
    if (((present[k] >> lane) & 1U) != 0) order.bin[before[k]] = static_cast<std::uint8_t>(k * kWarp + lane);
  }
  __syncwarp();
  return all;
}

/// Each lane goes over categories that stand side by side in their order.
__device__ inline LaneBest search_categories(FeatureSearch& feature, const SearchTask& task,
                                             const formulas::SplitRules& rules, CategoryOrder& order) {
  const int all = order_categories(feature, task, rules, order);
  const int each = (all + kWarp - 1) / kWarp;
  const int first = static_cast<int>(threadIdx.x % kWarp) * each;
  const int last = first + each < all ? first + each : all;
  formulas::IntegerSums own;
  for (int place = first; place < last; ++place) own = own + integers(feature.sums[order.bin[place]]);
  const formulas::IntegerSums up_to = lanes_up_to(own);
  feature.missing = integers(feature.sums[feature.values]);
  feature.total = of_lane(up_to, kWarp - 1);
  feature.node_gain = gain_of_node(feature.total, task, rules);
  LaneBest best{-1, 0, {}};
  formulas::IntegerSums left = up_to - own;
  for (int place = first; place < last && place + 1 < all; ++place) {
    left = left + integers(feature.sums[order.bin[place]]);
    consider(feature, task, rules, left, place + 1, best);
  }
  return best;
}

/// A bit of a mask in registers.
__device__ inline std::uint64_t bit_of(unsigned bin, unsigned word) {
  return bin >> 6 == word ? std::uint64_t{1} << (bin & 63U) : 0;
}

/// The first `count` categories in order, as bits.
__device__ inline BinMask mask_of_first(const CategoryOrder& order, int count) {
  BinMask mask{};
  for (int place = static_cast<int>(threadIdx.x % kWarp); place < count; place += kWarp) {
    const unsigned bin = order.bin[place];
    FORJA_UNROLL
    for (unsigned word = 0; word < 4; ++word) mask.words[word] |= bit_of(bin, word);
  }
  FORJA_UNROLL
  for (std::uint64_t& word : mask.words) {
    for (int step = kWarp / 2; step > 0; step /= 2) word |= __shfl_xor_sync(kAllLanes, word, step);
  }
  return mask;
}

/// The best of the lanes' candidates, in all of them.
__device__ inline LaneBest best_of_lanes(const LaneBest& own) {
  double gain = own.gain;
  std::int32_t number = own.number;
  for (int step = kWarp / 2; step > 0; step /= 2) {
    const double other_gain = __shfl_xor_sync(kAllLanes, gain, step);
    const std::int32_t other_number = __shfl_xor_sync(kAllLanes, number, step);
    if (formulas::better_candidate(other_gain, 0, other_number, gain, 0, number)) {
      gain = other_gain;
      number = other_number;
    }
  }
  const unsigned owners = __ballot_sync(kAllLanes, own.gain == gain && own.number == number);
  return {gain, number, of_lane(own.left, __ffs(static_cast<int>(owners)) - 1)};
}

// A row of blocks for each node; its warps take turns with the features and leave a best split each. Floor: 24 bytes a
// bin of the node read, and those of its sibling read and its own written where it is the parent without the sibling;
// some 100 operations in double a bin. Bound by memory, or by latency where nodes times features are few.
__global__ void __launch_bounds__(kSearchThreads, 3)
    find_splits(BinsView bins, const SearchTask* tasks, formulas::SplitRules rules, const std::int8_t* monotonic,
                FoundSplit* found) {
  FORJA_SHARED(orders, CategoryOrder[kSearchWarps]);
  const SearchTask& task = tasks[blockIdx.y];
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  CategoryOrder& order = orders[warp];
  const std::int64_t first = std::int64_t{blockIdx.x} * kSearchWarps + warp;
  const std::int64_t warps = std::int64_t{gridDim.x} * kSearchWarps;
  FoundSplit best{-1, -1, 0, 0, {}, {}, {}};
  for (std::int64_t f = first; f < bins.d; f += warps) {
    BinSums* const sums = task.sums + bins.first_bin[f];
    const auto count = static_cast<int>(bins.first_bin[f + 1] - bins.first_bin[f]);
    if (task.sibling != nullptr) take_sibling(sums, task.sibling + bins.first_bin[f], count);
    if (task.features != nullptr && ((task.features[f / 64] >> (f % 64)) & 1U) == 0) continue;
    const bool categorical = bins.categorical[f] != 0;
    FeatureSearch feature{sums, count - 1, {}, {}, 0, monotonic == nullptr ? 0 : monotonic[f]};
    const LaneBest own =
        categorical ? search_categories(feature, task, rules, order) : search_numbers(feature, task, rules);
    const LaneBest candidate = best_of_lanes(own);
    if (candidate.gain <= best.gain || candidate.gain <= 0) continue;
    const formulas::IntegerSums right = feature.total - candidate.left;
    const auto missing_bin = static_cast<unsigned>(feature.values);
    bool missing_left = candidate.left.count > right.count;
    BinMask left_bins{};
    if (categorical) {
      left_bins = mask_of_first(order, candidate.number);
      bool listed = false;
      FORJA_UNROLL
      for (unsigned word = 0; word < 4; ++word) {
        const std::uint64_t bit = bit_of(missing_bin, word);
        listed = listed || (left_bins.words[word] & bit) != 0;
        if (missing_left && feature.missing.count == 0) left_bins.words[word] |= bit;
      }
      if (feature.missing.count > 0) missing_left = listed;
    } else if (feature.missing.count > 0) {
      missing_left = candidate.number % 2 != 0;
    }
    best = {candidate.gain, static_cast<std::int32_t>(f), candidate.number,  missing_left ? 1 : 0,
            left_bins,      worth(candidate.left, task),  worth(right, task)};
  }
  if (threadIdx.x % kWarp == 0) found[std::int64_t{blockIdx.y} * warps + first] = best;
}

// A warp for each node. Floor: bound by latency.
__global__ void __launch_bounds__(kWarp) choose_splits(const FoundSplit* found, std::int64_t each, FoundSplit* best) {
  const FoundSplit* const own = found + std::int64_t{blockIdx.x} * each;
  std::int64_t place = threadIdx.x < each ? std::int64_t{threadIdx.x} : 0;
  for (std::int64_t other = place + kWarp; other < each; other += kWarp) {
    if (formulas::better_candidate(own[other].gain, own[other].feature, own[other].number, own[place].gain,
                                   own[place].feature, own[place].number)) {
      place = other;
    }
  }
  for (int step = kWarp / 2; step > 0; step /= 2) {
    const std::int64_t other = __shfl_xor_sync(kAllLanes, place, step);
    if (formulas::better_candidate(own[other].gain, own[other].feature, own[other].number, own[place].gain,
                                   own[place].feature, own[place].number)) {
      place = other;
    }
  }
  if (threadIdx.x == 0) best[blockIdx.x] = own[place];
}

}  // namespace forja::cuda
