#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "formulas/counter_random.h"

namespace forja::core {

/// Standard normal numbers (Box and Muller 1958): number `i` of a stream.
inline double random_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
  const double u = formulas::random_uniform(seed, stream, i & ~std::uint64_t{1});
  const double v = 2 * std::numbers::pi * formulas::random_uniform(seed, stream, i | 1);
  return std::sqrt(-2 * std::log1p(-u)) * ((i & 1) == 0 ? std::cos(v) : std::sin(v));
}

}  // namespace forja::core
