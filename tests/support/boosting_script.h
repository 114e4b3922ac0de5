#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "compute/boosting_compute.h"
#include "support/boosting_data.h"

namespace forja::testing {

/// A fit of few rounds, and how it is called.
struct BoostingScript {
  std::int64_t rows = 300;
  std::vector<ColumnKind> kinds = {ColumnKind::smooth, ColumnKind::coarse, ColumnKind::gaps, ColumnKind::categories};
  std::size_t most_bins = 255;
  formulas::BoostingLoss loss = {};
  formulas::SplitRules rules = {0, 0.1, 0, 1e-3, 3, 10};
  std::int64_t outputs = 1;
  bool exact = false;
  bool weighted = false;
  bool held_out = false;
  double subsample = 1;
  std::vector<std::int8_t> monotonic = {};
  bool masked = false;   ///< each node may use some features only
  bool pruned = false;   ///< a node that was split is a leaf in the end
  double quantile = -1;  ///< leaves get it, where it is not below 0
  std::int64_t rounds = 2;
  std::int64_t leaves = 8;
  std::int64_t trees_together = 1;
  std::int64_t splits_together = 1;
};

/// What came back, in words and bits.
struct BoostingEntry {
  std::string what;
  std::uint64_t bits = 0;
  friend bool operator==(const BoostingEntry&, const BoostingEntry&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const BoostingEntry& entry) {
  return out << entry.what << " = " << std::bit_cast<double>(entry.bits) << " (" << entry.bits << ")";
}

inline double script_uniform(std::uint64_t stream, std::int64_t i) {
  return formulas::random_uniform(5, stream, static_cast<std::uint64_t>(i));
}

/// Rows, targets and weights of a script.
struct ScriptData {
  explicit ScriptData(const BoostingScript& script)
      : x(boosting_rows(script.rows, script.kinds, 1)), table(boosting_table(x, script.kinds, script.most_bins)) {
    const bool positive = script.loss.kind == formulas::BoostingLossKind::poisson ||
                          script.loss.kind == formulas::BoostingLossKind::gamma ||
                          script.loss.kind == formulas::BoostingLossKind::tweedie;
    for (std::int64_t i = 0; i < script.rows; ++i) {
      const double first = std::isnan(x(i, 0)) ? 0 : x(i, 0);
      const double last = std::isnan(x(i, x.columns() - 1)) ? 7 : x(i, x.columns() - 1);
      double target = std::sin(5 * first) + 0.3 * std::fmod(last * 7, 5) + script_uniform(1, i);
      if (positive) target = std::fabs(target) + 0.1;
      if (script.loss.kind == formulas::BoostingLossKind::binary_log) target = target > 1.2 ? 1 : 0;
      if (script.loss.kind == formulas::BoostingLossKind::multinomial) {
        target = std::min(std::floor(std::fabs(target)), static_cast<double>(script.outputs - 1));
      }
      y.push_back(target);
      if (script.weighted) weight.push_back(i % 7 == 3 ? 0 : 0.1 + 3 * script_uniform(2, i));
      if (script.held_out) held_out.push_back(script_uniform(3, i) < 0.25 ? 1 : 0);
    }
  }

  compute::BoostingPlan plan(const BoostingScript& script) const {
    return {y, weight, held_out, script.outputs, script.loss, script.rules, script.monotonic, script.exact, 11};
  }

  Matrix<double> x;
  compute::BinTable table;
  std::vector<double> y;
  std::vector<double> weight;
  std::vector<std::uint8_t> held_out;
};

/// Plays a script on a seam, and writes down all that it says.
class BoostingPlayer {
 public:
  BoostingPlayer(const BoostingScript& script, compute::BoostingCompute& seam) : script_(script), seam_(seam) {}

  std::vector<BoostingEntry> play() {
    Matrix<double> start(1, script_.outputs);
    for (std::int64_t k = 0; k < script_.outputs; ++k) start(0, k) = 0.25 * static_cast<double>(k + 1);
    seam_.set_scores(start.view());
    for (std::int64_t round = 0; round < script_.rounds; ++round) {
      note_losses();
      begin_round(round);
      for (std::int64_t k = 0; k < script_.outputs; k += script_.trees_together) {
        grow(k, std::min(script_.outputs, k + script_.trees_together));
      }
      note_scores();
    }
    note_losses();
    return entries_;
  }

