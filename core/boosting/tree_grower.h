#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "boosting/fitted_forest.h"
#include "boosting/growth_policy.h"
#include "boosting/node_features.h"
#include "compute/boosting_compute.h"

namespace forja::core {

/// What trees are grown by.
struct TreeRules {
  GrowthLimits limits = {};
  formulas::SplitRules split = {};
  formulas::ValueBounds bounds = {};         ///< of all leaves
  std::vector<std::int8_t> monotonic = {};   ///< as in BoostingPlan
  std::optional<double> leaf_quantile = {};  ///< leaves are this quantile of what is left of y; empty: a Newton step
  double learning_rate = 0.1;
};

/// Grows the trees of a round, as many side by side as the device likes, and adds them to the scores and the forest.
class TreeGrower {
 public:
  TreeGrower(const TreeRules& rules, const NodeFeatures& features, compute::BoostingCompute& compute)
      : rules_(rules), features_(features), compute_(compute) {}

  void grow(std::uint64_t round, std::int64_t outputs, FittedForest& forest);

 private:
  struct GrownNode {
    std::int64_t number = 0;  ///< at the compute object
    compute::BoostingSplit split;
    formulas::ValueBounds bounds;
    NodeFeatures::Node features;
  };
  struct GrownTree {
    GrowthPolicy growth;
    std::vector<GrownNode> nodes;  ///< by the growth's numbers
  };
  /// A tree in the order of the forest: which node stands where, and where its left child does; below 0: a leaf.
  struct TreeOrder {
    std::vector<std::int64_t> node;
    std::vector<std::int32_t> left;
  };

  std::vector<GrownTree> open(std::uint64_t round, std::int64_t first, std::int64_t count);
  /// One call's splits; false where no tree has any left.
  bool split_on(std::vector<GrownTree>& trees);
  void add_children(GrownTree& tree, const GrowthPolicy::Task& task, compute::NodeToSplit& order);
  static TreeOrder ordered(const GrownTree& tree);
  void finish(const std::vector<GrownTree>& trees, FittedForest& forest);

  const TreeRules& rules_;
  const NodeFeatures& features_;
  compute::BoostingCompute& compute_;
  std::int64_t next_number_ = 0;
};

}  // namespace forja::core
