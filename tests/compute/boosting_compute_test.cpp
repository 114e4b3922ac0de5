// The contract of gradient boosting at the seam: the bits of the definition, from every device.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "compute/backend.h"
#include "support/boosting_data.h"
#include "support/boosting_reference.h"
#include "support/boosting_script.h"
#include "support/devices.h"

namespace forja::testing {
namespace {

using formulas::BoostingLossKind;

using Kinds = std::vector<ColumnKind>;
using Script = BoostingScript;
using Data = ScriptData;
using Entry = BoostingEntry;
using Player = BoostingPlayer;

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
  for (std::int64_t i = 0; i < script.rows; ++i) scores(i, 0) = script_uniform(9, i);
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

TEST(BoostingSeam, rows_walk_down_given_trees_by_their_bins) {
  Script script;
  script.loss.kind = formulas::BoostingLossKind::multinomial;
  script.outputs = 2;
  const Data data(script);
  const auto features = static_cast<std::uint64_t>(data.table.features());
  // Random splits down to a depth of three, with every other leaf of them in its place at a depth of two.
  std::vector<compute::BinnedNode> nodes;
  std::vector<compute::BinnedTree> trees;
  std::uint64_t drawn = 0;
  const auto draw = [&] { return formulas::random_bits(17, 3, drawn++); };
  for (std::int32_t t = 0; t < 5; ++t) {
    trees.push_back({static_cast<std::int32_t>(nodes.size()), t % 2});
    const std::size_t first = nodes.size();
    nodes.emplace_back();
    for (std::size_t k = 0; k < 7 && first + k < nodes.size(); ++k) {
      if (k > 2 && draw() % 2 == 0) continue;
      compute::BinnedNode& node = nodes[first + k];
      for (std::uint64_t& word : node.left_bins) word = draw();
      node.feature = static_cast<std::int32_t>(draw() % features);
      node.left = static_cast<std::int32_t>(nodes.size());
      nodes.resize(nodes.size() + 2);
    }
    for (std::size_t k = first; k < nodes.size(); ++k) nodes[k].value = static_cast<double>(draw() % 1000) / 7;
  }
  Matrix<double> start(script.rows, 2);
  for (double& score : start.values()) score = static_cast<double>(draw() % 100) / 3;
  const auto added = [&](compute::BoostingCompute& seam) {
    seam.set_scores(start.view());
    seam.add_trees(nodes, trees);
    Matrix<double> found(script.rows, 2);
    seam.scores(found.view());
    return found;
  };
  BoostingReference reference(data.table, naive_bins(data.table, data.x), data.plan(script));
  const Matrix<double> expected = added(reference);
  EXPECT_NE(expected, start);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto& families = device.backend().families<double>();
    const auto bins = families.bin(place_of(device), Rows<double>(data.x), data.table);
    EXPECT_EQ(added(*families.make_boosting(place_of(device), bins, data.plan(script))), expected);
  }
}

}  // namespace
}  // namespace forja::testing