 private:
  struct Open {
    std::int64_t number = 0;
    std::int64_t tree = 0;
    compute::NodeRule rule;
    compute::BoostingSplit split;
    bool leaf = true;
    bool may_split = true;
  };

  void note(const std::string& what, double value) { entries_.push_back({what, std::bit_cast<std::uint64_t>(value)}); }

  void note_losses() {
    if (script_.loss.kind == formulas::BoostingLossKind::custom) return;
    const compute::BoostingLosses losses = seam_.losses();
    note("loss", losses.learned);
    note("loss held out", losses.held_out);
  }

  void note_scores() {
    Matrix<double> scores(script_.rows, script_.outputs);
    seam_.scores(scores.view());
    for (std::int64_t i = 0; i < script_.rows; ++i) {
      for (std::int64_t k = 0; k < script_.outputs; ++k) note("score of row " + std::to_string(i), scores(i, k));
    }
  }

  void begin_round(std::int64_t round) {
    const auto number = static_cast<std::uint64_t>(round);
    if (script_.loss.kind != formulas::BoostingLossKind::custom) {
      seam_.begin_round(number, script_.subsample);
      return;
    }
    Matrix<double> gradients(script_.rows, script_.outputs);
    Matrix<double> hessians(script_.rows, script_.outputs);
    for (std::int64_t i = 0; i < script_.rows; ++i) {
      for (std::int64_t k = 0; k < script_.outputs; ++k) {
        gradients(i, k) = script_uniform(20 + number, i * script_.outputs + k) - 0.4;
        hessians(i, k) = script_uniform(40 + number, i * script_.outputs + k);
      }
    }
    seam_.begin_round(number, script_.subsample, gradients, hessians);
  }

  compute::NodeRule rule_of(std::int64_t number) const {
    compute::NodeRule rule;
    if (!script_.masked) return rule;
    const auto features = std::ssize(script_.kinds);
    rule.features.assign(static_cast<std::size_t>((features + 63) / 64), 0);
    for (std::int64_t f = 0; f < features; ++f) {
      if ((f + number) % 3 != 0) rule.features[static_cast<std::size_t>(f / 64)] |= std::uint64_t{1} << (f % 64);
    }
    return rule;
  }

  void note_split(const Open& node) {
    const compute::BoostingSplit& split = node.split;
    const std::string of = " of node " + std::to_string(node.number);
    note("gain" + of, split.gain);
    note("feature" + of, split.feature);
    if (split.feature < 0) return;
    note("bin" + of, split.bin);
    note("missing left" + of, split.missing_left ? 1 : 0);
    for (const std::uint64_t bits : split.left_bins) entries_.push_back({"left bins" + of, bits});
    for (const formulas::NodeSums& side : {split.left, split.right}) {
      note("gradient of a side" + of, side.gradient);
      note("hessian of a side" + of, side.hessian);
      note("rows of a side" + of, side.count);
    }
  }

  /// Bounds of a child by the mean of both values where the feature is monotonic.
  compute::NodeRule child_rule(const Open& parent, std::int64_t number, bool is_left) const {
    compute::NodeRule rule = rule_of(number);
    rule.bounds = parent.rule.bounds;
    const std::int8_t way =
        script_.monotonic.empty() ? std::int8_t{0} : script_.monotonic[static_cast<std::size_t>(parent.split.feature)];
    if (way == 0) return rule;
    const double amid = (formulas::leaf_value(parent.split.left, script_.rules, parent.rule.bounds) +
                         formulas::leaf_value(parent.split.right, script_.rules, parent.rule.bounds)) /
                        2;
    ((way > 0) == is_left ? rule.bounds.upper : rule.bounds.lower) = amid;
    return rule;
  }

  /// The nodes to split next: the best of those that can be, of trees that may still grow.
  std::vector<std::size_t> next_nodes(const std::vector<std::int64_t>& leaves) const {
    std::vector<std::size_t> order;
    std::vector<std::int64_t> room;
    room.reserve(leaves.size());
    for (const std::int64_t of_tree : leaves) room.push_back(script_.leaves - of_tree);
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      if (nodes_[k].leaf && nodes_[k].may_split && nodes_[k].split.gain > 0) order.push_back(k);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return nodes_[a].split.gain > nodes_[b].split.gain; });
    std::vector<std::size_t> chosen;
    for (const std::size_t k : order) {
      if (std::ssize(chosen) == script_.splits_together) break;
      if (room[static_cast<std::size_t>(nodes_[k].tree)]-- > 0) chosen.push_back(k);
    }
    return chosen;
  }

