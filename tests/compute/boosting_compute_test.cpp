// The contract of gradient boosting at the seam: the bits of the definition, from every device.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "compute/backend.h"
#include "support/boosting_data.h"
#include "support/boosting_reference.h"
#include "support/devices.h"

namespace forja::testing {
namespace {

using compute::BoostingPlan;
using compute::BoostingSplit;
using compute::NodeRule;
using compute::NodeToSplit;
using formulas::BoostingLossKind;

using Kinds = std::vector<ColumnKind>;

/// A fit of few rounds, and how it is called.
struct Script {
  std::int64_t rows = 300;
  Kinds kinds = {ColumnKind::smooth, ColumnKind::coarse, ColumnKind::gaps, ColumnKind::categories};
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
struct Entry {
  std::string what;
  std::uint64_t bits = 0;
  friend bool operator==(const Entry&, const Entry&) = default;
};
std::ostream& operator<<(std::ostream& out, const Entry& entry) {
  return out << entry.what << " = " << std::bit_cast<double>(entry.bits) << " (" << entry.bits << ")";
}

double uniform(std::uint64_t stream, std::int64_t i) {
  return formulas::random_uniform(5, stream, static_cast<std::uint64_t>(i));
}

/// Rows, targets and weights of a script.
struct Data {
  explicit Data(const Script& script)
      : x(boosting_rows(script.rows, script.kinds, 1)), table(boosting_table(x, script.kinds, script.most_bins)) {
    const bool positive = script.loss.kind == BoostingLossKind::poisson ||
                          script.loss.kind == BoostingLossKind::gamma || script.loss.kind == BoostingLossKind::tweedie;
    for (std::int64_t i = 0; i < script.rows; ++i) {
      const double first = std::isnan(x(i, 0)) ? 0 : x(i, 0);
      const double last = std::isnan(x(i, x.columns() - 1)) ? 7 : x(i, x.columns() - 1);
      double target = std::sin(5 * first) + 0.3 * std::fmod(last * 7, 5) + uniform(1, i);
      if (positive) target = std::fabs(target) + 0.1;
      if (script.loss.kind == BoostingLossKind::binary_log) target = target > 1.2 ? 1 : 0;
      if (script.loss.kind == BoostingLossKind::multinomial) {
        target = std::min(std::floor(std::fabs(target)), static_cast<double>(script.outputs - 1));
      }
      y.push_back(target);
      if (script.weighted) weight.push_back(i % 7 == 3 ? 0 : 0.1 + 3 * uniform(2, i));
      if (script.held_out) held_out.push_back(uniform(3, i) < 0.25 ? 1 : 0);
    }
  }

  BoostingPlan plan(const Script& script) const {
    return {y, weight, held_out, script.outputs, script.loss, script.rules, script.monotonic, script.exact, 11};
  }

  Matrix<double> x;
  compute::BinTable table;
  std::vector<double> y;
  std::vector<double> weight;
  std::vector<std::uint8_t> held_out;
};

/// Plays a script on a seam, and writes down all that it says.
class Player {
 public:
  Player(const Script& script, compute::BoostingCompute& seam) : script_(script), seam_(seam) {}

  std::vector<Entry> play() {
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
    NodeRule rule;
    BoostingSplit split;
    bool leaf = true;
    bool may_split = true;
  };

  void note(const std::string& what, double value) { entries_.push_back({what, std::bit_cast<std::uint64_t>(value)}); }

  void note_losses() {
    if (script_.loss.kind == BoostingLossKind::custom) return;
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
    if (script_.loss.kind != BoostingLossKind::custom) {
      seam_.begin_round(number, script_.subsample);
      return;
    }
    Matrix<double> gradients(script_.rows, script_.outputs);
    Matrix<double> hessians(script_.rows, script_.outputs);
    for (std::int64_t i = 0; i < script_.rows; ++i) {
      for (std::int64_t k = 0; k < script_.outputs; ++k) {
        gradients(i, k) = uniform(20 + number, i * script_.outputs + k) - 0.4;
        hessians(i, k) = uniform(40 + number, i * script_.outputs + k);
      }
    }
    seam_.begin_round(number, script_.subsample, gradients, hessians);
  }

