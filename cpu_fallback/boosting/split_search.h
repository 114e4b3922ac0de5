#pragma once

#include <cstdint>
#include <span>

#include "compute/boosting_compute.h"
#include "formulas/split_gain.h"

namespace forja::cpu {

/// What a search needs to know of a node.
struct SearchedNode {
  formulas::IntegerSums total;
  double gradient_unit = 0;
  double hessian_unit = 0;
  formulas::SplitRules rules;
  formulas::ValueBounds bounds;
  double gain = 0;  ///< leaf_gain at its own value

  SearchedNode(const formulas::IntegerSums& sums, double unit_of_gradient, double unit_of_hessian,
               const formulas::SplitRules& split_rules, const formulas::ValueBounds& value_bounds);
  formulas::NodeSums scaled(const formulas::IntegerSums& sums) const {
    return formulas::node_sums(sums, gradient_unit, hessian_unit);
  }
};

/// The best candidate so far.
struct FoundSplit {
  double gain = -1;
  std::int32_t feature = -1;
  std::int32_t number = 0;  ///< candidate_number, or of a categorical feature the bins on the left
  formulas::IntegerSums left;
};

/// A feature's part in a search.
struct SearchedFeature {
  std::int32_t number = 0;
  bool categorical = false;
  int monotonic = 0;
  std::span<const formulas::IntegerSums> bins;  ///< of values, and behind them that of missing values
};

/// Puts the feature's best candidate into `best` where it beats it.
void search(const SearchedNode& node, const SearchedFeature& feature, FoundSplit& best);

/// In the seam's words; feature: that of the split.
compute::BoostingSplit told(const SearchedNode& node, const SearchedFeature& feature, const FoundSplit& found);

}  // namespace forja::cpu
