#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "forja/boosting.h"
#include "formulas/counter_random.h"
#include "support/saved_models.h"

namespace forja::testing {

template <class T>
constexpr T kNaN = std::numeric_limits<T>::quiet_NaN();

template <class T>
using Regress = HistGradientBoostingRegressor<T>;
template <class T>
using Classify = HistGradientBoostingClassifier<T>;

/// Small trees, for few rows.
inline HistGradientBoostingRegressorOptions small_trees() {
  HistGradientBoostingRegressorOptions options;
  options.max_iter = 5;
  options.max_leaf_nodes = 5;
  options.min_samples_leaf = 4;
  return options;
}

/// Rows and targets.
template <class T>
struct Curve {
  Matrix<T> x;
  std::vector<T> y;
};

/// y = 3 x0 + sin(6 x1) + noise over [0, 1)^d.
template <class T>
Curve<T> curve(std::int64_t n, std::int64_t d, double noise, std::uint64_t seed = 1) {
  Curve<T> made{Matrix<T>(n, d), {}};
  for (std::int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<std::uint64_t>(i);
    for (std::int64_t f = 0; f < d; ++f) {
      made.x(i, f) = static_cast<T>(formulas::random_uniform(seed, static_cast<std::uint64_t>(f), at));
    }
    const double error = noise * (formulas::random_uniform(seed, 1000, at) - 0.5);
    made.y.push_back(static_cast<T>(3 * static_cast<double>(made.x(i, 0)) +
                                    std::sin(6 * static_cast<double>(made.x(i, d - 1))) + error));
  }
  return made;
}

}  // namespace forja::testing
