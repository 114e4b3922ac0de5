#include "boosting/row_forest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "boosting/forest_walk.h"

namespace forja::core {
namespace {

/// Lines are numbered in 32 bits, and there are as many as nodes at most.
constexpr std::size_t kMostNodes = std::size_t{1} << 28;

/// Of two addresses, without a branch that would be guessed wrong each other time.
void prefetch_one(const void* zero, const void* one, unsigned which) {
  const auto a = reinterpret_cast<std::uintptr_t>(zero);
  const auto b = reinterpret_cast<std::uintptr_t>(one);
  __builtin_prefetch(reinterpret_cast<const void*>(a ^ ((a ^ b) & (0 - static_cast<std::uintptr_t>(which)))));
}

std::span<const compute::ForestNode> nodes_of(const FittedForest& forest, std::int64_t tree) {
  const auto first = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree)]);
  const auto end = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree) + 1]);
  return std::span(forest.nodes).subspan(first, end - first);
}

}  // namespace

template <class T>
RowForest<T>::RowForest(std::shared_ptr<const FittedForest> forest) : forest_(std::move(forest)) {
  const bool numeric = forest_->left_bins.empty();
  if (!numeric || forest_->nodes.size() > kMostNodes || !list_thresholds()) return;
  for (std::int64_t k = 0; k < forest_->outputs(); ++k) add_trees(k);
}

template <class T>
bool RowForest<T>::list_thresholds() {
  std::map<std::int32_t, std::set<T>> of_feature;
  for (const compute::ForestNode& node : forest_->nodes) {
    if (node.feature >= 0) of_feature[node.feature].insert(static_cast<T>(node.threshold));
  }
  if (of_feature.size() > kMostFeatures) return false;
  for (const auto& [feature, thresholds] : of_feature) {
    if (thresholds.size() > kMostThresholds) return false;
    asked_.push_back(
        {feature, static_cast<std::uint32_t>(thresholds_.size()), static_cast<std::uint32_t>(thresholds.size())});
    thresholds_.insert(thresholds_.end(), thresholds.begin(), thresholds.end());
  }
  return true;
}

template <class T>
void RowForest<T>::add_trees(std::int64_t output) {
  const std::size_t first = lines_.size();
  first_root_.push_back(static_cast<std::uint32_t>(first));
  std::vector<Root> roots;
  for (std::int64_t tree = output; tree < forest_->trees(); tree += forest_->outputs()) {
    roots.push_back({nodes_of(*forest_, tree), 0});
  }
  lines_.resize(first + roots.size());
  for (std::size_t done = 0; done < roots.size(); ++done) {
    Line& line = lines_[first + done];
    line.first_line = static_cast<std::uint32_t>(first + roots.size());
    line.first_leaf = static_cast<std::uint32_t>(values_.size());
    const Root root = roots[done];
    fill(line, root, roots);
    lines_.resize(first + roots.size());
  }
}

template <class T>
void RowForest<T>::fill(Line& line, const Root& root, std::vector<Root>& below) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::array<std::size_t, 2 * kWaysOut> places;
  places.fill(kNone);
  places[1] = root.node;
  for (std::size_t i = 1; i < kWaysOut; ++i) {
    line.threshold[i - 1] = std::numeric_limits<std::uint8_t>::max();
    line.value[i - 1] = 0;
    if (places[i] == kNone) continue;
    const compute::ForestNode& node = root.tree[places[i]];
    if (node.feature < 0) {
      places[2 * i] = places[i];
      continue;
    }
    const auto asked = std::lower_bound(asked_.begin(), asked_.end(), node.feature,
                                        [](const Asked& one, std::int32_t feature) { return one.feature < feature; });
    line.threshold[i - 1] = rank(*asked, static_cast<T>(node.threshold));
    line.value[i - 1] = static_cast<std::uint16_t>(2 * (asked - asked_.begin()) + (node.missing_left ? 1 : 0));
    places[2 * i] = static_cast<std::size_t>(node.left);
    places[2 * i + 1] = static_cast<std::size_t>(node.left) + 1;
  }
  unsigned leads_on = 0;
  unsigned ends = 0;
  for (unsigned way = 0; way < kWaysOut; ++way) {
    const std::size_t place = places[kWaysOut + way];
    if (place == kNone) continue;
    if (root.tree[place].feature >= 0) {
      leads_on |= 1U << way;
      below.push_back({root.tree, place});
    } else {
      ends |= 1U << way;
      values_.push_back(root.tree[place].value);
    }
  }
  line.leads_on = static_cast<std::uint8_t>(leads_on);
  line.ends = static_cast<std::uint8_t>(ends);
}

