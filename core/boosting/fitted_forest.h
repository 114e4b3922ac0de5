#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "compute/boosting_compute.h"

namespace forja::core {

/// What is known of a node beside what prediction needs.
struct ForestNodeFacts {
  double gain = 0;         ///< of the split; a leaf: 0
  double cover = 0;        ///< the hessians of its rows
  std::int64_t count = 0;  ///< its rows
  std::int32_t bin = 0;    ///< numeric: the last bin on the left
};

/// The trees that a fit has learned, in the order of rounds, `outputs` a round.
struct FittedForest {
  std::int64_t outputs() const { return static_cast<std::int64_t>(baseline.size()); }
  std::int64_t trees() const { return static_cast<std::int64_t>(first.size()) - 1; }
  std::int64_t rounds() const { return trees() / outputs(); }
  compute::Forest view() const { return {nodes, first, left_bins, baseline, &table}; }
  /// Of a split of a numeric feature after this bin; infinite where only missing values are on the right.
  double threshold(std::int64_t feature, std::int64_t bin) const {
    const std::span<const double> bounds = table.values(feature);
    return bin < std::ssize(bounds) ? bounds[static_cast<std::size_t>(bin)] : std::numeric_limits<double>::infinity();
  }

  compute::BinTable table;
  std::vector<compute::ForestNode> nodes;
  std::vector<ForestNodeFacts> facts;     ///< as many as nodes
  std::vector<std::int64_t> first = {0};  ///< trees + 1 places in nodes
  std::vector<std::array<std::uint64_t, 4>> left_bins;
  std::vector<double> baseline = {0};
};

}  // namespace forja::core
