#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "compute/boosting_compute.h"
#include "formulas/fixed_point.h"

namespace forja::testing {

/// The bin of a value by definition.
inline std::uint8_t naive_bin(const compute::BinTable& table, std::int64_t f, double value) {
  const auto missing = static_cast<std::uint8_t>(table.n_bins(f));
  const std::span<const double> values = table.values(f);
  if (std::isnan(value)) return missing;
  for (std::size_t bin = 0; bin < values.size(); ++bin) {
    if (table.categorical[static_cast<std::size_t>(f)] != 0 ? values[bin] == value : values[bin] >= value) {
      return static_cast<std::uint8_t>(bin);
    }
  }
  return table.categorical[static_cast<std::size_t>(f)] != 0 ? missing : static_cast<std::uint8_t>(values.size());
}

template <class T>
Matrix<std::uint8_t> naive_bins(const compute::BinTable& table, const Matrix<T>& x) {
  Matrix<std::uint8_t> bins(x.rows(), x.columns());
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::int64_t f = 0; f < x.columns(); ++f) bins(i, f) = naive_bin(table, f, static_cast<double>(x(i, f)));
  }
  return bins;
}

/// The contract of boosting by definition: every node is a list of rows, every sum is made anew.
class BoostingReference final : public compute::BoostingCompute {
 public:
  BoostingReference(const compute::BinTable& table, Matrix<std::uint8_t> bins, const compute::BoostingPlan& plan)
      : table_(table), bins_(std::move(bins)), plan_(plan), scores_(bins_.rows(), plan.outputs) {}

  void set_scores(MatrixView<const double> scores) override {
    for (std::int64_t i = 0; i < rows(); ++i) {
      for (std::int64_t k = 0; k < plan_.outputs; ++k) scores_(i, k) = scores(scores.rows() == 1 ? 0 : i, k);
    }
  }
  void scores(MatrixView<double> out) override {
    for (std::int64_t i = 0; i < rows(); ++i) std::copy_n(scores_.row(i).data(), plan_.outputs, out.row(i).data());
  }

  void add_trees(std::span<const compute::BinnedNode> nodes, std::span<const compute::BinnedTree> trees) override {
    for (const compute::BinnedTree& tree : trees) {
      for (std::int64_t i = 0; i < rows(); ++i) {
        compute::BinnedNode node = nodes[static_cast<std::size_t>(tree.root)];
        while (node.feature >= 0) {
          const std::uint8_t bin = bins_(i, node.feature);
          const bool left = (node.left_bins[bin / 64] >> (bin % 64) & 1) != 0;
          node = nodes[static_cast<std::size_t>(node.left) + (left ? 0 : 1)];
        }
        scores_(i, tree.output) += node.value;
      }
    }
  }

  compute::BoostingLosses losses() override {
    compute::BoostingLosses all;
    for (std::int64_t first = 0; first < rows(); first += 256) {
      compute::BoostingLosses chunk;
      for (std::int64_t i = first; i < std::min(rows(), first + 256); ++i) {
        (held_out(i) ? chunk.held_out : chunk.learned) += loss(i) * weight(i);
      }
      all.learned += chunk.learned;
      all.held_out += chunk.held_out;
    }
    return all;
  }

  void begin_round(std::uint64_t round, double subsample, MatrixView<const double> gradients,
                   MatrixView<const double> hessians) override {
    round_ = round;
    part_.assign(static_cast<std::size_t>(rows()), false);
    gradients_ = Matrix<float>(rows(), plan_.outputs);
    hessians_ = gradients_;
    greatest_gradient_.assign(static_cast<std::size_t>(plan_.outputs), 0.0F);
    greatest_hessian_ = greatest_gradient_;
    const std::uint64_t bag = formulas::round_key(plan_.seed, formulas::kBagStream, round);
    for (std::int64_t i = 0; i < rows(); ++i) {
      const bool part = !held_out(i) && weight(i) > 0 && (subsample == 1 || formulas::in_bag(bag, i, subsample));
      part_[static_cast<std::size_t>(i)] = part;
      for (std::int64_t k = 0; k < plan_.outputs; ++k) {
        const formulas::GradientPair pair =
            gradients.empty() ? gradient(i, k) : formulas::GradientPair{gradients(i, k), hessians(i, k)};
        gradients_(i, k) = static_cast<float>(pair.gradient * weight(i));
        hessians_(i, k) = static_cast<float>(pair.hessian * weight(i));
        if (!part) continue;
        float& g = greatest_gradient_[static_cast<std::size_t>(k)];
        float& h = greatest_hessian_[static_cast<std::size_t>(k)];
        g = std::max(g, std::fabs(gradients_(i, k)));
        h = std::max(h, hessians_(i, k));
      }
    }
  }

