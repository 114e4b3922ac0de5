#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "forja/matrix.h"
#include "support/kmeans_data.h"

namespace forja::testing {

/// Rounding of T in products, relative to the largest singular value.
template <class T>
constexpr double kProductRounding = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());

/// n x d rows made of min(n, d) or fewer random directions whose lengths fall by `decay` from one to the next, plus an
/// offset: singular values that lie apart.
template <class T>
Matrix<T> decaying(std::int64_t n, std::int64_t d, double decay, double offset = 0, std::uint64_t seed = 1,
                   std::int64_t rank = 0) {
  const std::int64_t r = rank > 0 ? rank : std::min(n, d);
  Matrix<T> x(n, d);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < d; ++j) {
      double sum = offset;
      double length = 1;
      for (std::int64_t l = 0; l < r; ++l, length *= decay) {
        sum += length * normal(seed, i * r + l) * normal(seed + 1000, l * d + j) / std::sqrt(static_cast<double>(d));
      }
      x(i, j) = static_cast<T>(sum);
    }
  }
  return x;
}

}  // namespace forja::testing
