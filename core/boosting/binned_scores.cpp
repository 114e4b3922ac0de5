#include "boosting/binned_scores.h"

#include <algorithm>

namespace forja::core {
namespace {

/// The value of the leaf of a row of bins in the tree whose nodes begin at `first`.
double leaf_of(const FittedForest& forest, std::int64_t first, std::span<const std::uint8_t> bins) {
  std::int64_t place = first;
  for (;;) {
    const compute::ForestNode& node = forest.nodes[static_cast<std::size_t>(place)];
    if (node.feature < 0) return node.value;
    const std::int64_t bin = bins[static_cast<std::size_t>(node.feature)];
    bool left = false;
    if (bin == forest.table.n_bins(node.feature)) {
      left = node.missing_left;
    } else if (node.categories >= 0) {
      const auto& listed = forest.left_bins[static_cast<std::size_t>(node.categories)];
      left = ((listed[static_cast<std::size_t>(bin / 64)] >> (bin % 64)) & 1) != 0;
    } else {
      left = bin <= forest.facts[static_cast<std::size_t>(place)].bin;
    }
    place = first + node.left + (left ? 0 : 1);
  }
}

}  // namespace

void binned_scores(const FittedForest& forest, const compute::BinnedRows& rows, MatrixView<double> scores) {
  constexpr std::int64_t kBlock = 4096;
  const std::int64_t outputs = forest.outputs();
  std::vector<std::uint8_t> bins;
  for (std::int64_t first = 0; first < rows.rows(); first += kBlock) {
    const std::int64_t count = std::min(kBlock, rows.rows() - first);
    bins.resize(static_cast<std::size_t>(count * forest.table.features()));
    const MatrixView<std::uint8_t> block(bins.data(), count, forest.table.features());
    rows.download(first, block);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::span<double> row = scores.row(first + i);
      std::copy(forest.baseline.begin(), forest.baseline.end(), row.begin());
      for (std::int64_t t = 0; t < forest.trees(); ++t) {
        row[static_cast<std::size_t>(t % outputs)] +=
            leaf_of(forest, forest.first[static_cast<std::size_t>(t)], block.row(i));
      }
    }
  }
}

}  // namespace forja::core