  std::int64_t trees_at_once() const override { return 1; }
  std::int64_t splits_at_once() const override { return 1; }

  std::vector<compute::BoostingSplit> open(std::span<const std::int64_t> outputs,
                                           std::span<const compute::NodeRule> rules) override {
    nodes_.clear();
    std::vector<compute::BoostingSplit> found;
    for (std::size_t t = 0; t < outputs.size(); ++t) {
      Node& root = nodes_[static_cast<std::int64_t>(t)];
      root.output = outputs[t];
      for (std::int64_t i = 0; i < rows(); ++i) root.rows.push_back(i);
      found.push_back(best_split(root, rules[t]));
    }
    return found;
  }

  std::vector<compute::BoostingSplit> split(std::span<const compute::NodeToSplit> nodes) override {
    std::vector<compute::BoostingSplit> found;
    for (const compute::NodeToSplit& wanted : nodes) {
      const Node& parent = nodes_.at(wanted.node);
      Node& left = nodes_[wanted.left];
      Node& right = nodes_[wanted.right];
      left.output = right.output = parent.output;
      for (const std::int64_t i : parent.rows) {
        (goes_left(wanted.split, bins_(i, wanted.split.feature)) ? left : right).rows.push_back(i);
      }
      if (!wanted.search) continue;
      found.push_back(best_split(left, wanted.left_rule));
      found.push_back(best_split(right, wanted.right_rule));
    }
    return found;
  }

  std::vector<formulas::NodeSums> leaf_sums(std::span<const std::int64_t> nodes) override {
    std::vector<formulas::NodeSums> sums;
    for (const std::int64_t number : nodes) {
      const Node& node = nodes_.at(number);
      const auto k = static_cast<std::size_t>(node.output);
      const int g_exponent = formulas::fixed_point_exponent(greatest_gradient_[k], rows());
      const int h_exponent = formulas::fixed_point_exponent(greatest_hessian_[k], rows());
      formulas::IntegerSums sum;
      for (const std::int64_t i : node.rows) {
        if (!part_[static_cast<std::size_t>(i)]) continue;
        sum.gradient += formulas::to_fixed(gradients_(i, node.output), std::ldexp(1.0, g_exponent));
        sum.hessian += formulas::to_fixed(hessians_(i, node.output), std::ldexp(1.0, h_exponent));
        ++sum.count;
      }
      sums.push_back({formulas::from_fixed(sum.gradient, std::ldexp(1.0, -g_exponent)),
                      formulas::from_fixed(sum.hessian, std::ldexp(1.0, -h_exponent)), static_cast<double>(sum.count)});
    }
    return sums;
  }

  std::vector<double> leaf_quantiles(std::span<const std::int64_t> nodes, double q) override {
    double greatest = 0;
    for (std::int64_t i = 0; i < rows(); ++i) greatest = std::max(greatest, weight(i));
    const double scale = std::ldexp(1.0, formulas::fixed_point_exponent(greatest, rows()));
    std::vector<double> quantiles;
    for (const std::int64_t number : nodes) {
      std::map<double, std::int64_t> weights;
      std::int64_t total = 0;
      for (const std::int64_t i : nodes_.at(number).rows) {
        if (!part_[static_cast<std::size_t>(i)]) continue;
        const std::int64_t fixed = formulas::to_fixed(weight(i), scale);
        weights[y(i) - scores_(i, 0)] += fixed;
        total += fixed;
      }
      std::int64_t sum = 0;
      double quantile = 0;
      for (const auto& [value, fixed] : weights) {
        quantile = value;
        sum += fixed;
        if (static_cast<double>(sum) >= q * static_cast<double>(total)) break;
      }
      quantiles.push_back(quantile);
    }
    return quantiles;
  }

