#include "boosting/row_forest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "boosting/forest_walk.h"

namespace forja::core {
namespace {

/// Edges from the root to the deepest leaf.
std::int32_t depth_of(std::span<const compute::ForestNode> tree) {
  std::vector<std::int32_t> depth(tree.size());
  std::int32_t deepest = 0;
  for (std::size_t i = 0; i < tree.size(); ++i) {
    deepest = std::max(deepest, depth[i]);
    if (tree[i].feature < 0) continue;
    const auto left = static_cast<std::size_t>(tree[i].left);
    depth[left] = depth[left + 1] = depth[i] + 1;
  }
  return deepest;
}

std::span<const compute::ForestNode> nodes_of(const FittedForest& forest, std::int64_t tree) {
  const auto first = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree)]);
  const auto end = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree) + 1]);
  return std::span(forest.nodes).subspan(first, end - first);
}

}  // namespace

template <class T>
RowForest<T>::RowForest(std::shared_ptr<const FittedForest> forest) : forest_(std::move(forest)) {
  const std::int64_t features = forest_->table.features();
  const int value_bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(2 * features - 1)));
  const int place_bits = static_cast<int>(std::bit_width(forest_->nodes.size()));
  const bool fits = value_bits + place_bits <= std::numeric_limits<Link>::digits && place_bits <= 32;
  if (!forest_->left_bins.empty() || features > kMostFeatures || !fits) return;
  value_bits_ = value_bits;
  const std::int64_t outputs = forest_->outputs();
  const std::int64_t rounds = forest_->rounds();
  for (std::int64_t k = 0; k < outputs; ++k) {
    for (std::int64_t first = 0; first < rounds; first += kBlock) {
      const std::int64_t count = std::min<std::int64_t>(kBlock, rounds - first);
      std::vector<std::pair<std::int32_t, std::int64_t>> by_depth;
      for (std::int64_t i = 0; i < count; ++i) {
        by_depth.emplace_back(depth_of(nodes_of(*forest_, (first + i) * outputs + k)), i);
      }
      std::sort(by_depth.begin(), by_depth.end());
      for (const auto& [depth, i] : by_depth) {
        order_.push_back(static_cast<std::uint8_t>(i));
        roots_.push_back(static_cast<std::uint32_t>(nodes_.size()));
        add_tree((first + i) * outputs + k);
      }
    }
  }
}

template <class T>
void RowForest<T>::add_tree(std::int64_t tree) {
  const std::size_t first = nodes_.size();
  for (const compute::ForestNode& node : nodes_of(*forest_, tree)) {
    const bool leaf = node.feature < 0;
    const auto value = leaf ? Link{1} : static_cast<Link>(2 * node.feature + (node.missing_left ? 1 : 0));
    const std::size_t left = leaf ? nodes_.size() : first + static_cast<std::size_t>(node.left);
    nodes_.push_back({leaf ? std::numeric_limits<T>::infinity() : static_cast<T>(node.threshold),
                      static_cast<Link>(static_cast<Link>(left) << value_bits_ | value)});
    values_.push_back(node.value);
  }
}

template <class T>
double RowForest<T>::score(std::span<const T> row, std::int64_t output) const {
  if (value_bits_ > 0) return compact_score(row, output);
  double sum = forest_->baseline[static_cast<std::size_t>(output)];
  for (std::int64_t t = output; t < forest_->trees(); t += forest_->outputs()) {
    const std::span<const compute::ForestNode> tree = nodes_of(*forest_, t);
    const compute::ForestNode* node = &tree[0];
    while (node->feature >= 0) {
      const auto value = static_cast<double>(row[static_cast<std::size_t>(node->feature)]);
      node = &tree[static_cast<std::size_t>(node->left) + (goes_left(*forest_, *node, value) ? 0 : 1)];
    }
    sum += node->value;
  }
  return sum;
}

template <class T>
double RowForest<T>::compact_score(std::span<const T> row, std::int64_t output) const {
  Inputs inputs;
  for (std::size_t f = 0; f < row.size(); ++f) {
    inputs[2 * f] = row[f];
    inputs[2 * f + 1] = std::isnan(row[f]) ? -std::numeric_limits<T>::infinity() : row[f];
  }
  const auto trees = static_cast<std::size_t>(forest_->rounds());
  const std::size_t first = static_cast<std::size_t>(output) * trees;
  double sum = forest_->baseline[static_cast<std::size_t>(output)];
  std::array<double, kBlock> found;
  for (std::size_t block = first; block < first + trees; block += kBlock) {
    const std::size_t count = std::min(kBlock, first + trees - block);
    for (std::size_t t = 0; t < count; t += kAtOnce) {
      // Walkers without a tree of their own go down the last one's.
      const std::size_t last = std::min(kAtOnce, count - t) - 1;
      std::uint32_t at[kAtOnce];
      for (std::size_t i = 0; i < kAtOnce; ++i) at[i] = roots_[block + t + std::min(i, last)];
      walk(inputs, at);
      for (std::size_t i = 0; i <= last; ++i) found[order_[block + t + i]] = values_[at[i]];
    }
    for (std::size_t i = 0; i < count; ++i) sum += found[i];
  }
  return sum;
}

template <class T>
void RowForest<T>::walk(const T* inputs, std::uint32_t* at) const {
  constexpr int kStepsBetweenLooks = 3;
  const Node* nodes = nodes_.data();
  const Link mask = (Link{1} << value_bits_) - 1;
  const int shift = value_bits_;
  std::uint32_t moved = 1;
  while (moved != 0) {
    for (int step = 0; step < kStepsBetweenLooks; ++step) {
      moved = 0;
#pragma GCC unroll 16
      for (std::size_t i = 0; i < kAtOnce; ++i) {
        const Node node = nodes[at[i]];
        const bool right = !(inputs[node.link & mask] <= node.threshold);
        const std::uint32_t next = static_cast<std::uint32_t>(node.link >> shift) + (right ? 1 : 0);
        moved |= next ^ at[i];
        at[i] = next;
      }
    }
  }
}

template class RowForest<float>;
template class RowForest<double>;

}  // namespace forja::core
