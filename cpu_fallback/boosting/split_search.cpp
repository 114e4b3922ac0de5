#include "boosting/split_search.h"

#include <algorithm>
#include <array>

#include "formulas/portable_math.h"

namespace forja::cpu {
namespace {

using formulas::IntegerSums;

constexpr std::int64_t kMostBins = 256;
constexpr int kSignShift = formulas::kCountBits + formulas::kFieldBits;

/// A number in -2^51 .. 2^51 as a double, in vectors too.
double small_as_double(std::int64_t value) {
  constexpr double kMiddle = 6755399441055744.0;  // 1.5 x 2^52
  return formulas::bits_as_double(static_cast<std::uint64_t>(value) + 0x4338000000000000U) - kMiddle;
}

/// Whole numbers on the left of each candidate; then of both sides.
struct Sides {
  alignas(64) double left_gradient[kMostBins];
  alignas(64) double left_hessian[kMostBins];
  alignas(64) double left_count[kMostBins];
  alignas(64) double right_gradient[kMostBins];
  alignas(64) double right_hessian[kMostBins];
  alignas(64) double gain[kMostBins];
};

/// Sums of bins up to each that has rows, and up to the first.
class Prefixes {
 public:
  explicit Prefixes(const SearchedFeature& feature)
      : packed_(feature.histogram->packed), missing_(feature.bin(feature.count - 1)) {
    if (packed_) {
      add_packed(feature.histogram->words.data() + feature.first, static_cast<std::int32_t>(feature.count) - 1);
    } else {
      add_wide(*feature.histogram, feature.first, static_cast<std::int32_t>(feature.count) - 1);
    }
  }

  std::int32_t count() const { return count_; }
  std::int32_t bin(std::int32_t k) const { return bins_[k]; }
  const IntegerSums& missing() const { return missing_; }
  IntegerSums sum(std::int32_t k) const {
    return packed_ ? formulas::unpacked(words_[k]) : IntegerSums{gradients_[k], hessians_[k], counts_[k]};
  }

  /// What lies on each side when the missing values lie on the left or on the right.
  void put(const SearchedNode& node, bool missing_left, Sides& sides) const {
    const IntegerSums plus = missing_left ? missing_ : IntegerSums{};
    // The greatest sum of an exact fit with so many rows is below 2^51.
    constexpr std::int64_t kFewRows = std::int64_t{1} << 20;
    if (packed_) {
      put_packed(plus, sides);
    } else if (node.total.count <= kFewRows) {
      put_wide(plus, node.total, sides, small_as_double);
    } else {
      put_wide(plus, node.total, sides, [](std::int64_t value) { return static_cast<double>(value); });
      return;
    }
    const double gradient = static_cast<double>(node.total.gradient);
    const double hessian = static_cast<double>(node.total.hessian);
    for (std::int32_t k = 0; k < count_; ++k) {
      sides.right_gradient[k] = gradient - sides.left_gradient[k];
      sides.right_hessian[k] = hessian - sides.left_hessian[k];
    }
  }

 private:
  void add_packed(const std::uint64_t* words, std::int32_t values) {
    // Of few rows most bins are empty: they are passed by in runs.
    constexpr std::int32_t kRun = 8;
    std::uint64_t sum = 0;
    const auto add = [&](std::int32_t b) {
      sum += words[b];
      words_[count_] = sum;
      bins_[count_] = b;
      count_ += static_cast<std::int32_t>((words[b] != 0) | (b == 0));
    };
    std::int32_t b = 0;
    for (; b + kRun <= values; b += kRun) {
      std::uint64_t any = 0;
      for (std::int32_t k = 0; k < kRun; ++k) any |= words[b + k];
      if (any == 0 && b > 0) continue;
      for (std::int32_t k = 0; k < kRun; ++k) add(b + k);
    }
    for (; b < values; ++b) add(b);
  }

  void add_wide(const Histogram& histogram, std::int64_t first, std::int32_t values) {
    IntegerSums sum;
    for (std::int32_t b = 0; b < values; ++b) {
      const auto at = static_cast<std::size_t>(first + b);
      sum = sum + IntegerSums{histogram.gradients[at], histogram.hessians[at], histogram.counts[at]};
      gradients_[count_] = sum.gradient;
      hessians_[count_] = sum.hessian;
      counts_[count_] = sum.count;
      bins_[count_] = b;
      count_ += static_cast<std::int32_t>((histogram.counts[at] != 0) | (b == 0));
    }
  }

  void put_packed(const IntegerSums& plus, Sides& sides) const {
    constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
    constexpr std::uint64_t kHessianMask = (std::uint64_t{1} << formulas::kFieldBits) - 1;
    constexpr std::uint64_t kCountMask = (std::uint64_t{1} << formulas::kCountBits) - 1;
    for (std::int32_t k = 0; k < count_; ++k) {
      const auto gradient =
          static_cast<std::int64_t>((words_[k] + kSign) >> kSignShift) - static_cast<std::int64_t>(kSign >> kSignShift);
      const auto hessian = static_cast<std::int64_t>(words_[k] >> formulas::kCountBits & kHessianMask);
      const auto count = static_cast<std::int64_t>(words_[k] & kCountMask);
      sides.left_gradient[k] = small_as_double(gradient + plus.gradient);
      sides.left_hessian[k] = small_as_double(hessian + plus.hessian);
      sides.left_count[k] = small_as_double(count + plus.count);
    }
  }

