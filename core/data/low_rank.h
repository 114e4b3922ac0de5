#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"

namespace forja::core {

/// Singular values that fall like a bell over the first `rank`, with a fat tail behind:
/// (1 - tail) exp(-(i / rank)^2) + tail exp(-0.1 i / rank) for i = 0, ..., count - 1.
std::vector<double> falling_singular_values(std::int64_t count, std::int64_t rank, double tail);

/// n x d with these singular values, min(n, d) of them, between random directions drawn from the two streams.
template <class T>
Matrix<T> rows_of_singular_values(std::int64_t n, std::int64_t d, std::span<const double> values, std::uint64_t seed,
                                  std::uint64_t row_stream, std::uint64_t column_stream);

}  // namespace forja::core
