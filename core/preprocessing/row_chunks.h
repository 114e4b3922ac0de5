#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "forja/matrix.h"

/// Passes over rows of the host on its threads. Chunks depend on the number of rows alone, so that what is summed by
/// chunk and added up in their order has the same bits for any number of threads.
namespace forja::core {

inline constexpr std::int64_t kChunkRows = 4096;

inline std::int64_t chunk_count(std::int64_t rows) { return (rows + kChunkRows - 1) / kChunkRows; }

/// work(chunk, first row, row after the last) for every chunk; it must not throw.
template <class Work>
void for_each_chunk(std::int64_t rows, const Work& work) {
  const std::int64_t chunks = chunk_count(rows);
#pragma omp parallel for schedule(dynamic, 1) if (chunks > 1)
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    work(chunk, chunk * kChunkRows, std::min(rows, (chunk + 1) * kChunkRows));
  }
}

/// A matrix of `columns` columns whose rows work(row of x, row of the result) fills; it must not throw.
template <class T, class Work>
Matrix<T> map_rows(MatrixView<const T> x, std::int64_t columns, const Work& work) {
  Matrix<T> result(x.rows(), columns);
  for_each_chunk(x.rows(), [&](std::int64_t, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) work(x.row(i), result.row(i));
  });
  return result;
}

/// The same value by value: work(value, column).
template <class T, class Work>
Matrix<T> map_values(MatrixView<const T> x, const Work& work) {
  return map_rows(x, x.columns(), [&](std::span<const T> from, std::span<T> to) {
    for (std::size_t j = 0; j < from.size(); ++j) to[j] = static_cast<T>(work(static_cast<double>(from[j]), j));
  });
}

}  // namespace forja::core
