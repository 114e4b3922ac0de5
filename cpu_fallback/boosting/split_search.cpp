#include "boosting/split_search.h"

#include <algorithm>
#include <array>

namespace forja::cpu {
namespace {

using formulas::IntegerSums;

void consider(const SearchedNode& node, const SearchedFeature& feature, const IntegerSums& left, std::int32_t number,
              FoundSplit& best) {
  const IntegerSums right = node.total - left;
  if (left.count == 0 || right.count == 0) return;
  const double gain = formulas::split_gain(node.scaled(left), node.scaled(right), node.gain, node.rules, node.bounds,
                                           feature.monotonic);
  if (gain > 0 && formulas::better_candidate(gain, feature.number, number, best.gain, best.feature, best.number)) {
    best = {gain, feature.number, number, left};
  }
}

void search_numeric(const SearchedNode& node, const SearchedFeature& feature, FoundSplit& best) {
  const auto values = static_cast<std::int32_t>(feature.bins.size()) - 1;
  const IntegerSums& missing = feature.bins.back();
  IntegerSums left;
  for (std::int32_t bin = 0; bin < values; ++bin) {
    left = left + feature.bins[static_cast<std::size_t>(bin)];
    consider(node, feature, left, formulas::candidate_number(bin, false), best);
    if (missing.count > 0 && bin + 1 < values) {
      consider(node, feature, left + missing, formulas::candidate_number(bin, true), best);
    }
  }
}

/// Bins with rows, by rank.
struct RankedBins {
  std::array<std::uint8_t, 256> bins;
  std::int32_t count = 0;
};

RankedBins ranked(const SearchedNode& node, const SearchedFeature& feature) {
  RankedBins ranked;
  std::array<double, 256> rank{};
  for (std::size_t bin = 0; bin < feature.bins.size(); ++bin) {
    if (feature.bins[bin].count == 0) continue;
    rank[bin] = formulas::category_rank(node.scaled(feature.bins[bin]), node.rules);
    ranked.bins[static_cast<std::size_t>(ranked.count++)] = static_cast<std::uint8_t>(bin);
  }
  std::sort(ranked.bins.begin(), ranked.bins.begin() + ranked.count,
            [&](std::uint8_t a, std::uint8_t b) { return rank[a] != rank[b] ? rank[a] < rank[b] : a < b; });
  return ranked;
}

void search_categorical(const SearchedNode& node, const SearchedFeature& feature, FoundSplit& best) {
  const RankedBins order = ranked(node, feature);
  IntegerSums left;
  for (std::int32_t c = 1; c < order.count; ++c) {
    left = left + feature.bins[order.bins[static_cast<std::size_t>(c) - 1]];
    consider(node, feature, left, c, best);
  }
}

}  // namespace

SearchedNode::SearchedNode(const IntegerSums& sums, double unit_of_gradient, double unit_of_hessian,
                           const formulas::SplitRules& split_rules, const formulas::ValueBounds& value_bounds)
    : total(sums),
      gradient_unit(unit_of_gradient),
      hessian_unit(unit_of_hessian),
      rules(split_rules),
      bounds(value_bounds) {
  const formulas::NodeSums all = scaled(total);
  gain = formulas::leaf_gain(all, formulas::leaf_value(all, rules, bounds), rules);
}

void search(const SearchedNode& node, const SearchedFeature& feature, FoundSplit& best) {
  if (feature.categorical) {
    search_categorical(node, feature, best);
  } else {
    search_numeric(node, feature, best);
  }
}

compute::BoostingSplit told(const SearchedNode& node, const SearchedFeature& feature, const FoundSplit& found) {
  const IntegerSums right = node.total - found.left;
  compute::BoostingSplit split;
  split.gain = found.gain;
  split.feature = found.feature;
  split.left = node.scaled(found.left);
  split.right = node.scaled(right);
  const auto missing_bin = feature.bins.size() - 1;
  const bool none_missing = feature.bins.back().count == 0;
  const auto put_left = [&](std::size_t bin) { split.left_bins[bin / 64] |= std::uint64_t{1} << (bin % 64); };
  if (!feature.categorical) {
    split.bin = found.number / 2;
    split.missing_left = found.number % 2 != 0;
  } else {
    const RankedBins order = ranked(node, feature);
    for (std::int32_t c = 0; c < found.number; ++c) {
      const std::size_t bin = order.bins[static_cast<std::size_t>(c)];
      put_left(bin);
      split.missing_left |= bin == missing_bin;
    }
  }
  if (none_missing) {
    split.missing_left = found.left.count > right.count;
    if (feature.categorical && split.missing_left) put_left(missing_bin);
  }
  return split;
}

}  // namespace forja::cpu
