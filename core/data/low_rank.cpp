#include "data/low_rank.h"

#include <cmath>
#include <numeric>

#include "data/random_normal.h"

namespace forja::core {
namespace {

/// `count` <= length random vectors of unit length, each orthogonal to the others; a row each.
Matrix<double> random_directions(std::int64_t count, std::int64_t length, std::uint64_t seed, std::uint64_t stream) {
  Matrix<double> directions(count, length);
  std::uint64_t counter = 0;
  for (double& value : directions.values()) value = random_normal(seed, stream, counter++);
  for (std::int64_t k = 0; k < count; ++k) {
    const std::span<double> own = directions.row(k);
    // Gram and Schmidt's method; twice is enough for full precision (Giraud and others 2005).
    for (int turn = 0; turn < 2; ++turn) {
      for (std::int64_t before = 0; before < k; ++before) {
        const std::span<const double> other = directions.row(before);
        const double part = std::inner_product(own.begin(), own.end(), other.begin(), 0.0);
        for (std::size_t i = 0; i < own.size(); ++i) own[i] -= part * other[i];
      }
      const double norm = std::sqrt(std::inner_product(own.begin(), own.end(), own.begin(), 0.0));
      for (double& value : own) value /= norm;
    }
  }
  return directions;
}

}  // namespace

std::vector<double> falling_singular_values(std::int64_t count, std::int64_t rank, double tail) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const double place = static_cast<double>(i) / static_cast<double>(rank);
    values.push_back((1 - tail) * std::exp(-place * place) + tail * std::exp(-0.1 * place));
  }
  return values;
}

template <class T>
Matrix<T> rows_of_singular_values(std::int64_t n, std::int64_t d, std::span<const double> values, std::uint64_t seed,
                                  std::uint64_t row_stream, std::uint64_t column_stream) {
  const std::int64_t count = std::ssize(values);
  const Matrix<double> left = random_directions(count, n, seed, row_stream);
  const Matrix<double> right = random_directions(count, d, seed, column_stream);
  Matrix<T> x(n, d);
  std::vector<double> row(static_cast<std::size_t>(d));
  for (std::int64_t i = 0; i < n; ++i) {
    row.assign(row.size(), 0);
    for (std::int64_t k = 0; k < count; ++k) {
      const double length = values[static_cast<std::size_t>(k)] * left(k, i);
      const std::span<const double> direction = right.row(k);
      for (std::size_t j = 0; j < row.size(); ++j) row[j] += length * direction[j];
    }
    for (std::int64_t j = 0; j < d; ++j) x(i, j) = static_cast<T>(row[static_cast<std::size_t>(j)]);
  }
  return x;
}

template Matrix<float> rows_of_singular_values(std::int64_t, std::int64_t, std::span<const double>, std::uint64_t,
                                               std::uint64_t, std::uint64_t);
template Matrix<double> rows_of_singular_values(std::int64_t, std::int64_t, std::span<const double>, std::uint64_t,
                                                std::uint64_t, std::uint64_t);

}  // namespace forja::core
