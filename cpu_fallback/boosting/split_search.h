#pragma once

#include <cstdint>

#include "boosting/histograms.h"
#include "compute/boosting_compute.h"
#include "formulas/split_gain.h"

namespace forja::cpu {

/// What a search needs to know of a node.
struct SearchedNode {
  SearchedNode(const formulas::IntegerSums& sums, double unit_of_gradient, double unit_of_hessian,
               const formulas::SplitRules& split_rules, const formulas::ValueBounds& value_bounds);
  formulas::NodeSums scaled(const formulas::IntegerSums& sums) const {
    return formulas::node_sums(sums, gradient_unit, hessian_unit);
  }

  formulas::IntegerSums total;
  double gradient_unit;
  double hessian_unit;
  formulas::SplitRules rules;  ///< with at least one row on each side
  formulas::ValueBounds bounds;
  double gain;  ///< leaf_gain at its own value
};

/// The best candidate so far.
struct FoundSplit {
  double gain = 0;
  std::int32_t feature = -1;
  std::int32_t number = 0;  ///< candidate_number, or of a categorical feature the bins on the left
  formulas::IntegerSums left;

  bool beats(const FoundSplit& other) const {
    return feature >= 0 && formulas::better_candidate(gain, feature, number, other.gain, other.feature, other.number);
  }
};

/// A feature in a node's histogram.
struct SearchedFeature {
  const Histogram* histogram;
  std::int64_t first;  ///< bin
  std::int64_t count;  ///< of bins, with that of missing values, which is the last
  std::int32_t number;
  bool categorical;
  int monotonic;

  formulas::IntegerSums bin(std::int64_t b) const;
};

/// Puts the feature's best candidate into `best` where it beats it.
///
/// Floor: for each bin with rows about 40 operations of double, two of them divisions, in vectors; twice where values
/// are missing.
void search(const SearchedNode& node, const SearchedFeature& feature, FoundSplit& best);

/// In the seam's words; feature: that of the split.
compute::BoostingSplit told(const SearchedNode& node, const SearchedFeature& feature, const FoundSplit& found);

}  // namespace forja::cpu
