#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "preprocessing/row_chunks.h"

namespace forja::core {

/// The least and the greatest value of each column.
struct ColumnRanges {
  std::vector<double> lowest;
  std::vector<double> highest;
};

/// Rows of weight 0 do not count; no weights: all do.
template <class T>
ColumnRanges column_ranges(MatrixView<const T> x, std::span<const T> sample_weight = {}) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  const std::int64_t chunks = chunk_count(x.rows());
  Matrix<T> lowest(chunks, x.columns(), kInfinity);
  Matrix<T> highest(chunks, x.columns(), -kInfinity);
  for_each_chunk(x.rows(), [&](std::int64_t chunk, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      if (!sample_weight.empty() && sample_weight[static_cast<std::size_t>(i)] == 0) continue;
      for (std::int64_t j = 0; j < x.columns(); ++j) {
        lowest(chunk, j) = std::min(lowest(chunk, j), x(i, j));
        highest(chunk, j) = std::max(highest(chunk, j), x(i, j));
      }
    }
  });
  ColumnRanges ranges;
  for (std::int64_t j = 0; j < x.columns(); ++j) {
    T least = kInfinity;
    T greatest = -kInfinity;
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      least = std::min(least, lowest(chunk, j));
      greatest = std::max(greatest, highest(chunk, j));
    }
    ranges.lowest.push_back(static_cast<double>(least));
    ranges.highest.push_back(static_cast<double>(greatest));
  }
  return ranges;
}

}  // namespace forja::core
