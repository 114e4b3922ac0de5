#include "boosting/row_forest.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace forja::core {
namespace {

constexpr std::size_t kTreesAtOnce = 16;

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

}  // namespace

template <class T>
RowForest<T>::RowForest(const FittedForest& forest) : baseline_(forest.baseline) {
  const bool categorical = !forest.left_bins.empty();
  if (categorical) {
    table_ = forest.table;
    split_by_categories_.resize(forest.nodes.size(), -1);
  }
  for (std::int64_t t = 0; t < forest.trees(); ++t) {
    const auto first = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(t)]);
    const auto end = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(t) + 1]);
    for (std::size_t i = first; i < end; ++i) {
      const compute::ForestNode& node = forest.nodes[i];
      const bool leaf = node.feature < 0;
      const auto feature = leaf ? 0 : static_cast<std::uint32_t>(node.feature);
      if (!leaf && node.categories >= 0) {
        split_by_categories_[i] = static_cast<std::int32_t>(categories_.size());
        categories_.push_back(
            {feature, node.missing_left, forest.left_bins[static_cast<std::size_t>(node.categories)]});
      }
      nodes_.push_back({leaf ? std::numeric_limits<T>::infinity() : static_cast<T>(node.threshold),
                        feature << 1 | (leaf || node.missing_left ? 1U : 0U),
                        static_cast<std::uint32_t>(leaf ? i : first + static_cast<std::size_t>(node.left))});
      values_.push_back(node.value);
    }
  }
  for (std::int64_t k = 0; k < forest.outputs(); ++k) {
    for (std::int64_t t = k; t < forest.trees(); t += forest.outputs()) {
      const auto first = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(t)]);
      const auto end = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(t) + 1]);
      roots_.push_back(static_cast<std::uint32_t>(first));
      depths_.push_back(depth_of(std::span(forest.nodes).subspan(first, end - first)));
    }
  }
}

template <class T>
bool RowForest<T>::categories_go_left(const Categories& split, std::span<const T> row) const {
  const std::span<const double> listed = table_.values(split.feature);
  const auto value = static_cast<double>(row[split.feature]);
  const auto found = std::lower_bound(listed.begin(), listed.end(), value);
  if (std::isnan(value) || found == listed.end() || *found != value) return split.missing_left;
  const std::int64_t bin = found - listed.begin();
  return ((split.left_bins[static_cast<std::size_t>(bin / 64)] >> (bin % 64)) & 1) != 0;
}

template <class T>
double RowForest<T>::score(std::span<const T> row, std::int64_t output) const {
  const auto trees = roots_.size() / baseline_.size();
  const auto first = static_cast<std::size_t>(output) * trees;
  double sum = baseline_[static_cast<std::size_t>(output)];
  const T* values = row.data();
  const Node* nodes = nodes_.data();
  for (std::size_t t = first; t < first + trees; t += kTreesAtOnce) {
    const std::size_t count = std::min(kTreesAtOnce, first + trees - t);
    std::array<std::uint32_t, kTreesAtOnce> at = {};
    std::copy_n(roots_.begin() + static_cast<std::ptrdiff_t>(t), count, at.begin());
    const std::int32_t depth = *std::max_element(depths_.begin() + static_cast<std::ptrdiff_t>(t),
                                                 depths_.begin() + static_cast<std::ptrdiff_t>(t + count));
    for (std::int32_t level = 0; level < depth; ++level) {
      for (std::uint32_t& place : at) {
        const Node node = nodes[place];
        const T value = values[node.feature >> 1];
        bool right = (node.feature & 1) != 0 ? value > node.threshold : !(value <= node.threshold);
        if (!split_by_categories_.empty() && split_by_categories_[place] >= 0) {
          right = !categories_go_left(categories_[static_cast<std::size_t>(split_by_categories_[place])], row);
        }
        place = node.left + (right ? 1 : 0);
      }
    }
    for (std::size_t i = 0; i < count; ++i) sum += values_[at[i]];
  }
  return sum;
}

template class RowForest<float>;
template class RowForest<double>;

}  // namespace forja::core
