#pragma once

#include <cstdint>

#include "formulas/gradient_packing.h"
#include "formulas/host_device.h"

/// Which split of a node of a boosted tree is best (Chen and Guestrin 2016; Ke et al. 2017). From whole numbers and in
/// a fixed order of operations: the same bits on every device.
namespace forja::formulas {

struct SplitRules {
  double l1 = 0;
  double l2 = 0;
  double min_gain = 0;             ///< a split gains more than this
  double min_sum_hessian = 0;      ///< of each side
  std::int64_t min_samples = 1;    ///< rows of each side
  double category_smoothing = 10;  ///< categories are ordered by G / (H + this)
};

/// Sums over the rows of a node or of one side.
struct NodeSums {
  double gradient = 0;
  double hessian = 0;
  double count = 0;
};

/// What a node's value may be, for monotonic constraints.
struct ValueBounds {
  double lower = -1e300;
  double upper = 1e300;
};

FORJA_HD inline IntegerSums operator+(IntegerSums a, IntegerSums b) {
  return {a.gradient + b.gradient, a.hessian + b.hessian, a.count + b.count};
}
FORJA_HD inline IntegerSums operator-(IntegerSums a, IntegerSums b) {
  return {a.gradient - b.gradient, a.hessian - b.hessian, a.count - b.count};
}

/// gradient_unit, hessian_unit: what one level is worth.
FORJA_HD inline NodeSums node_sums(const IntegerSums& sums, double gradient_unit, double hessian_unit) {
  return {static_cast<double>(sums.gradient) * gradient_unit, static_cast<double>(sums.hessian) * hessian_unit,
          static_cast<double>(sums.count)};
}

FORJA_HD inline double shrunk_gradient(double gradient, double l1) {
  const double size = (gradient < 0 ? -gradient : gradient) - l1;
  return size <= 0 ? 0.0 : (gradient < 0 ? -size : size);
}

/// The value of a leaf with these sums: the minimum of gradient v + l1 |v| + (hessian + l2) v^2 / 2 within the bounds.
FORJA_HD inline double leaf_value(const NodeSums& sums, const SplitRules& rules, const ValueBounds& bounds) {
  const double curvature = sums.hessian + rules.l2;
  const double value = curvature > 0 ? -shrunk_gradient(sums.gradient, rules.l1) / curvature : 0.0;
  return value < bounds.lower ? bounds.lower : (value > bounds.upper ? bounds.upper : value);
}

/// By how much (twice the drop of the objective) a leaf of this value betters one of value 0.
FORJA_HD inline double leaf_gain(const NodeSums& sums, double value, const SplitRules& rules) {
  const double size = value < 0 ? -value : value;
  return -(2.0 * sums.gradient * value + 2.0 * rules.l1 * size + (sums.hessian + rules.l2) * value * value);
}

/// The gain of a split over its node, or -1 where a rule forbids it. node_gain: leaf_gain of the node at its own
/// leaf_value. monotonic: the value may not fall (1) or rise (-1) from left to right; 0: as it likes.
FORJA_HD inline double split_gain(const NodeSums& left, const NodeSums& right, double node_gain,
                                  const SplitRules& rules, const ValueBounds& bounds, int monotonic) {
  const auto least = static_cast<double>(rules.min_samples);
  if (left.count < least || right.count < least) return -1.0;
  if (left.hessian < rules.min_sum_hessian || right.hessian < rules.min_sum_hessian) return -1.0;
  const double value_left = leaf_value(left, rules, bounds);
  const double value_right = leaf_value(right, rules, bounds);
  if ((monotonic > 0 && value_left > value_right) || (monotonic < 0 && value_left < value_right)) return -1.0;
  const double gain = leaf_gain(left, value_left, rules) + leaf_gain(right, value_right, rules) - node_gain;
  return gain > rules.min_gain ? gain : -1.0;
}

/// Where a category stands in the order in which categories are split; ties: lowest bin.
FORJA_HD inline double category_rank(const NodeSums& sums, const SplitRules& rules) {
  return sums.gradient / (sums.hessian + rules.category_smoothing);
}

/// Candidates of one node in the order of preference among equal gains: numeric ones by bin, those with the missing
/// values on the right first; categorical ones by the number of categories on the left.
FORJA_HD constexpr std::int32_t candidate_number(std::int32_t bin, bool missing_left) {
  return 2 * bin + (missing_left ? 1 : 0);
}

/// Whether a candidate beats another: by gain, then the lower feature, then the lower number.
FORJA_HD inline bool better_candidate(double gain, std::int32_t feature, std::int32_t number, double other_gain,
                                      std::int32_t other_feature, std::int32_t other_number) {
  if (gain != other_gain) return gain > other_gain;
  return feature != other_feature ? feature < other_feature : number < other_number;
}

}  // namespace forja::formulas
