#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "compute/boosting_compute.h"
#include "formulas/counter_random.h"

namespace forja::testing {

/// What a column of made rows is like.
enum class ColumnKind : std::int8_t { smooth, coarse, gaps, categories, constant, missing };

/// Rows of columns of these kinds: smooth ones have all values different, coarse ones ten, those with gaps a fifth of
/// NaN, categories the numbers 0 .. 39 and NaN.
inline Matrix<double> boosting_rows(std::int64_t n, const std::vector<ColumnKind>& kinds, std::uint64_t seed) {
  Matrix<double> x(n, std::ssize(kinds));
  for (std::int64_t f = 0; f < x.columns(); ++f) {
    for (std::int64_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::uint64_t>(i);
      const auto stream = static_cast<std::uint64_t>(2 * f);
      const double u = formulas::random_uniform(seed, stream, at);
      const double other = formulas::random_uniform(seed, stream + 1, at);
      double& value = x(i, f);
      switch (kinds[static_cast<std::size_t>(f)]) {
        case ColumnKind::smooth:
          value = static_cast<double>(static_cast<float>(u - 0.5));
          break;
        case ColumnKind::coarse:
          value = std::floor(10 * u);
          break;
        case ColumnKind::gaps:
          value = other < 0.2 ? std::nan("") : std::floor(50 * u) / 4;
          break;
        case ColumnKind::categories:
          value = other < 0.1 ? std::nan("") : std::floor(40 * u * u);
          break;
        case ColumnKind::constant:
          value = 3;
          break;
        case ColumnKind::missing:
          value = std::nan("");
          break;
      }
    }
  }
  return x;
}

/// Bounds amid neighbouring values, at most `most` bins of about as many values each; categories as they are.
inline compute::BinTable boosting_table(const Matrix<double>& x, const std::vector<ColumnKind>& kinds,
                                        std::size_t most = 255) {
  compute::BinTable table;
  for (std::int64_t f = 0; f < x.columns(); ++f) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      if (!std::isnan(x(i, f))) values.push_back(x(i, f));
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    const bool categorical = kinds[static_cast<std::size_t>(f)] == ColumnKind::categories;
    if (categorical && values.empty()) values.push_back(0);
    const std::size_t bins = std::min(values.size(), most);
    for (std::size_t b = 1; b < bins && !categorical; ++b) {
      const std::size_t at = b * values.size() / bins;
      table.entries.push_back(static_cast<double>(static_cast<float>(values[at - 1] + values[at]) / 2));
    }
    if (categorical) table.entries.insert(table.entries.end(), values.begin(), values.end());
    table.first.push_back(std::ssize(table.entries));
    table.categorical.push_back(categorical ? 1 : 0);
  }
  return table;
}

}  // namespace forja::testing
