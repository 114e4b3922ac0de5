#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compute/boosting_compute.h"
#include "formulas/gradient_packing.h"

namespace forja::testing {

/// Gains, sums and values that hang on the way to a node alone ("2LRR": of the tree of output 2), so that trees can be
/// compared whatever is split when. Counts what is asked of it.
class FakeBoosting : public compute::BoostingCompute {
 public:
  FakeBoosting(std::int64_t trees_at_once, std::int64_t splits_at_once)
      : trees_at_once_(trees_at_once), splits_at_once_(splits_at_once) {}

  /// A gain from 1 to `gains`, or none for every seventh node.
  static double gain_of(const std::string& way, std::uint64_t gains, bool all_gain = false) {
    const std::uint64_t bits = hash(way);
    return bits % 7 == 0 && !all_gain ? -1.0 : static_cast<double>(1 + (bits >> 8) % gains);
  }
  static double rows_of(const std::string& way) {
    double rows = kRows;
    for (std::size_t i = 1; i < way.size(); ++i) rows = way[i] == 'L' ? rows * 3 / 8 : rows * 5 / 8;
    return rows;
  }

  void set_scores(MatrixView<const double>) override {}
  void scores(MatrixView<double>) override {}
  void add_trees(std::span<const compute::BinnedNode>, std::span<const compute::BinnedTree>) override {}
  compute::BoostingLosses losses() override { return {}; }
  void begin_round(std::uint64_t, double, MatrixView<const double>, MatrixView<const double>) override {}
  std::int64_t trees_at_once() const override { return trees_at_once_; }
  std::int64_t splits_at_once() const override { return splits_at_once_; }

  std::vector<compute::BoostingSplit> open(std::span<const std::int64_t> outputs,
                                           std::span<const compute::NodeRule> root_rules) override {
    ways_.clear();
    leaves_seen.clear();
    std::vector<compute::BoostingSplit> found;
    for (std::size_t t = 0; t < outputs.size(); ++t) {
      ways_[static_cast<std::int64_t>(t)] = std::to_string(outputs[t]);
      found.push_back(split_of(ways_[static_cast<std::int64_t>(t)], root_rules[t]));
    }
    return found;
  }

  std::vector<compute::BoostingSplit> split(std::span<const compute::NodeToSplit> nodes) override {
    std::vector<compute::BoostingSplit> found;
    batches.push_back(std::ssize(nodes));
    for (const compute::NodeToSplit& node : nodes) {
      const std::string way = ways_.at(node.node);
      fresh = fresh && ways_.emplace(node.left, way + "L").second && ways_.emplace(node.right, way + "R").second;
      splits.push_back(way);
      if (!node.search) continue;
      searched.push_back(way);
      found.push_back(split_of(way + "L", node.left_rule));
      found.push_back(split_of(way + "R", node.right_rule));
    }
    return found;
  }

  std::vector<formulas::NodeSums> leaf_sums(std::span<const std::int64_t> nodes) override {
    std::vector<formulas::NodeSums> sums;
    for (const std::int64_t node : nodes) {
      const std::string& way = ways_.at(node);
      leaves_seen.push_back(way);
      sums.push_back({static_cast<double>(hash(way) % 1000) - 500, 2, rows_of(way)});
    }
    return sums;
  }
  std::vector<double> leaf_quantiles(std::span<const std::int64_t> nodes, double q) override {
    std::vector<double> values;
    for (const std::int64_t node : nodes) values.push_back(q * static_cast<double>(hash(ways_.at(node)) % 1000));
    return values;
  }
  void add(std::span<const compute::LeafValue> leaves) override {
    for (const compute::LeafValue& leaf : leaves) added[ways_.at(leaf.node)] = leaf.value;
  }

  std::vector<std::int64_t> batches;     ///< how many nodes each call has split
  std::vector<std::string> splits;       ///< every node split
  std::vector<std::string> searched;     ///< those whose children were searched
  std::vector<std::string> leaves_seen;  ///< of the last opening
  std::map<std::string, double> added;
  std::map<std::string, compute::NodeRule> rules;
  bool fresh = true;         ///< whether no number was given twice
  std::uint64_t gains = 50;  ///< different ones
  bool all_gain = false;
  std::int32_t features = 4;
  static constexpr double kRows = 1e6;

 private:
  static std::uint64_t hash(const std::string& way) {
    std::uint64_t value = 17;
    for (const char step : way) value = formulas::mixed_bits(value, static_cast<std::uint64_t>(step));
    return value;
  }

  compute::BoostingSplit split_of(const std::string& way, const compute::NodeRule& rule) {
    rules[way] = rule;
    compute::BoostingSplit split;
    split.gain = gain_of(way, gains, all_gain);
    split.feature = static_cast<std::int32_t>(hash(way) % static_cast<std::uint64_t>(features));
    while (!rule.features.empty() && ((rule.features[0] >> split.feature) & 1) == 0) {
      split.feature = (split.feature + 1) % features;
    }
    split.bin = static_cast<std::int32_t>(hash(way + "b") % 2);
    split.left = {static_cast<double>(hash(way + "l") % 100) - 50, 10, rows_of(way + "L")};
    split.right = {static_cast<double>(hash(way + "r") % 100) - 50, 10, rows_of(way + "R")};
    return split;
  }

  std::int64_t trees_at_once_;
  std::int64_t splits_at_once_;
  std::map<std::int64_t, std::string> ways_;
};

}  // namespace forja::testing
