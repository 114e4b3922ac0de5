#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "boosting/fitted_forest.h"

namespace forja::core {

/// A forest for single rows, on the host. Sums are those of BoostingPredictor, to the bit. Without categories, three
/// levels of a tree lie in one line of the cache, in which missing values need no branch, and many trees are walked
/// down in turn, so that one's wait for memory is another's work.
template <class T>
class RowForest {
 public:
  explicit RowForest(std::shared_ptr<const FittedForest> forest);

  /// The raw score of an output for d values. Allocates nothing.
  double score(std::span<const T> row, std::int64_t output) const;

 private:
  /// A node of a tree and those of two levels below it: node i has i's children 2 i + 1 and 2 i + 2, and a way out to
  /// the left and to the right each of the last four. Left where the value is at most the threshold; in the place of a
  /// leaf and below it all go left.
  struct alignas(sizeof(T) == 4 ? 64 : 16) Line {
    T threshold[7];
    std::uint16_t value[7];  ///< which, as Inputs has them
    /// Four bits for each way out, from the left: how many of those before it lead to lines, and 8 where it does so
    /// too.
    std::uint32_t ways_out;
    std::uint32_t first_line;  ///< of those that the ways out lead to; one behind the other
    std::uint32_t first_leaf;  ///< likewise in values_
  };
  /// Up to so many trees are walked in turn.
  static constexpr std::size_t kBlock = 64;
  static constexpr std::int64_t kMostFeatures = 1024;
  /// Each value twice: as it is, and with NaN as the lowest, so that it goes left.
  using Inputs = T[2 * kMostFeatures];

  /// The first node of a line.
  struct Root {
    std::span<const compute::ForestNode> tree;
    std::size_t node;
  };

  /// The trees' first lines, then those below them, and so on: what is walked in turn lies side by side.
  void add_trees(std::int64_t output);
  /// Adds the roots of the lines below to `below`.
  void fill(Line& line, const Root& root, std::vector<Root>& below);
  double score_by_lines(std::span<const T> row, std::int64_t output) const;
  static unsigned way_out(const Line& line, const T* inputs);
  /// The places in values_ of the leaves of trees that begin with lines side by side.
  void find_leaves(const T* inputs, std::size_t first_root, std::size_t count, std::uint32_t* leaves) const;

  std::shared_ptr<const FittedForest> forest_;
  std::vector<Line> lines_;  ///< empty: the forest is walked as it is
  std::vector<double> values_;
  std::vector<std::uint32_t> first_root_;  ///< in lines_, of each output
};

}  // namespace forja::core
