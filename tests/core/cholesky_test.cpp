// Cholesky's factor and what it tells of the condition.

#include "linear/cholesky.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "formulas/counter_random.h"

namespace {

using forja::Matrix;
using forja::core::Cholesky;

double number(std::int64_t place) {
  return forja::formulas::random_uniform(3, 1, static_cast<std::uint64_t>(place)) - 0.5;
}

/// B B' + shift I of a random B.
Matrix<double> positive(std::int64_t n, double shift) {
  Matrix<double> a(n, n);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t k = 0; k < n; ++k) a(i, j) += number(i * n + k) * number(j * n + k);
    }
    a(i, i) += shift;
  }
  return a;
}

TEST(Cholesky, solves_what_multiplying_made) {
  for (const std::int64_t n : {1, 2, 7, 40}) {
    const Matrix<double> a = positive(n, 1);
    std::vector<double> x;
    for (std::int64_t i = 0; i < n; ++i) x.push_back(number(1000 + i));
    std::vector<double> b(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) b[static_cast<std::size_t>(i)] += a(i, j) * x[static_cast<std::size_t>(j)];
    }
    const auto factor = Cholesky::factor(a);
    ASSERT_TRUE(factor.has_value());
    factor->solve(b);
    // The condition is below 100.
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(b[i], x[i], 1e-12);
  }
}

TEST(Cholesky, of_a_matrix_that_is_not_positive_definite_there_is_none) {
  EXPECT_FALSE(Cholesky::factor(Matrix<double>(2, 2, {1, 1, 1, 1})).has_value());
  EXPECT_FALSE(Cholesky::factor(Matrix<double>(2, 2, {1, 2, 2, 1})).has_value());
  EXPECT_FALSE(Cholesky::factor(Matrix<double>(1, 1, std::nan(""))).has_value());
}

TEST(Cholesky, the_condition_is_that_of_the_inverse_made_column_by_column_or_close_below) {
  for (const std::int64_t n : {1, 3, 20}) {
    for (const double shift : {1.0, 1e-3, 1e-9}) {
      const Matrix<double> a = positive(n, shift);
      const auto factor = Cholesky::factor(a);
      ASSERT_TRUE(factor.has_value());
      double norm = 0;
      double inverse_norm = 0;
      for (std::int64_t j = 0; j < n; ++j) {
        std::vector<double> column(static_cast<std::size_t>(n));
        column[static_cast<std::size_t>(j)] = 1;
        factor->solve(column);
        double sum = 0;
        double inverse_sum = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          sum += std::abs(a(i, j));
          inverse_sum += std::abs(column[static_cast<std::size_t>(i)]);
        }
        norm = std::max(norm, sum);
        inverse_norm = std::max(inverse_norm, inverse_sum);
      }
      EXPECT_LE(factor->condition(), norm * inverse_norm * (1 + 1e-12));
      // Higham: within a factor of three, nearly always exact.
      EXPECT_GE(factor->condition(), norm * inverse_norm / 3);
    }
  }
}

TEST(Cholesky, a_matrix_without_rows_is_perfectly_conditioned) {
  const auto factor = Cholesky::factor(Matrix<double>(0, 0));
  ASSERT_TRUE(factor.has_value());
  EXPECT_EQ(factor->condition(), 1);
}

}  // namespace
