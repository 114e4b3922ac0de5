#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "forja/matrix.h"
#include "formulas/counter_random.h"

/// Rows to cluster.
namespace forja::testing {

/// The first two columns of tests/data/blobs_2000.csv: five blobs of 400 rows, book chapter 9.
template <class T>
Matrix<T> book_blobs() {
  std::ifstream in(std::string(FORJA_TEST_DATA) + "/blobs_2000.csv");
  std::string line;
  if (!std::getline(in, line)) throw std::runtime_error("tests/data/blobs_2000.csv cannot be read");
  std::vector<T> values;
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string field;
    for (int column = 0; column < 2 && std::getline(fields, field, ','); ++column) {
      values.push_back(static_cast<T>(std::stod(field)));
    }
  }
  return Matrix<T>(std::ssize(values) / 2, 2, values);
}

/// Standard normal numbers, Box and Muller, from the library's counter-based bits.
inline double normal(std::uint64_t seed, std::int64_t i) {
  const double u = formulas::random_uniform(seed, 0, static_cast<std::uint64_t>(2 * i));
  const double v = formulas::random_uniform(seed, 0, static_cast<std::uint64_t>(2 * i + 1));
  return std::sqrt(-2 * std::log1p(-u)) * std::cos(6.283185307179586 * v);
}

/// n rows of d columns around k centres uniform in (-reach, reach), unit noise; row i belongs to centre i % k.
template <class T>
Matrix<T> blobs(std::int64_t n, std::int64_t d, std::int64_t k, double reach, std::uint64_t seed) {
  Matrix<T> x(n, d);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < d; ++j) {
      const double center =
          reach * (2 * formulas::random_uniform(seed, 1, static_cast<std::uint64_t>(i % k * d + j)) - 1);
      x(i, j) = static_cast<T>(center + normal(seed, i * d + j));
    }
  }
  return x;
}

/// The first k rows, as centres.
template <class T>
Matrix<T> first_rows(const Matrix<T>& x, std::int64_t k) {
  return Matrix<T>(x.view().middle_rows(0, k));
}

}  // namespace forja::testing
