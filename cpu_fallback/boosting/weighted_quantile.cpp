#include "boosting/weighted_quantile.h"

#include <algorithm>

namespace forja::cpu {
namespace {

/// A value amid three of them.
double pivot_of(std::span<const WeightedValue> values) {
  const double first = values.front().value;
  const double middle = values[values.size() / 2].value;
  const double last = values.back().value;
  return std::max(std::min(first, middle), std::min(std::max(first, middle), last));
}

std::int64_t weight_of(std::span<const WeightedValue> values) {
  std::int64_t sum = 0;
  for (const WeightedValue& one : values) sum += one.weight;
  return sum;
}

}  // namespace

double weighted_quantile(std::span<WeightedValue> values, double q) {
  if (values.empty()) return 0;
  const double wanted = q * static_cast<double>(weight_of(values));
  std::int64_t before = 0;  // the weight of what was left out below
  for (;;) {
    const double pivot = pivot_of(values);
    const auto middle =
        std::partition(values.begin(), values.end(), [pivot](const WeightedValue& one) { return one.value < pivot; });
    const auto end =
        std::partition(middle, values.end(), [pivot](const WeightedValue& one) { return !(pivot < one.value); });
    const std::span<WeightedValue> below(values.begin(), middle);
    const std::span<WeightedValue> above(end, values.end());
    const std::int64_t up_to_below = before + weight_of(below);
    const std::int64_t up_to_pivot = up_to_below + weight_of({middle, end});
    if (!below.empty() && static_cast<double>(up_to_below) >= wanted) {
      values = below;
    } else if (above.empty() || static_cast<double>(up_to_pivot) >= wanted) {
      return pivot;
    } else {
      before = up_to_pivot;
      values = above;
    }
  }
}

}  // namespace forja::cpu
