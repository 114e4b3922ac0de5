#include "boosting/tree_grower.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "boosting/monotone_leaves.h"

namespace forja::core {
namespace {

using compute::BoostingSplit;
using compute::NodeToSplit;
using formulas::ValueBounds;

/// Of the left and the right child: between them stands the middle of their values.
std::pair<ValueBounds, ValueBounds> child_bounds(const TreeRules& rules, const ValueBounds& bounds,
                                                 const BoostingSplit& split) {
  std::pair<ValueBounds, ValueBounds> children(bounds, bounds);
  const int monotonic = rules.monotonic.empty() ? 0 : rules.monotonic[static_cast<std::size_t>(split.feature)];
  if (monotonic == 0) return children;
  const double middle =
      (formulas::leaf_value(split.left, rules.split, bounds) + formulas::leaf_value(split.right, rules.split, bounds)) /
      2;
  (monotonic > 0 ? children.first : children.second).upper = middle;
  (monotonic > 0 ? children.second : children.first).lower = middle;
  return children;
}

/// A split as prediction takes it.
compute::ForestNode split_node(const BoostingSplit& split, std::int32_t left, FittedForest& forest) {
  compute::ForestNode node;
  node.feature = split.feature;
  node.left = left;
  node.missing_left = split.missing_left;
  if (forest.table.categorical[static_cast<std::size_t>(split.feature)] != 0) {
    node.categories = static_cast<std::int32_t>(forest.left_bins.size());
    forest.left_bins.push_back(split.left_bins);
  } else {
    node.threshold = forest.threshold(split.feature, split.bin);
  }
  return node;
}

}  // namespace

void TreeGrower::grow(std::uint64_t round, std::int64_t outputs, FittedForest& forest) {
  const std::int64_t at_once = std::max<std::int64_t>(compute_.trees_at_once(), 1);
  for (std::int64_t first = 0; first < outputs; first += at_once) {
    std::vector<GrownTree> trees = open(round, first, std::min(at_once, outputs - first));
    while (split_on(trees)) continue;
    finish(trees, forest);
  }
}

std::vector<TreeGrower::GrownTree> TreeGrower::open(std::uint64_t round, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> outputs;
  std::vector<NodeFeatures::Node> roots;
  std::vector<compute::NodeRule> node_rules;
  for (std::int64_t k = first; k < first + count; ++k) {
    outputs.push_back(k);
    roots.push_back(features_.root(round, k));
    node_rules.push_back({rules_.bounds, features_.allowed(roots.back())});
  }
  const std::vector<BoostingSplit> splits = compute_.open(outputs, node_rules);
  std::vector<GrownTree> trees;
  for (std::size_t t = 0; t < splits.size(); ++t) {
    trees.push_back({GrowthPolicy(rules_.limits, splits[t].gain),
                     {{static_cast<std::int64_t>(t), splits[t], rules_.bounds, std::move(roots[t])}}});
  }
  next_number_ = count;
  return trees;
}

bool TreeGrower::split_on(std::vector<GrownTree>& trees) {
  const std::int64_t at_once = std::max<std::int64_t>(compute_.splits_at_once(), 1);
  std::vector<std::pair<GrownTree*, std::int64_t>> nodes;
  std::vector<NodeToSplit> orders;
  for (GrownTree& tree : trees) {
    for (const GrowthPolicy::Task& task : tree.growth.next(at_once)) {
      nodes.emplace_back(&tree, task.node);
      add_children(tree, task, orders.emplace_back());
    }
  }
  if (orders.empty()) return false;
  const std::vector<BoostingSplit> found = compute_.split(orders);
  auto next = found.begin();
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const BoostingSplit left = orders[i].search ? *next++ : BoostingSplit();
    const BoostingSplit right = orders[i].search ? *next++ : BoostingSplit();
    GrownTree& tree = *nodes[i].first;
    const auto place = static_cast<std::size_t>(tree.growth.split(nodes[i].second, left.gain, right.gain));
    tree.nodes[place].split = left;
    tree.nodes[place + 1].split = right;
  }
  return true;
}

