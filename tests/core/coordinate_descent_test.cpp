// Coordinate descent on a Gram matrix, and the gap that certifies it.

#include "linear/coordinate_descent.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "formulas/counter_random.h"

namespace {

using forja::Matrix;
using forja::core::descend;
using forja::core::duality_gap;
using forja::core::Penalties;
using forja::core::SparseState;

double number(std::uint64_t stream, std::int64_t place) {
  return forja::formulas::random_uniform(5, stream, static_cast<std::uint64_t>(place)) - 0.5;
}

/// n rows of d columns and a target, and what coordinate descent needs of them.
struct Rows {
  Matrix<double> x;
  std::vector<double> y;

  Rows(std::int64_t n, std::int64_t d) : x(n, d) {
    for (std::int64_t i = 0; i < n; ++i) {
      y.push_back(number(1, i));
      for (std::int64_t j = 0; j < d; ++j) {
        x(i, j) = number(2, i * d + j);
        if (j < 3) y.back() += (1.0 + static_cast<double>(j)) * x(i, j);
      }
    }
  }

  Matrix<double> gram() const {
    Matrix<double> sums(x.columns(), x.columns());
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      for (std::int64_t a = 0; a < x.columns(); ++a) {
        for (std::int64_t b = 0; b < x.columns(); ++b) sums(a, b) += x(i, a) * x(i, b);
      }
    }
    return sums;
  }
  SparseState at(std::vector<double> c) const {
    SparseState state{std::move(c), std::vector<double>(static_cast<std::size_t>(x.columns())), 0};
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      double r = y[static_cast<std::size_t>(i)];
      for (std::int64_t j = 0; j < x.columns(); ++j) r -= x(i, j) * state.c[static_cast<std::size_t>(j)];
      state.residual_square += r * r;
      for (std::int64_t j = 0; j < x.columns(); ++j) state.correlation[static_cast<std::size_t>(j)] += x(i, j) * r;
    }
    return state;
  }
  double objective(const std::vector<double>& c, const Penalties& penalties) const {
    double value = at(c).residual_square / 2;
    for (std::size_t j = 0; j < c.size(); ++j) {
      value += penalties.l1[j] * std::abs(c[j]) + penalties.l2[j] / 2 * c[j] * c[j];
    }
    return value;
  }
};

class CoordinateDescent : public ::testing::Test {
 protected:
  const Rows rows_{60, 12};
  const Matrix<double> gram_ = rows_.gram();
  const std::vector<Penalties> penalties_{{std::vector<double>(12, 2), std::vector<double>(12, 0)},
                                          {std::vector<double>(12, 0.5), std::vector<double>(12, 3)},
                                          {std::vector<double>(12, 1e-3), std::vector<double>(12, 0)}};
};

TEST_F(CoordinateDescent, ends_where_no_single_coefficient_can_do_better) {
  for (const Penalties& penalties : penalties_) {
    SparseState state = rows_.at(std::vector<double>(12));
    EXPECT_LT(descend(gram_, penalties, 1e-13, 10'000, state), 10'000);
    const double best = rows_.objective(state.c, penalties);
    for (std::size_t j = 0; j < 12; ++j) {
      for (const double step : {1e-3, -1e-3, 1e-5, -1e-5}) {
        std::vector<double> other = state.c;
        other[j] += step;
        EXPECT_GE(rows_.objective(other, penalties), best - 1e-13);
      }
    }
  }
}

TEST_F(CoordinateDescent, keeps_correlations_and_residuals_up_to_date) {
  SparseState state = rows_.at(std::vector<double>(12));
  descend(gram_, penalties_[1], 0, 7, state);
  const SparseState fresh = rows_.at(state.c);
  EXPECT_NEAR(state.residual_square, fresh.residual_square, 1e-12);
  for (std::size_t j = 0; j < 12; ++j) EXPECT_NEAR(state.correlation[j], fresh.correlation[j], 1e-12);
}

TEST_F(CoordinateDescent, the_gap_is_above_the_distance_from_the_minimum_everywhere) {
  for (const Penalties& penalties : penalties_) {
    SparseState best = rows_.at(std::vector<double>(12));
    descend(gram_, penalties, 1e-13, 10'000, best);
    const double least = rows_.objective(best.c, penalties);
    for (std::int64_t trial = 0; trial < 20; ++trial) {
      std::vector<double> c;
      for (std::int64_t j = 0; j < 12; ++j) c.push_back(4 * number(7, trial * 12 + j));
      const double gap = duality_gap(penalties, rows_.at(c)).gap;
      EXPECT_GE(gap, rows_.objective(c, penalties) - least - 1e-12);
    }
    EXPECT_LT(duality_gap(penalties, rows_.at(best.c)).gap, 1e-11);
  }
}

TEST_F(CoordinateDescent, stops_after_the_sweeps_that_it_may_take) {
  SparseState state = rows_.at(std::vector<double>(12));
  EXPECT_EQ(descend(gram_, penalties_[2], 0, 3, state), 3);
}

TEST_F(CoordinateDescent, residuals_of_nothing_leave_the_norm_alone) {
  const Penalties one{{2}, {0}};
  EXPECT_EQ(duality_gap(one, {{-3}, {0}, 0}).gap, 6);
  EXPECT_EQ(duality_gap(one, {{0}, {0}, 0}).gap, 0);
}

}  // namespace
