// How boosted trees grow: which nodes are split, in which order, and under which rules; without data.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "boosting/boosting_rounds.h"
#include "boosting/growth_policy.h"
#include "boosting/monotone_leaves.h"
#include "boosting/node_features.h"
#include "boosting/tree_grower.h"
#include "support/fake_boosting.h"

namespace forja::testing {
namespace {

using core::FittedForest;
using core::GrowthLimits;
using core::NodeFeatures;
using core::TreeGrower;
using core::TreeRules;

/// Four numeric features of three bins.
FittedForest empty_forest(std::int64_t outputs) {
  FittedForest forest;
  forest.table = {{0, 1, 0, 1, 0, 1, 0, 1}, {0, 2, 4, 6, 8}, {0, 0, 0, 0}};
  forest.baseline.assign(static_cast<std::size_t>(outputs), 0);
  return forest;
}

FittedForest grown(FakeBoosting& compute, const TreeRules& rules, std::int64_t outputs = 1, double share = 1,
                   const std::vector<std::vector<std::int64_t>>& groups = {}) {
  FittedForest forest = empty_forest(outputs);
  const NodeFeatures features(4, groups, share, 5);
  TreeGrower(rules, features, compute).grow(3, outputs, forest);
  return forest;
}

bool same(const FittedForest& a, const FittedForest& b) {
  const auto same_node = [](const compute::ForestNode& one, const compute::ForestNode& other) {
    return one.threshold == other.threshold && one.value == other.value && one.feature == other.feature &&
           one.left == other.left;
  };
  return a.first == b.first && std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(), same_node);
}

/// Best-first growth as its definition has it, one node after the other: the nodes that are split, in order.
std::vector<std::string> best_first(std::uint64_t gains, std::int64_t max_leaves, std::size_t max_depth) {
  struct Open {
    std::string way;
    double gain;
  };
  std::vector<Open> open = {{"0", FakeBoosting::gain_of("0", gains)}};
  std::vector<std::string> split;
  while (std::ssize(split) + 1 < max_leaves) {
    // The first of the greatest.
    const auto best =
        std::max_element(open.begin(), open.end(), [](const Open& a, const Open& b) { return a.gain < b.gain; });
    if (best == open.end() || best->gain <= 0) break;
    const std::string way = best->way;
    split.push_back(way);
    open.erase(best);
    if (way.size() == max_depth) continue;
    for (const char* side : {"L", "R"}) open.push_back({way + side, FakeBoosting::gain_of(way + side, gains)});
  }
  return split;
}

/// The ways to the leaves of a tree whose splits are these.
std::set<std::string> leaves_of(const std::vector<std::string>& split) {
  std::set<std::string> leaves = {"0"};
  for (const std::string& way : split) {
    leaves.erase(way);
    leaves.insert({way + "L", way + "R"});
  }
  return leaves;
}

TEST(BoostingGrowth, leaf_wise_is_best_first_and_ties_go_to_the_node_that_came_first) {
  for (const std::uint64_t gains : {1U, 3U, 1000U}) {
    for (const std::int64_t max_leaves : {2, 3, 8, 31}) {
      for (const std::int64_t max_depth : {2, 5, 50}) {
        FakeBoosting compute(1, 1);
        compute.gains = gains;
        const TreeRules rules{.limits = {false, max_leaves, max_depth}};
        grown(compute, rules);
        const std::vector<std::string> expected = best_first(gains, max_leaves, static_cast<std::size_t>(max_depth));
        EXPECT_EQ(compute.splits, expected) << gains << " " << max_leaves << " " << max_depth;
        const std::set<std::string> leaves(compute.leaves_seen.begin(), compute.leaves_seen.end());
        EXPECT_EQ(leaves, leaves_of(expected));
      }
    }
  }
}

TEST(BoostingGrowth, trees_are_the_same_however_many_leaves_are_split_at_once) {
  for (const std::uint64_t gains : {2U, 1000U}) {
    for (const std::int64_t max_leaves : {2, 5, 31, 64}) {
      const TreeRules rules{.limits = {false, max_leaves, 9}};
      FakeBoosting one(1, 1);
      one.gains = gains;
      const FittedForest expected = grown(one, rules, 3);
      for (const std::int64_t at_once : {2, 3, 8, 1000}) {
        for (const std::int64_t trees : {1, 2, 7}) {
          FakeBoosting several(trees, at_once);
          several.gains = gains;
          EXPECT_TRUE(same(grown(several, rules, 3), expected)) << gains << " " << max_leaves << " " << at_once;
          EXPECT_EQ(several.added, one.added);
          EXPECT_TRUE(several.fresh);
          EXPECT_LE(std::ssize(several.batches), std::ssize(one.batches));
          EXPECT_LE(*std::max_element(several.batches.begin(), several.batches.end()),
                    at_once * std::min(trees, std::int64_t{3}));
        }
      }
    }
  }
}

TEST(BoostingGrowth, speculation_takes_fewer_calls) {
  const TreeRules rules{.limits = {false, 31}};
  FakeBoosting one(1, 1);
  FakeBoosting eight(1, 8);
  grown(one, rules);
  grown(eight, rules);
  EXPECT_EQ(std::ssize(one.batches), 30);
  EXPECT_LE(std::ssize(eight.batches), 22);
}

TEST(BoostingGrowth, depth_wise_splits_whole_levels) {
  FakeBoosting compute(1, 1);
  const TreeRules rules{.limits = {true, GrowthLimits::kNone, 4}};
  const FittedForest forest = grown(compute, rules);
  EXPECT_EQ(std::ssize(compute.batches), 4);
  for (std::size_t i = 1; i < compute.splits.size(); ++i) {
    EXPECT_LE(compute.splits[i - 1].size(), compute.splits[i].size());
  }
  // Without a limit of leaves, the order does not matter: the leaves are those of leaf-wise growth.
  FakeBoosting by_leaf(1, 3);
  const TreeRules leaf_wise{.limits = {false, GrowthLimits::kNone, 4}};
  grown(by_leaf, leaf_wise);
  EXPECT_EQ(by_leaf.added, compute.added);
}

TEST(BoostingGrowth, depth_wise_spends_the_last_leaves_on_the_greatest_gains) {
  FakeBoosting compute(1, 1);
  compute.all_gain = true;
  const TreeRules rules{.limits = {true, 6}};
  grown(compute, rules);
  ASSERT_EQ(compute.splits.size(), 5U);
  std::vector<std::string> level = {"0LL", "0LR", "0RL", "0RR"};
  std::sort(level.begin(), level.end(), [](const std::string& a, const std::string& b) {
    return FakeBoosting::gain_of(a, 50, true) > FakeBoosting::gain_of(b, 50, true);
  });
  EXPECT_EQ(std::vector(compute.splits.begin() + 3, compute.splits.end()),
            std::vector(level.begin(), level.begin() + 2));
}

TEST(BoostingGrowth, children_that_cannot_be_split_are_not_searched) {
  FakeBoosting last(1, 4);
  const TreeRules two_leaves{.limits = {false, 2}};
  grown(last, two_leaves);
  EXPECT_EQ(last.splits, std::vector<std::string>{"0"});
  EXPECT_TRUE(last.searched.empty());

  FakeBoosting deep(1, 4);
  deep.all_gain = true;
  const TreeRules shallow{.limits = {false, GrowthLimits::kNone, 2}};
  grown(deep, shallow);
  EXPECT_EQ(deep.splits.size(), 3U);
  EXPECT_EQ(deep.searched, std::vector<std::string>{"0"});

  FakeBoosting few(1, 4);
  TreeRules wide{.limits = {false, GrowthLimits::kNone}};
  wide.split.min_samples = static_cast<std::int64_t>(FakeBoosting::kRows * 5 / 8 * 5 / 8) / 2;
  grown(few, wide);
  // A child of 5/8 of its parent's rows may have enough for two leaves, that of 25/64 has just not.
  for (const std::string& way : few.searched) {
    EXPECT_GE(FakeBoosting::rows_of(way + "R"), 2.0 * static_cast<double>(wide.split.min_samples)) << way;
  }
  EXPECT_FALSE(few.searched.empty());
  EXPECT_LT(few.searched.size(), few.splits.size());
}

TEST(BoostingGrowth, a_root_without_a_split_is_a_leaf) {
  FakeBoosting compute(1, 4);
  compute.gains = 1;
  FittedForest forest = empty_forest(1);
  const NodeFeatures features(4, {}, 1, 0);
  const TreeRules rules{.limits = {false, 31}};
  TreeGrower grower(rules, features, compute);
  // Among 50 outputs some root has no gain.
  for (std::int64_t output = 0; output < 50; ++output) {
    if (FakeBoosting::gain_of(std::to_string(output), 1) > 0) continue;
    compute.added.clear();
    grower.grow(0, output + 1, forest);
    EXPECT_EQ(compute.added.count(std::to_string(output)), 1U);
    const auto last = static_cast<std::size_t>(forest.trees());
    EXPECT_EQ(forest.first[last] - forest.first[last - 1], 1);
    return;
  }
  FAIL() << "no root without a split";
}

TEST(BoostingGrowth, nodes_stand_behind_their_parents_and_know_what_is_below_them) {
  FakeBoosting compute(1, 3);
  TreeRules rules{.limits = {false, 20}};
  rules.learning_rate = 0.5;
  const FittedForest forest = grown(compute, rules);
  ASSERT_EQ(forest.nodes.size(), 39U);
  for (std::size_t i = 0; i < forest.nodes.size(); ++i) {
    const compute::ForestNode& node = forest.nodes[i];
    if (node.feature < 0) continue;
    const auto left = static_cast<std::size_t>(node.left);
    ASSERT_GT(left, i);
    EXPECT_EQ(forest.facts[i].cover, forest.facts[left].cover + forest.facts[left + 1].cover);
    EXPECT_EQ(forest.facts[i].count, forest.facts[left].count + forest.facts[left + 1].count);
    EXPECT_EQ(node.threshold, forest.facts[i].bin);
    EXPECT_GT(forest.facts[i].gain, 0);
  }
  EXPECT_EQ(forest.facts[0].cover, 2 * 20);
  // The fake's sums: a Newton step of -g / 2, halved by the rate.
  for (const compute::ForestNode& node : forest.nodes) {
    EXPECT_EQ(node.value * 4, std::floor(node.value * 4));
  }
}

TEST(BoostingGrowth, monotonic_bounds_are_the_middle_of_the_childrens_values) {
  FakeBoosting compute(1, 1);
  compute.features = 1;
  TreeRules rules{.limits = {false, 8}};
  rules.monotonic = {1, 0, 0, 0};
  const FittedForest forest = grown(compute, rules);
  const compute::NodeRule& left = compute.rules.at("0L");
  const compute::NodeRule& right = compute.rules.at("0R");
  EXPECT_EQ(left.bounds.upper, right.bounds.lower);
  EXPECT_EQ(left.bounds.lower, formulas::ValueBounds().lower);
  EXPECT_LT(left.bounds.upper, 1e3);
  for (const auto& [way, value] : compute.added) {
    const bool on_the_left = way[1] == 'L';
    EXPECT_LE(on_the_left ? value : -value,
              rules.learning_rate * (on_the_left ? left.bounds.upper : -left.bounds.upper));
  }
}

TEST(BoostingGrowth, leaves_that_are_quantiles_are_made_monotone) {
  // A root split by feature 0 with leaves 5 | 1 under a rising constraint, and the right side split by feature 1.
  std::vector<compute::ForestNode> nodes(5);
  nodes[0].feature = 0;
  nodes[0].left = 1;
  nodes[1].value = 5;
  nodes[2].feature = 1;
  nodes[2].left = 3;
  nodes[3].value = 1;
  nodes[4].value = 9;
  std::vector<core::ForestNodeFacts> facts(5);
  facts[1].cover = 1;
  facts[3].cover = 3;
  facts[4].cover = 1;
  core::sum_facts(nodes, facts);
  EXPECT_EQ(facts[2].cover, 4);
  const std::vector<std::int8_t> monotonic = {1, 0};
  core::make_monotone(nodes, facts, monotonic);
  // Means 5 and (3 x 1 + 9) / 4 = 3: bounded by 4.
  EXPECT_EQ(nodes[1].value, 4);
  EXPECT_EQ(nodes[3].value, 4);
  EXPECT_EQ(nodes[4].value, 9);
}

TEST(BoostingGrowth, features_that_may_not_meet_do_not) {
  FakeBoosting compute(1, 2);
  const TreeRules rules{.limits = {false, 40}};
  // 3, in no group, is one more.
  const FittedForest forest = grown(compute, rules, 1, 1, {{0, 1}, {1, 2}});
  for (const auto& [way, rule] : compute.rules) {
    ASSERT_EQ(rule.features.size(), 1U) << way;
  }
  EXPECT_EQ(compute.rules.at("0").features[0], 0xFU);
  std::vector<std::pair<std::int64_t, std::uint64_t>> open = {{0, 0}};
  int leaves = 0;
  while (!open.empty()) {
    const auto [at, on_the_way] = open.back();
    open.pop_back();
    const compute::ForestNode& here = forest.nodes[static_cast<std::size_t>(at)];
    if (here.feature < 0) {
      ++leaves;
      // {0, 1}, {1, 2} or {3}.
      EXPECT_TRUE((on_the_way & ~3U) == 0 || (on_the_way & ~6U) == 0 || (on_the_way & ~8U) == 0) << on_the_way;
      continue;
    }
    const std::uint64_t with = on_the_way | (std::uint64_t{1} << here.feature);
    open.emplace_back(here.left, with);
    open.emplace_back(here.left + 1, with);
  }
  EXPECT_GT(leaves, 10);
}

TEST(BoostingGrowth, each_node_looks_at_its_share_of_the_features) {
  std::set<std::uint64_t> masks;
  const NodeFeatures features(130, {}, 0.1, 7);
  NodeFeatures::Node node = features.root(0, 0);
  std::vector<int> seen(130);
  for (int step = 0; step < 300; ++step) {
    const std::vector<std::uint64_t> bits = features.allowed(node);
    ASSERT_EQ(bits.size(), 3U);
    int count = 0;
    for (std::int64_t f = 0; f < 130; ++f) {
      const bool open = ((bits[static_cast<std::size_t>(f / 64)] >> (f % 64)) & 1) != 0;
      count += open ? 1 : 0;
      seen[static_cast<std::size_t>(f)] += open ? 1 : 0;
    }
    ASSERT_EQ(count, 13);
    masks.insert(bits[0]);
    node = features.child(node, 0, step % 3 == 0);
  }
  EXPECT_GT(masks.size(), 250U);
  // 300 draws at 0.1: mean 30, deviation 5.2.
  EXPECT_GT(*std::min_element(seen.begin(), seen.end()), 8);
  EXPECT_LT(*std::max_element(seen.begin(), seen.end()), 60);
  EXPECT_NE(features.allowed(features.root(0, 0)), features.allowed(features.root(1, 0)));
  EXPECT_NE(features.allowed(features.root(0, 0)), features.allowed(features.root(0, 1)));
  const NodeFeatures other(130, {}, 0.1, 8);
  EXPECT_NE(features.allowed(features.root(0, 0)), other.allowed(other.root(0, 0)));
  EXPECT_TRUE(NodeFeatures(130, {}, 1, 7).allowed(features.root(0, 0)).empty());
}

TEST(BoostingRounds, scores_that_get_no_better_end_a_fit) {
  EXPECT_FALSE(core::no_better({}, 1, 0));
  EXPECT_FALSE(core::no_better({-3, -2}, 2, 0));
  EXPECT_FALSE(core::no_better({-3, -3, -2}, 2, 0));
  EXPECT_TRUE(core::no_better({-3, -3, -4}, 2, 0));
  EXPECT_TRUE(core::no_better({-3, -2.5, -2.6}, 2, 0.5));
  EXPECT_FALSE(core::no_better({-3, -2.4, -2.6}, 2, 0.5));
  EXPECT_FALSE(core::no_better({-1, -9, -8, -7}, 2, 0));
}

}  // namespace
}  // namespace forja::testing