void TreeGrower::add_children(GrownTree& tree, const GrowthPolicy::Task& task, NodeToSplit& order) {
  const GrownNode& parent = tree.nodes[static_cast<std::size_t>(task.node)];
  const BoostingSplit& split = parent.split;
  const auto bounds = child_bounds(rules_, parent.bounds, split);
  GrownNode left{next_number_++, {}, bounds.first, features_.child(parent.features, split.feature, false)};
  GrownNode right{next_number_++, {}, bounds.second, features_.child(parent.features, split.feature, true)};
  const auto least = 2 * static_cast<double>(rules_.split.min_samples);
  order.node = parent.number;
  order.split = split;
  order.left = left.number;
  order.right = right.number;
  order.search = task.children_open && std::max(split.left.count, split.right.count) >= least;
  if (order.search) {
    order.left_rule = {left.bounds, features_.allowed(left.features)};
    order.right_rule = {right.bounds, features_.allowed(right.features)};
  }
  tree.nodes.push_back(std::move(left));
  tree.nodes.push_back(std::move(right));
}

TreeGrower::TreeOrder TreeGrower::ordered(const GrownTree& tree) {
  TreeOrder order{{0}, {-1}};
  std::vector<std::size_t> place(tree.nodes.size());
  for (const std::int64_t node : tree.growth.taken()) {
    const auto left = static_cast<std::size_t>(tree.growth.left_child(node));
    order.left[place[static_cast<std::size_t>(node)]] = static_cast<std::int32_t>(order.node.size());
    for (const std::size_t child : {left, left + 1}) {
      place[child] = order.node.size();
      order.node.push_back(static_cast<std::int64_t>(child));
      order.left.push_back(-1);
    }
  }
  return order;
}

void TreeGrower::finish(const std::vector<GrownTree>& trees, FittedForest& forest) {
  std::vector<TreeOrder> orders;
  std::vector<std::int64_t> numbers;
  for (const GrownTree& tree : trees) {
    const TreeOrder& order = orders.emplace_back(ordered(tree));
    for (std::size_t i = 0; i < order.node.size(); ++i) {
      if (order.left[i] < 0) numbers.push_back(tree.nodes[static_cast<std::size_t>(order.node[i])].number);
    }
  }
  const std::vector<formulas::NodeSums> sums = compute_.leaf_sums(numbers);
  std::vector<double> quantiles;
  if (rules_.leaf_quantile) quantiles = compute_.leaf_quantiles(numbers, *rules_.leaf_quantile);

  std::vector<compute::LeafValue> leaves;
  std::size_t leaf = 0;
  for (std::size_t t = 0; t < trees.size(); ++t) {
    const std::size_t begin = forest.nodes.size();
    for (std::size_t i = 0; i < orders[t].node.size(); ++i) {
      const GrownNode& grown = trees[t].nodes[static_cast<std::size_t>(orders[t].node[i])];
      ForestNodeFacts facts;
      if (orders[t].left[i] >= 0) {
        forest.nodes.push_back(split_node(grown.split, orders[t].left[i], forest));
        facts.gain = grown.split.gain;
        facts.bin = grown.split.bin;
      } else {
        compute::ForestNode& node = forest.nodes.emplace_back();
        node.value =
            rules_.leaf_quantile ? quantiles[leaf] : formulas::leaf_value(sums[leaf], rules_.split, grown.bounds);
        facts.cover = sums[leaf].hessian;
        facts.count = static_cast<std::int64_t>(sums[leaf].count);
        leaves.push_back({numbers[leaf++], 0});
      }
      forest.facts.push_back(facts);
    }
    forest.first.push_back(std::ssize(forest.nodes));
    const auto nodes = std::span(forest.nodes).subspan(begin);
    sum_facts(nodes, std::span(forest.facts).subspan(begin));
    if (rules_.leaf_quantile && !rules_.monotonic.empty()) {
      make_monotone(nodes, std::span(std::as_const(forest.facts)).subspan(begin), rules_.monotonic);
    }
  }
  leaf = leaves.size();
  for (auto node = forest.nodes.rbegin(); leaf > 0; ++node) {
    if (node->feature >= 0) continue;
    node->value *= rules_.learning_rate;
    leaves[--leaf].value = node->value;
  }
  compute_.add(leaves);
}

}  // namespace forja::core