  void add(std::span<const compute::LeafValue> leaves) override {
    for (const compute::LeafValue& leaf : leaves) {
      const Node& node = nodes_.at(leaf.node);
      for (const std::int64_t i : node.rows) scores_(i, node.output) += leaf.value;
    }
  }

 private:
  struct Node {
    std::int64_t output = 0;
    std::vector<std::int64_t> rows;
  };
  struct Candidate {
    compute::BoostingSplit split;
    std::int32_t number = 0;
  };

  std::int64_t rows() const { return bins_.rows(); }
  double y(std::int64_t i) const { return plan_.y.empty() ? 0 : plan_.y[static_cast<std::size_t>(i)]; }
  double weight(std::int64_t i) const {
    return plan_.sample_weight.empty() ? 1 : plan_.sample_weight[static_cast<std::size_t>(i)];
  }
  bool held_out(std::int64_t i) const {
    return !plan_.held_out.empty() && plan_.held_out[static_cast<std::size_t>(i)] != 0;
  }
  bool multinomial() const { return plan_.loss.kind == formulas::BoostingLossKind::multinomial; }
  double loss(std::int64_t i) const {
    if (!multinomial()) return formulas::boosting_loss(plan_.loss, y(i), scores_(i, 0));
    return formulas::multinomial_loss(formulas::softmax_terms(scores_.row(i).data(), plan_.outputs),
                                      scores_(i, static_cast<std::int64_t>(y(i))));
  }
  formulas::GradientPair gradient(std::int64_t i, std::int64_t k) const {
    if (!multinomial()) return formulas::boosting_gradient(plan_.loss, y(i), scores_(i, k));
    return formulas::multinomial_gradient(formulas::softmax_terms(scores_.row(i).data(), plan_.outputs), scores_(i, k),
                                          y(i) == static_cast<double>(k));
  }

  bool goes_left(const compute::BoostingSplit& split, std::uint8_t bin) const {
    if (bin == table_.n_bins(split.feature)) return split.missing_left;
    if (table_.categorical[static_cast<std::size_t>(split.feature)] == 0) return bin <= split.bin;
    return (split.left_bins[bin / 64] >> (bin % 64) & 1) != 0;
  }

  formulas::IntegerSums integers(std::int64_t i, std::int64_t k) const {
    const auto at = static_cast<std::size_t>(k);
    if (plan_.exact) {
      const std::uint64_t word = formulas::exactly_scaled_row(
          gradients_(i, k), hessians_(i, k), formulas::level_scale(greatest_gradient_[at], formulas::kExactLevels),
          formulas::level_scale(greatest_hessian_[at], formulas::kExactLevels));
      return {formulas::exact_gradient(word), formulas::exact_hessian(word), 1};
    }
    return formulas::unpacked(formulas::quantised_row(
        gradients_(i, k), hessians_(i, k), formulas::level_scale(greatest_gradient_[at], formulas::kGradientLevels),
        formulas::level_scale(greatest_hessian_[at], formulas::kHessianLevels),
        formulas::round_key(plan_.seed, formulas::kRoundingStream, round_), i, k, plan_.outputs));
  }

  formulas::NodeSums scaled(const formulas::IntegerSums& sums, std::int64_t k) const {
    const auto at = static_cast<std::size_t>(k);
    return formulas::node_sums(
        sums,
        formulas::level_unit(greatest_gradient_[at], plan_.exact ? formulas::kExactLevels : formulas::kGradientLevels),
        formulas::level_unit(greatest_hessian_[at], plan_.exact ? formulas::kExactLevels : formulas::kHessianLevels));
  }

