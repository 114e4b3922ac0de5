#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "boosting/fitted_forest.h"

namespace forja::core {

/// A forest for single rows, on the host. Sums are those of BoostingPredictor, to the bit. Without categories, values
/// are ranked once among the thresholds that the forest has for them; ranks are bytes, so that three levels of a tree
/// lie in half a line of the cache, missing values need no branch, and many trees are walked down in turn, so that
/// one's wait for memory is another's work.
template <class T>
class RowForest {
 public:
  explicit RowForest(std::shared_ptr<const FittedForest> forest);

  /// Calls take(output, raw score) for each output of a row of d values. Allocates nothing.
  void score(std::span<const T> row, const std::function<void(std::int64_t, double)>& take) const;

 private:
  static constexpr int kLevels = 3;
  static constexpr unsigned kWaysOut = 1U << kLevels;
  /// A node of a tree and those of the levels below it, numbered from one: node i has 2 i and 2 i + 1 as children.
  /// Right where the rank is above the threshold's; in the place of a leaf and below it all go left.
  struct alignas(32) Line {
    std::uint8_t threshold[kWaysOut - 1];
    std::uint8_t leads_on;              ///< a bit for each way out, from the left: to a line
    std::uint16_t value[kWaysOut - 1];  ///< which, as Ranks has them
    std::uint8_t ends;                  ///< likewise: in a leaf
    std::uint32_t first_line;           ///< of those that the ways out lead to; one behind the other
    std::uint32_t first_leaf;           ///< likewise in values_
  };
  /// Up to so many trees are walked in turn.
  static constexpr std::size_t kBlock = 256;
  static constexpr std::size_t kMostFeatures = 1024;
  /// How many thresholds a value is above. Of each that the forest asks for two: NaN is above all, then above none.
  using Ranks = std::uint8_t[2 * kMostFeatures];
  static constexpr std::size_t kMostThresholds = 255;

  /// A feature that the forest asks for and where its thresholds lie, ascending.
  struct Asked {
    std::int32_t feature;
    std::uint32_t first;
    std::uint32_t count;
  };
  /// The first node of a line.
  struct Root {
    std::span<const compute::ForestNode> tree;
    std::size_t node;
  };

  /// False where they do not fit into ranks.
  bool list_thresholds();
  /// The trees' first lines, then those below them, and so on: what is walked in turn lies side by side.
  void add_trees(std::int64_t output);
  /// Adds the roots of the lines below to `below`.
  void fill(Line& line, const Root& root, std::vector<Root>& below);
  std::uint8_t rank(const Asked& asked, T value) const;
  double score_by_nodes(std::span<const T> row, std::int64_t output) const;
  double score_by_lines(const std::uint8_t* ranks, std::int64_t output) const;
  /// The places in values_ of the leaves of trees that begin with lines side by side.
  void find_leaves(const std::uint8_t* ranks, std::size_t first_root, std::size_t count, std::uint32_t* leaves) const;

  std::shared_ptr<const FittedForest> forest_;
  std::vector<Line> lines_;  ///< empty: the forest is walked as it is
  std::vector<double> values_;
  std::vector<std::uint32_t> first_root_;  ///< in lines_, of each output
  std::vector<Asked> asked_;               ///< by feature, ascending
  std::vector<T> thresholds_;
};

}  // namespace forja::core