  NodeRule rule_of(std::int64_t number) const {
    NodeRule rule;
    if (!script_.masked) return rule;
    const auto features = std::ssize(script_.kinds);
    rule.features.assign(static_cast<std::size_t>((features + 63) / 64), 0);
    for (std::int64_t f = 0; f < features; ++f) {
      if ((f + number) % 3 != 0) rule.features[static_cast<std::size_t>(f / 64)] |= std::uint64_t{1} << (f % 64);
    }
    return rule;
  }

  void note_split(const Open& node) {
    const BoostingSplit& split = node.split;
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
  NodeRule child_rule(const Open& parent, std::int64_t number, bool is_left) const {
    NodeRule rule = rule_of(number);
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
    std::vector<NodeRule> rules;
    for (std::int64_t k = first; k < end; ++k) {
      rules.push_back(rule_of(k - first));
      outputs.push_back(k);
    }
    const std::vector<BoostingSplit> found = seam_.open(outputs, rules);
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
    std::vector<NodeToSplit> wanted;
    std::vector<Open> children;
    for (const std::size_t k : chosen) {
      Open& parent = nodes_[k];
      parent.leaf = false;
      const auto left = std::ssize(nodes_) + std::ssize(children);
      const bool search = left % 9 != 0;
      NodeToSplit one{parent.number,
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
    const std::vector<BoostingSplit> found = seam_.split(wanted);
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
      const NodeRule& rule = nodes_[static_cast<std::size_t>(leaves[k])].rule;
      double value = formulas::leaf_value(sums[k], script_.rules, rule.bounds);
      if (script_.quantile >= 0) value = quantiles[k];
      note("value of leaf " + std::to_string(leaves[k]), value);
      values.push_back({leaves[k], 0.5 * value});
    }
    seam_.add(values);
  }

  const Script& script_;
  compute::BoostingCompute& seam_;
  std::vector<Entry> entries_;
  std::vector<Open> nodes_;
  std::map<std::int64_t, std::int64_t> parent_of_;
};

compute::Place place_of(const Device& device) { return {device.index(), device.threads()}; }

std::vector<Entry> played_on(const Device& device, int threads, const Script& script, const Data& data) {
  const auto& families = device.backend().families<double>();
  const compute::Place place{device.index(), threads};
  const auto bins = families.bin(place, Rows<double>(data.x), data.table);
  const auto seam = families.make_boosting(place, bins, data.plan(script));
  return Player(script, *seam).play();
}

void expect_equal(const std::vector<Entry>& found, const std::vector<Entry>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) ASSERT_EQ(found[k], expected[k]) << "entry " << k;
}

/// Every device says what the definition says; the CPU with one thread too. Some nodes are split.
void expect_definition(const Script& script, std::int64_t least_splits = 3) {
  const Data data(script);
  BoostingReference reference(data.table, naive_bins(data.table, data.x), data.plan(script));
  const std::vector<Entry> expected = Player(script, reference).play();
  const auto splits = std::count_if(expected.begin(), expected.end(),
                                    [](const Entry& entry) { return entry.what.starts_with("bin of"); });
  EXPECT_GE(splits, least_splits);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    expect_equal(played_on(device, device.threads(), script, data), expected);
    if (device.is_cuda()) continue;
    for (const int threads : {1, 3}) {
      SCOPED_TRACE(std::to_string(threads) + " threads");
      expect_equal(played_on(device, threads, script, data), expected);
    }
  }
}

TEST(BoostingSeam, bins_are_those_of_the_definition) {
  const Kinds kinds{ColumnKind::smooth,     ColumnKind::coarse,   ColumnKind::gaps,
                    ColumnKind::categories, ColumnKind::constant, ColumnKind::missing};
  for (const std::int64_t n : {1, 2, 31, 32, 33, 700}) {
    for (const std::size_t most : {2, 17, 255}) {
      Matrix<double> x = boosting_rows(n, kinds, 3);
      const compute::BinTable table = boosting_table(x, kinds, most);
      // Values on bounds, at the ends, and categories that are not listed.
      for (std::int64_t i = 0; i < std::min<std::int64_t>(n, 12); ++i) {
        if (!table.values(0).empty()) x(i, 0) = table.values(0)[static_cast<std::size_t>(i) % table.values(0).size()];
        x(i, 1) = i % 2 == 0 ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
        x(i, 3) = i % 3 == 0 ? 77 : 2.5;
      }
      const Matrix<float> narrow(x.view());
      for (const Device& device : devices_under_test()) {
        SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " rows, " + std::to_string(most) + " bins");
        const auto wide_bins = device.backend().families<double>().bin(place_of(device), Rows<double>(x), table);
        const auto narrow_bins = device.backend().families<float>().bin(place_of(device), Rows<float>(narrow), table);
        Matrix<std::uint8_t> found(n, x.columns());
        wide_bins->download(0, found.view());
        EXPECT_EQ(found, naive_bins(table, x));
        narrow_bins->download(0, found.view());
        EXPECT_EQ(found, naive_bins(table, narrow));
        EXPECT_EQ(wide_bins->rows(), n);
        Matrix<std::uint8_t> last(1, x.columns());
        wide_bins->download(n - 1, last.view());
        EXPECT_EQ(last(0, 0), naive_bin(table, 0, x(n - 1, 0)));
      }
    }
  }
}

TEST(BoostingSeam, every_loss_gives_the_splits_and_sums_of_the_definition) {
  for (const formulas::BoostingLoss loss : {formulas::BoostingLoss{BoostingLossKind::squared_error},
                                            {BoostingLossKind::absolute_error},
                                            {BoostingLossKind::huber, 0.7},
                                            {BoostingLossKind::quantile, 0.3},
                                            {BoostingLossKind::poisson},
                                            {BoostingLossKind::gamma},
                                            {BoostingLossKind::tweedie, 1.4},
                                            {BoostingLossKind::binary_log},
                                            {BoostingLossKind::custom}}) {
    for (const bool exact : {false, true}) {
      SCOPED_TRACE("loss " + std::to_string(static_cast<int>(loss.kind)) + (exact ? ", exact" : ", quantised"));
      Script script;
      script.loss = loss;
      script.exact = exact;
      script.leaves = 5;
      expect_definition(script);
    }
  }
}

TEST(BoostingSeam, rows_may_be_of_any_number) {
  for (const std::int64_t n : {1, 2, 31, 32, 33, 255, 256, 257}) {
    SCOPED_TRACE(std::to_string(n) + " rows");
    Script script;
    script.rows = n;
    script.rules.min_samples = 1;
    expect_definition(script, n > 30 ? 3 : 0);
  }
}

TEST(BoostingSeam, sums_of_more_rows_than_a_word_holds_are_widened) {
  for (const std::int64_t n : {8191, 8192, 8193, 16'500}) {
    for (const bool exact : {false, true}) {
      SCOPED_TRACE(std::to_string(n) + " rows" + (exact ? ", exact" : ", quantised"));
      Script script;
      script.rows = n;
      script.kinds = {ColumnKind::smooth, ColumnKind::gaps, ColumnKind::constant};
      script.most_bins = 20;
      script.exact = exact;
      script.rounds = 1;
      script.leaves = 6;
      expect_definition(script);
    }
  }
}

TEST(BoostingSeam, rows_without_a_part_belong_to_nodes_and_are_scored) {
  for (const bool exact : {false, true}) {
    for (const double subsample : {1.0, 0.6}) {
      SCOPED_TRACE(subsample);
      Script script;
      script.rows = 500;
      script.exact = exact;
      script.weighted = true;
      script.held_out = true;
      script.subsample = subsample;
      expect_definition(script);
    }
  }
}

TEST(BoostingSeam, columns_of_one_value_or_none_are_never_split) {
  Script script;
  script.kinds = {ColumnKind::constant, ColumnKind::missing};
  script.leaves = 4;
  expect_definition(script, 0);
  script.kinds = {ColumnKind::missing, ColumnKind::constant, ColumnKind::smooth, ColumnKind::missing};
  expect_definition(script);
}

TEST(BoostingSeam, values_follow_monotonic_constraints_within_bounds) {
  for (const bool exact : {false, true}) {
    Script script;
    script.exact = exact;
    script.kinds = {ColumnKind::smooth, ColumnKind::gaps, ColumnKind::coarse, ColumnKind::smooth};
    script.monotonic = {1, -1, 0, 1};
    script.rules.l1 = 0.05;
    script.rules.min_gain = 1e-3;
    expect_definition(script);
  }
}

TEST(BoostingSeam, nodes_split_by_the_features_that_they_may) {
  Script script;
  script.masked = true;
  script.kinds.assign(70, ColumnKind::coarse);
  for (std::size_t f = 0; f < 70; f += 5) script.kinds[f] = ColumnKind::categories;
  script.rows = 200;
  script.leaves = 6;
  expect_definition(script);
}

TEST(BoostingSeam, several_outputs_grow_side_by_side_or_one_after_the_other) {
  for (const std::int64_t together : {1, 2, 4}) {
    SCOPED_TRACE(std::to_string(together) + " trees");
    Script script;
    script.loss = {BoostingLossKind::multinomial};
    script.outputs = 4;
    script.trees_together = together;
    script.splits_together = 3;
    script.held_out = true;
    script.subsample = 0.8;
    script.leaves = 5;
    expect_definition(script);
  }
}

TEST(BoostingSeam, custom_gradients_of_several_outputs_are_weighted) {
  Script script;
  script.loss = {BoostingLossKind::custom};
  script.outputs = 3;
  script.weighted = true;
  script.trees_together = 3;
  expect_definition(script);
}

TEST(BoostingSeam, several_nodes_are_split_in_one_call) {
  for (const bool pruned : {false, true}) {
    Script script;
    script.rows = 900;
    script.weighted = true;
    script.splits_together = 6;
    script.leaves = 31;
    script.pruned = pruned;
    expect_definition(script, 20);
  }
}

TEST(BoostingSeam, leaves_get_weighted_quantiles) {
  for (const double q : {0.0, 0.3, 0.5, 1.0}) {
    for (const bool weighted : {false, true}) {
      SCOPED_TRACE(q);
      Script script;
      script.loss = {BoostingLossKind::absolute_error};
      script.kinds = {ColumnKind::coarse, ColumnKind::categories};
      script.quantile = q;
      script.weighted = weighted;
      script.subsample = 0.7;
      script.pruned = true;
      expect_definition(script);
    }
  }
}

TEST(BoostingSeam, equal_targets_leave_nothing_to_split) {
  Script script;
  script.rows = 100;
  Data data(script);
  std::fill(data.y.begin(), data.y.end(), 0.25);
  for (const bool exact : {false, true}) {
    script.exact = exact;
    BoostingReference reference(data.table, naive_bins(data.table, data.x), data.plan(script));
    const std::vector<Entry> expected = Player(script, reference).play();
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      expect_equal(played_on(device, device.threads(), script, data), expected);
    }
  }
}

TEST(BoostingSeam, scores_are_set_row_by_row) {
  const Script script;
  const Data data(script);
  Matrix<double> scores(script.rows, 1);
  for (std::int64_t i = 0; i < script.rows; ++i) scores(i, 0) = uniform(9, i);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto& families = device.backend().families<double>();
    const auto bins = families.bin(place_of(device), Rows<double>(data.x), data.table);
    const auto seam = families.make_boosting(place_of(device), bins, data.plan(script));
    EXPECT_GE(seam->trees_at_once(), 1);
    EXPECT_GE(seam->splits_at_once(), 1);
    seam->set_scores(scores.view());
    Matrix<double> found(script.rows, 1);
    seam->scores(found.view());
    EXPECT_EQ(found, scores);
  }
}

}  // namespace
}  // namespace forja::testing
