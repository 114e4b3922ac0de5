#pragma once

#include <cstdint>
#include <vector>

namespace forja::core {

/// 0 .. n - 1 in a random order, each order equally likely (Fisher and Yates 1938).
std::vector<std::int64_t> random_order(std::int64_t n, std::uint64_t seed, std::uint64_t stream);

}  // namespace forja::core