// A search of halves without branches, so that those of several features run side by side.
template <class T>
std::uint8_t RowForest<T>::rank(const Asked& asked, T value) const {
  const T* from = thresholds_.data() + asked.first;
  std::uint32_t left = asked.count;
  while (left > 1) {
    const std::uint32_t half = left / 2;
    from += half * static_cast<std::uint32_t>(from[half - 1] < value);
    left -= half;
  }
  from += *from < value ? 1 : 0;
  return static_cast<std::uint8_t>(from - (thresholds_.data() + asked.first));
}

template <class T>
void RowForest<T>::score(std::span<const T> row, const std::function<void(std::int64_t, double)>& take) const {
  if (lines_.empty()) {
    for (std::int64_t k = 0; k < forest_->outputs(); ++k) take(k, score_by_nodes(row, k));
    return;
  }
  Ranks ranks;
  for (std::size_t f = 0; f < asked_.size(); ++f) {
    const T value = row[static_cast<std::size_t>(asked_[f].feature)];
    const bool missing = std::isnan(value);
    const std::uint8_t above = rank(asked_[f], value);
    ranks[2 * f] = missing ? std::numeric_limits<std::uint8_t>::max() : above;
    ranks[2 * f + 1] = missing ? std::uint8_t{0} : above;
  }
  for (std::int64_t k = 0; k < forest_->outputs(); ++k) take(k, score_by_lines(ranks, k));
}

template <class T>
double RowForest<T>::score_by_nodes(std::span<const T> row, std::int64_t output) const {
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
double RowForest<T>::score_by_lines(const std::uint8_t* ranks, std::int64_t output) const {
  const auto trees = static_cast<std::size_t>(forest_->rounds());
  double sum = forest_->baseline[static_cast<std::size_t>(output)];
  for (std::size_t first = 0; first < trees; first += kBlock) {
    const std::size_t count = std::min(kBlock, trees - first);
    std::uint32_t leaves[kBlock];
    find_leaves(ranks, first_root_[static_cast<std::size_t>(output)] + first, count, leaves);
    for (std::size_t i = 0; i < count; ++i) sum += values_[leaves[i]];
  }
  return sum;
}

template <class T>
void RowForest<T>::find_leaves(const std::uint8_t* ranks, std::size_t first_root, std::size_t count,
                               std::uint32_t* leaves) const {
  std::uint32_t at[kBlock];
  std::uint8_t tree[kBlock];
  for (std::size_t i = 0; i < count; ++i) {
    at[i] = static_cast<std::uint32_t>(first_root + i);
    tree[i] = static_cast<std::uint8_t>(i);
  }
  for (std::size_t walking = count; walking > 0;) {
    std::size_t still = 0;
    for (std::size_t k = 0; k < walking; ++k) {
      const Line& line = lines_[at[k]];
      unsigned node = 1;
      for (int level = 0; level < kLevels; ++level) {
        node = 2 * node + static_cast<unsigned>(ranks[line.value[node - 1]] > line.threshold[node - 1]);
      }
      const unsigned way = node - kWaysOut;
      const unsigned before = (1U << way) - 1;
      // What is written of a tree that is not at its end is written again.
      const unsigned leaf = line.first_leaf + static_cast<unsigned>(std::popcount(line.ends & before));
      leaves[tree[k]] = leaf;
      at[still] = line.first_line + static_cast<unsigned>(std::popcount(line.leads_on & before));
      tree[still] = tree[k];
      const unsigned on = line.leads_on >> way & 1U;
      prefetch_one(values_.data() + leaf, lines_.data() + at[still], on);
      still += on;
    }
    walking = still;
  }
}

template class RowForest<float>;
template class RowForest<double>;

}  // namespace forja::core
