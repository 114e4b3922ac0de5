#pragma once

#include <cstdint>

#include "boosting/bin_kernels.cuh"
#include "boosting/forest_view.h"

/// Sums of trees.
namespace forja::cuda {

/// Whether a value goes to the left of a node that is split.
__device__ inline bool goes_left(const ForestView& forest, const compute::ForestNode& node, double value) {
  if (node.categories < 0) return value != value ? node.missing_left : value <= node.threshold;
  const int bin = bin_of(forest.table, node.feature, value);
  const std::int64_t categories = forest.table.first[node.feature + 1] - forest.table.first[node.feature];
  return bin == categories ? node.missing_left
                           : contains(forest.left_bins[node.categories], static_cast<unsigned>(bin));
}

// A thread for each row and output: consecutive ones take the same tree, whose nodes come from the L1 cache. Floor: a
// node of 32 bytes and a value of x a step; depth times rounds steps that wait for each other, which bound it, as many
// of them at once as there are threads.
template <class T>
__global__ void __launch_bounds__(kBoostThreads)
    sum_trees(ForestView forest, const T* x, std::int64_t rows, std::int64_t d, std::int64_t first_round,
              std::int64_t end_round, double* out) {
  const std::int64_t place = std::int64_t{blockIdx.x} * kBoostThreads + threadIdx.x;
  const std::int64_t k = place / rows;
  const std::int64_t i = place - k * rows;
  if (k < forest.outputs) {
    const T* const row = x + i * d;
    double sum = first_round == 0 ? forest.baseline[k] : out[i * forest.outputs + k];
    for (std::int64_t round = first_round; round < end_round; ++round) {
      const compute::ForestNode* const tree = forest.nodes + forest.first[round * forest.outputs + k];
      std::int32_t at = 0;
      while (tree[at].feature >= 0) {
        const compute::ForestNode& node = tree[at];
        at = node.left + (goes_left(forest, node, static_cast<double>(row[node.feature])) ? 0 : 1);
      }
      sum += tree[at].value;
    }
    out[i * forest.outputs + k] = sum;
  }
}

}  // namespace forja::cuda
