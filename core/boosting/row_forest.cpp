#include "boosting/row_forest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "boosting/forest_walk.h"

namespace forja::core {
namespace {

constexpr std::size_t kNodesOfLine = 7;
constexpr std::size_t kWaysOut = 8;
/// Lines are numbered in 32 bits, and there are as many as nodes at most.
constexpr std::size_t kMostNodes = std::size_t{1} << 28;

std::span<const compute::ForestNode> nodes_of(const FittedForest& forest, std::int64_t tree) {
  const auto first = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree)]);
  const auto end = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree) + 1]);
  return std::span(forest.nodes).subspan(first, end - first);
}

}  // namespace

template <class T>
RowForest<T>::RowForest(std::shared_ptr<const FittedForest> forest) : forest_(std::move(forest)) {
  const bool numeric = forest_->left_bins.empty();
  if (!numeric || forest_->table.features() > kMostFeatures || forest_->nodes.size() > kMostNodes) return;
  for (std::int64_t k = 0; k < forest_->outputs(); ++k) add_trees(k);
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
  std::array<std::size_t, kNodesOfLine + kWaysOut> places;
  places.fill(kNone);
  places[0] = root.node;
  for (std::size_t i = 0; i < kNodesOfLine; ++i) {
    line.threshold[i] = std::numeric_limits<T>::infinity();
    line.value[i] = 1;
    if (places[i] == kNone) continue;
    const compute::ForestNode& node = root.tree[places[i]];
    if (node.feature < 0) {
      places[2 * i + 1] = places[i];
      continue;
    }
    line.threshold[i] = static_cast<T>(node.threshold);
    line.value[i] = static_cast<std::uint16_t>(2 * node.feature + (node.missing_left ? 1 : 0));
    places[2 * i + 1] = static_cast<std::size_t>(node.left);
    places[2 * i + 2] = static_cast<std::size_t>(node.left) + 1;
  }
  const std::size_t first = below.size();
  line.ways_out = 0;
  for (std::size_t way = 0; way < kWaysOut; ++way) {
    const std::size_t place = places[kNodesOfLine + way];
    const bool leads_on = place != kNone && root.tree[place].feature >= 0;
    line.ways_out |= static_cast<std::uint32_t>(below.size() - first + (leads_on ? 8 : 0)) << (4 * way);
    if (leads_on) {
      below.push_back({root.tree, place});
    } else {
      values_.push_back(place != kNone ? root.tree[place].value : 0.0);
    }
  }
}

template <class T>
double RowForest<T>::score(std::span<const T> row, std::int64_t output) const {
  if (!lines_.empty()) return score_by_lines(row, output);
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
double RowForest<T>::score_by_lines(std::span<const T> row, std::int64_t output) const {
  Inputs inputs;
  for (std::size_t f = 0; f < row.size(); ++f) {
    inputs[2 * f] = row[f];
    inputs[2 * f + 1] = std::isnan(row[f]) ? -std::numeric_limits<T>::infinity() : row[f];
  }
  const auto trees = static_cast<std::size_t>(forest_->rounds());
  double sum = forest_->baseline[static_cast<std::size_t>(output)];
  for (std::size_t first = 0; first < trees; first += kBlock) {
    const std::size_t count = std::min(kBlock, trees - first);
    std::uint32_t leaves[kBlock];
    find_leaves(inputs, first_root_[static_cast<std::size_t>(output)] + first, count, leaves);
    for (std::size_t i = 0; i < count; ++i) sum += values_[leaves[i]];
  }
  return sum;
}

template <class T>
unsigned RowForest<T>::way_out(const Line& line, const T* inputs) {
  const auto right = [&](unsigned i) { return static_cast<unsigned>(!(inputs[line.value[i]] <= line.threshold[i])); };
  const unsigned first = right(0);
  const unsigned second = 2 * first + right(1 + first);
  return 2 * second + right(3 + second);
}

template <class T>
void RowForest<T>::find_leaves(const T* inputs, std::size_t first_root, std::size_t count,
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
      const unsigned way = way_out(line, inputs);
      const unsigned code = line.ways_out >> (4 * way);
      const unsigned lines_before = code & 7;
      // What is written of a tree that is not at its end is written again.
      leaves[tree[k]] = line.first_leaf + way - lines_before;
      at[still] = line.first_line + lines_before;
      tree[still] = tree[k];
      __builtin_prefetch(&lines_[at[still]]);
      still += code >> 3 & 1;
    }
    walking = still;
  }
}

template class RowForest<float>;
template class RowForest<double>;

}  // namespace forja::core