  /// Every candidate of a feature, with its gain.
  std::vector<Candidate> candidates(const Node& node, std::int64_t f, const std::vector<formulas::IntegerSums>& bins,
                                    const formulas::ValueBounds& bounds) const {
    const auto missing = static_cast<std::int32_t>(bins.size()) - 1;
    const bool has_missing = bins.back().count > 0;
    formulas::IntegerSums total;
    for (const formulas::IntegerSums& bin : bins) total = total + bin;
    const formulas::NodeSums all = scaled(total, node.output);
    const double node_gain = formulas::leaf_gain(all, formulas::leaf_value(all, plan_.rules, bounds), plan_.rules);
    std::vector<Candidate> found;
    const auto try_left = [&](const std::vector<std::int32_t>& left_bins, std::int32_t number, Candidate candidate) {
      formulas::IntegerSums left;
      for (const std::int32_t bin : left_bins) left = left + bins[static_cast<std::size_t>(bin)];
      const formulas::IntegerSums right = total - left;
      if (left.count == 0 || right.count == 0) return;
      compute::BoostingSplit& split = candidate.split;
      candidate.number = number;
      split.feature = static_cast<std::int32_t>(f);
      split.left = scaled(left, node.output);
      split.right = scaled(right, node.output);
      split.gain = formulas::split_gain(split.left, split.right, node_gain, plan_.rules, bounds,
                                        plan_.monotonic.empty() ? 0 : plan_.monotonic[static_cast<std::size_t>(f)]);
      if (!has_missing) split.missing_left = left.count > right.count;
      if (split.gain > 0) found.push_back(candidate);
    };
    if (table_.categorical[static_cast<std::size_t>(f)] == 0) {
      std::vector<std::int32_t> left;
      for (std::int32_t bin = 0; bin < missing; ++bin) {
        Candidate candidate;
        candidate.split.bin = bin;
        left.push_back(bin);
        try_left(left, formulas::candidate_number(bin, false), candidate);
        if (!has_missing || bin == missing - 1) continue;
        std::vector<std::int32_t> with_missing = left;
        with_missing.push_back(missing);
        candidate.split.missing_left = true;
        try_left(with_missing, formulas::candidate_number(bin, true), candidate);
      }
      return found;
    }
    std::vector<std::int32_t> order;
    for (std::int32_t bin = 0; bin <= missing; ++bin) {
      if (bins[static_cast<std::size_t>(bin)].count > 0) order.push_back(bin);
    }
    const auto rank = [&](std::int32_t bin) {
      return formulas::category_rank(scaled(bins[static_cast<std::size_t>(bin)], node.output), plan_.rules);
    };
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return rank(a) < rank(b); });
    for (std::size_t c = 1; c < order.size(); ++c) {
      const std::vector<std::int32_t> left(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(c));
      Candidate candidate;
      candidate.split.missing_left = std::find(left.begin(), left.end(), missing) != left.end();
      try_left(left, static_cast<std::int32_t>(c), candidate);
      if (found.empty() || found.back().number != static_cast<std::int32_t>(c)) continue;
      compute::BoostingSplit& split = found.back().split;
      for (const std::int32_t bin : left) put_left(split, bin);
      if (split.missing_left) put_left(split, missing);
    }
    return found;
  }
  static void put_left(compute::BoostingSplit& split, std::int32_t bin) {
    split.left_bins[static_cast<std::size_t>(bin / 64)] |= std::uint64_t{1} << (bin % 64);
  }

  compute::BoostingSplit best_split(const Node& node, const compute::NodeRule& rule) const {
    Candidate best;
    for (std::int64_t f = 0; f < table_.features(); ++f) {
      if (!rule.features.empty() && (rule.features[static_cast<std::size_t>(f / 64)] >> (f % 64) & 1) == 0) continue;
      std::vector<formulas::IntegerSums> bins(static_cast<std::size_t>(table_.n_bins(f)) + 1);
      for (const std::int64_t i : node.rows) {
        if (!part_[static_cast<std::size_t>(i)]) continue;
        bins[bins_(i, f)] = bins[bins_(i, f)] + integers(i, node.output);
      }
      for (const Candidate& candidate : candidates(node, f, bins, rule.bounds)) {
        if (formulas::better_candidate(candidate.split.gain, candidate.split.feature, candidate.number, best.split.gain,
                                       best.split.feature, best.number)) {
          best = candidate;
        }
      }
    }
    return best.split;
  }

  compute::BinTable table_;
  Matrix<std::uint8_t> bins_;
  compute::BoostingPlan plan_;
  Matrix<double> scores_;
  Matrix<float> gradients_;
  Matrix<float> hessians_;
  std::vector<float> greatest_gradient_;
  std::vector<float> greatest_hessian_;
  std::vector<bool> part_;
  std::uint64_t round_ = 0;
  std::map<std::int64_t, Node> nodes_;
};

}  // namespace forja::testing
