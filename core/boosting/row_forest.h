#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "boosting/fitted_forest.h"

namespace forja::core {

/// A forest for single rows, on the host. Sums are those of BoostingPredictor, to the bit. Without categories it is
/// walked down in several trees at once, so that one's wait for memory is another's work, over nodes of 8 bytes (of
/// double: 16) in which missing values need no branch.
template <class T>
class RowForest {
 public:
  explicit RowForest(std::shared_ptr<const FittedForest> forest);

  /// The raw score of an output for d values. Allocates nothing.
  double score(std::span<const T> row, std::int64_t output) const;

 private:
  using Link = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  /// Left where the value is at most the threshold. link: in the low bits which value, as Inputs has them, above them
  /// the left child's place; the right one is next. A leaf is its own left child, to which every value goes.
  struct Node {
    T threshold;
    Link link;
  };
  /// Up to so many trees are summed at once, and so many of them walked at once.
  static constexpr std::size_t kBlock = 64;
  static constexpr std::size_t kAtOnce = 16;
  static constexpr std::int64_t kMostFeatures = 1024;
  /// Each value twice: as it is, and with NaN as the lowest, so that it goes left.
  using Inputs = T[2 * kMostFeatures];

  void add_tree(std::int64_t tree);
  double compact_score(std::span<const T> row, std::int64_t output) const;
  /// Moves walkers to their leaves.
  void walk(const T* inputs, std::uint32_t* at) const;

  std::shared_ptr<const FittedForest> forest_;
  int value_bits_ = 0;  ///< of a link; 0: the nodes are not compact
  std::vector<Node> nodes_;
  std::vector<double> values_;  ///< as many
  /// Of the trees of output 0, then of output 1, ...; of each 64 of an output the shallow ones first.
  std::vector<std::uint32_t> roots_;
  std::vector<std::uint8_t> order_;  ///< as many: which of its 64 a tree is
};

}  // namespace forja::core
