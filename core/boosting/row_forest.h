#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "boosting/fitted_forest.h"

namespace forja::core {

/// A forest for single rows, on the host: small nodes, walked down in several trees at once, so that one's wait for
/// memory is another's work. Sums are those of BoostingPredictor, to the bit.
template <class T>
class RowForest {
 public:
  explicit RowForest(const FittedForest& forest);

  /// The raw score of an output for d values. Allocates nothing.
  double score(std::span<const T> row, std::int64_t output) const;

 private:
  /// The left child's place; the right one is next. A leaf is its own left child, to which every value goes.
  struct Node {
    T threshold;
    std::uint32_t feature;  ///< shifted up by one; the low bit: whether NaN goes left
    std::uint32_t left;
  };
  /// Of a node that is split by categories: which of them go left.
  struct Categories {
    std::uint32_t feature = 0;
    bool missing_left = false;
    std::array<std::uint64_t, 4> left_bins = {};
  };

  bool categories_go_left(const Categories& split, std::span<const T> row) const;

  std::vector<Node> nodes_;
  std::vector<double> values_;        ///< as many
  std::vector<std::uint32_t> roots_;  ///< of the trees of output 0, then of output 1, ...
  std::vector<std::int32_t> depths_;  ///< as many
  std::vector<double> baseline_;
  std::vector<std::int32_t> split_by_categories_;  ///< of each node a place in categories_, or -1; empty: none is
  std::vector<Categories> categories_;
  compute::BinTable table_;  ///< of categories; else empty
};

}  // namespace forja::core
