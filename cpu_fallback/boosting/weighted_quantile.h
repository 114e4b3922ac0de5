#pragma once

#include <cstdint>
#include <span>

namespace forja::cpu {

struct WeightedValue {
  double value = 0;
  std::int64_t weight = 0;
};

/// The least value at which the weights up to it reach q of their sum; 0 of no values. Reorders them.
double weighted_quantile(std::span<WeightedValue> values, double q);

}  // namespace forja::cpu