  template <class Convert>
  void put_wide(const IntegerSums& plus, const IntegerSums& total, Sides& sides, const Convert& convert) const {
    for (std::int32_t k = 0; k < count_; ++k) {
      sides.left_gradient[k] = convert(gradients_[k] + plus.gradient);
      sides.left_hessian[k] = convert(hessians_[k] + plus.hessian);
      sides.left_count[k] = convert(counts_[k] + plus.count);
      sides.right_gradient[k] = convert(total.gradient - (gradients_[k] + plus.gradient));
      sides.right_hessian[k] = convert(total.hessian - (hessians_[k] + plus.hessian));
    }
  }

  bool packed_;
  IntegerSums missing_;
  std::int32_t count_ = 0;
  std::int32_t bins_[kMostBins];
  std::uint64_t words_[kMostBins] = {};
  std::int64_t gradients_[kMostBins];
  std::int64_t hessians_[kMostBins];
  std::int64_t counts_[kMostBins];
};

void find_gains(const SearchedNode& searched, int monotonic, std::int32_t count, Sides& sides) {
  const SearchedNode node = searched;
  const auto rows = static_cast<double>(node.total.count);
  for (std::int32_t k = 0; k < count; ++k) {
    const formulas::NodeSums left{sides.left_gradient[k] * node.gradient_unit,
                                  sides.left_hessian[k] * node.hessian_unit, sides.left_count[k]};
    const formulas::NodeSums right{sides.right_gradient[k] * node.gradient_unit,
                                   sides.right_hessian[k] * node.hessian_unit, rows - sides.left_count[k]};
    sides.gain[k] = formulas::split_gain(left, right, node.gain, node.rules, node.bounds, monotonic);
  }
}

void search_numeric(const SearchedNode& node, const SearchedFeature& feature, FoundSplit& best) {
  const Prefixes prefixes(feature);
  Sides sides;
  for (const bool missing_left : {false, true}) {
    if (missing_left && prefixes.missing().count == 0) return;
    prefixes.put(node, missing_left, sides);
    find_gains(node, feature.monotonic, prefixes.count(), sides);
    for (std::int32_t k = 0; k < prefixes.count(); ++k) {
      if (sides.gain[k] < best.gain) continue;
      const std::int32_t number = formulas::candidate_number(prefixes.bin(k), missing_left);
      const FoundSplit found{sides.gain[k], feature.number, number,
                             missing_left ? prefixes.sum(k) + prefixes.missing() : prefixes.sum(k)};
      if (found.beats(best)) best = found;
    }
  }
}

/// Bins with rows, by rank.
struct RankedBins {
  std::array<std::uint8_t, kMostBins> bins;
  std::int32_t count = 0;
};

RankedBins ranked(const SearchedNode& node, const SearchedFeature& feature) {
  RankedBins ranked;
  std::array<double, kMostBins> rank;
  for (std::int64_t b = 0; b < feature.count; ++b) {
    const IntegerSums sums = feature.bin(b);
    if (sums.count == 0) continue;
    rank[static_cast<std::size_t>(b)] = formulas::category_rank(node.scaled(sums), node.rules);
    ranked.bins[static_cast<std::size_t>(ranked.count++)] = static_cast<std::uint8_t>(b);
  }
  std::sort(ranked.bins.begin(), ranked.bins.begin() + ranked.count,
            [&](std::uint8_t a, std::uint8_t b) { return rank[a] != rank[b] ? rank[a] < rank[b] : a < b; });
  return ranked;
}

void search_categorical(const SearchedNode& node, const SearchedFeature& feature, FoundSplit& best) {
  const RankedBins order = ranked(node, feature);
  IntegerSums left;
  for (std::int32_t c = 1; c < order.count; ++c) {
    left = left + feature.bin(order.bins[static_cast<std::size_t>(c) - 1]);
    const double gain = formulas::split_gain(node.scaled(left), node.scaled(node.total - left), node.gain, node.rules,
                                             node.bounds, feature.monotonic);
    const FoundSplit found{gain, feature.number, c, left};
    if (found.beats(best)) best = found;
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
  rules.min_samples = std::max<std::int64_t>(1, rules.min_samples);
  const formulas::NodeSums all = scaled(total);
  gain = formulas::leaf_gain(all, formulas::leaf_value(all, rules, bounds), rules);
}

IntegerSums SearchedFeature::bin(std::int64_t b) const {
  const auto at = static_cast<std::size_t>(first + b);
  if (histogram->packed) return formulas::unpacked(histogram->words[at]);
  return {histogram->gradients[at], histogram->hessians[at], histogram->counts[at]};
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
  const std::int64_t missing = feature.count - 1;
  const auto put_left = [&](std::int64_t bin) {
    split.left_bins[static_cast<std::size_t>(bin / 64)] |= std::uint64_t{1} << (bin % 64);
  };
  if (!feature.categorical) {
    split.bin = found.number / 2;
    split.missing_left = found.number % 2 != 0;
  } else {
    const RankedBins order = ranked(node, feature);
    for (std::int32_t c = 0; c < found.number; ++c) {
      const std::int64_t bin = order.bins[static_cast<std::size_t>(c)];
      put_left(bin);
      split.missing_left |= bin == missing;
    }
  }
  if (feature.bin(missing).count == 0) {
    split.missing_left = found.left.count > right.count;
    if (feature.categorical && split.missing_left) put_left(missing);
  }
  return split;
}

}  // namespace forja::cpu