  void grow(std::int64_t first, std::int64_t end) {
    std::vector<std::int64_t> outputs;
    std::vector<compute::NodeRule> rules;
    for (std::int64_t k = first; k < end; ++k) {
      rules.push_back(rule_of(k - first));
      outputs.push_back(k);
    }
    const std::vector<compute::BoostingSplit> found = seam_.open(outputs, rules);
    ASSERT_EQ(found.size(), outputs.size());
    nodes_.clear();
    for (std::size_t t = 0; t < outputs.size(); ++t) {
      nodes_.push_back({static_cast<std::int64_t>(t), static_cast<std::int64_t>(t), rules[t], found[t]});
      note_split(nodes_.back());
    }
    std::vector<std::int64_t> leaves(outputs.size(), 1);
    for (std::vector<std::size_t> chosen; !(chosen = next_nodes(leaves)).empty();) split(chosen, leaves);
    end_trees();
  }

  void split(const std::vector<std::size_t>& chosen, std::vector<std::int64_t>& leaves) {
    std::vector<compute::NodeToSplit> wanted;
    std::vector<Open> children;
    for (const std::size_t k : chosen) {
      Open& parent = nodes_[k];
      parent.leaf = false;
      const auto left = std::ssize(nodes_) + std::ssize(children);
      const bool search = left % 9 != 0;
      compute::NodeToSplit one{parent.number,
                               parent.split,
                               left,
                               left + 1,
                               child_rule(parent, left, true),
                               child_rule(parent, left + 1, false),
                               search};
      children.push_back({left, parent.tree, one.left_rule, {}, true, search});
      children.push_back({left + 1, parent.tree, one.right_rule, {}, true, search});
      ++leaves[static_cast<std::size_t>(parent.tree)];
      wanted.push_back(std::move(one));
    }
    const std::vector<compute::BoostingSplit> found = seam_.split(wanted);
    std::size_t next = 0;
    for (Open& child : children) {
      if (child.may_split) {
        ASSERT_LT(next, found.size());
        child.split = found[next++];
        note_split(child);
      }
      parent_of_[child.number] = -1;
      nodes_.push_back(child);
    }
    ASSERT_EQ(next, found.size());
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      const std::int64_t parent = nodes_[chosen[k]].number;
      parent_of_[wanted[k].left] = parent_of_[wanted[k].right] = parent;
    }
  }

  bool is_below(std::int64_t node, std::int64_t other) const {
    for (std::int64_t at = node; at >= 0; at = parent_of_.at(at)) {
      if (at == other) return true;
    }
    return false;
  }

  void end_trees() {
    std::vector<std::int64_t> all;
    std::vector<std::int64_t> leaves;
    // The first child that was split is a leaf in the place of those below it.
    std::int64_t pruned = -1;
    for (const Open& node : nodes_) {
      all.push_back(node.number);
      if (node.number < script_.trees_together) parent_of_[node.number] = -1;
      if (script_.pruned && pruned < 0 && !node.leaf && node.number >= script_.trees_together) pruned = node.number;
    }
    for (const Open& node : nodes_) {
      if (node.number == pruned || (node.leaf && (pruned < 0 || !is_below(node.number, pruned)))) {
        leaves.push_back(node.number);
      }
    }
    for (const formulas::NodeSums& sums : seam_.leaf_sums(all)) {
      note("gradient of a node", sums.gradient);
      note("hessian of a node", sums.hessian);
      note("rows of a node", sums.count);
    }
    const std::vector<formulas::NodeSums> sums = seam_.leaf_sums(leaves);
    std::vector<double> quantiles;
    if (script_.quantile >= 0) quantiles = seam_.leaf_quantiles(leaves, script_.quantile);
    std::vector<compute::LeafValue> values;
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      const compute::NodeRule& rule = nodes_[static_cast<std::size_t>(leaves[k])].rule;
      double value = formulas::leaf_value(sums[k], script_.rules, rule.bounds);
      if (script_.quantile >= 0) value = quantiles[k];
      note("value of leaf " + std::to_string(leaves[k]), value);
      values.push_back({leaves[k], 0.5 * value});
    }
    seam_.add(values);
  }

  const BoostingScript& script_;
  compute::BoostingCompute& seam_;
  std::vector<BoostingEntry> entries_;
  std::vector<Open> nodes_;
  std::map<std::int64_t, std::int64_t> parent_of_;
};

}  // namespace forja::testing
