#include "boosting/binned_trees.h"

#include <algorithm>

namespace forja::core {
namespace {

/// The bins that go to the left, that of missing values among them.
std::array<std::uint64_t, 4> bins_on_the_left(const FittedForest& forest, std::size_t place) {
  const compute::ForestNode& node = forest.nodes[place];
  std::array<std::uint64_t, 4> bins = {};
  if (node.categories >= 0) bins = forest.left_bins[static_cast<std::size_t>(node.categories)];
  const std::int64_t missing = forest.table.n_bins(node.feature);
  const auto put = [&](std::int64_t bin, bool left) {
    const std::uint64_t bit = std::uint64_t{1} << (bin % 64);
    std::uint64_t& word = bins[static_cast<std::size_t>(bin / 64)];
    word = left ? word | bit : word & ~bit;
  };
  for (std::int64_t bin = 0; node.categories < 0 && bin < missing; ++bin) put(bin, bin <= forest.facts[place].bin);
  put(missing, node.missing_left);
  return bins;
}

}  // namespace

void add_forest(const FittedForest& forest, compute::BoostingCompute& compute) {
  constexpr std::int64_t kTreesAtOnce = 64;  // a device needs room for their nodes
  for (std::int64_t first = 0; first < forest.trees(); first += kTreesAtOnce) {
    std::vector<compute::BinnedNode> nodes;
    std::vector<compute::BinnedTree> trees;
    for (std::int64_t t = first; t < std::min(first + kTreesAtOnce, forest.trees()); ++t) {
      const auto root = static_cast<std::int32_t>(nodes.size());
      trees.push_back({root, static_cast<std::int32_t>(t % forest.outputs())});
      const auto begin = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(t)]);
      const auto end = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(t) + 1]);
      for (std::size_t place = begin; place < end; ++place) {
        const compute::ForestNode& node = forest.nodes[place];
        compute::BinnedNode own{.value = node.value, .feature = node.feature, .left = root + node.left};
        if (node.feature >= 0) own.left_bins = bins_on_the_left(forest, place);
        nodes.push_back(own);
      }
    }
    compute.add_trees(nodes, trees);
  }
}

}  // namespace forja::core
