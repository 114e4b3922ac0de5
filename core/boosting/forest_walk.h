#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "boosting/fitted_forest.h"

/// Ways through fitted trees, for what explains a forest.
namespace forja::core {

/// The bin of a value of a categorical feature; that of missing values where it is not listed.
inline std::int64_t category_bin(const compute::BinTable& table, std::int64_t feature, double value) {
  const auto listed = table.values(feature);
  const auto place = std::lower_bound(listed.begin(), listed.end(), value);
  return place != listed.end() && *place == value ? place - listed.begin() : table.n_bins(feature);
}

/// Whether a row with this value of the node's feature goes to the left. node: not a leaf.
inline bool goes_left(const FittedForest& forest, const compute::ForestNode& node, double value) {
  if (std::isnan(value)) return node.missing_left;
  if (node.categories < 0) return value <= node.threshold;
  const std::int64_t bin = category_bin(forest.table, node.feature, value);
  const auto& bits = forest.left_bins[static_cast<std::size_t>(node.categories)];
  return ((bits[static_cast<std::size_t>(bin / 64)] >> (bin % 64)) & 1) != 0;
}

/// The left one's share of the two; half where there is nothing to share.
inline double share_of_left(double left, double right) { return left + right > 0 ? left / (left + right) : 0.5; }

}  // namespace forja::core
