// Orthant-wise L-BFGS on functions whose minima are known.

#include "linear/owl_qn.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "forja/error.h"
#include "support/recorder.h"

namespace forja::testing {
namespace {

using core::LbfgsEnd;
using core::minimise_sparse;
using Point = std::span<const double>;
using Slope = std::span<double>;

const core::Watch kNobody(nullptr, "test");

/// sum of (j + 1) (x_j - j + 3)^2 / 2: by itself least at -3, -2, ...
double bowl(Point x, Slope gradient) {
  double value = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const auto place = static_cast<double>(j);
    const double apart = x[j] - place + 3;
    value += 0.5 * (place + 1) * apart * apart;
    gradient[j] = (place + 1) * apart;
  }
  return value;
}

/// The same turned, so that coordinates depend on each other.
double turned(Point x, Slope gradient) {
  const double a = x[0] + x[1] - 1;
  const double b = x[0] - 2 * x[1] + 0.5;
  gradient[0] = 4 * a + b;
  gradient[1] = 4 * a - 2 * b;
  return 2 * a * a + 0.5 * b * b;
}

TEST(OwlQn, each_number_of_a_bowl_is_drawn_to_zero_by_its_own_penalty) {
  const std::vector<double> l1 = {1, 0, 1.5, 2, 4, 0.5, 100, 7};
  const LbfgsEnd end = minimise_sparse(bowl, l1, std::vector<double>(8), {.max_iter = 200, .tol = 1e-9}, kNobody);
  EXPECT_TRUE(end.converged);
  EXPECT_LE(end.gradient_norm, 1e-9);
  double value = 0;
  for (std::size_t j = 0; j < 8; ++j) {
    const double curve = static_cast<double>(j) + 1;
    const double free = static_cast<double>(j) - 3;
    const double left = std::fmax(std::fabs(free) - l1[j] / curve, 0);
    const double expected = std::copysign(left, free);
    EXPECT_NEAR(end.point[j], expected, 1e-9) << j;
    // Zeros are exact.
    EXPECT_EQ(end.point[j] == 0, left == 0) << j;
    value += 0.5 * curve * (expected - free) * (expected - free) + l1[j] * left;
  }
  EXPECT_NEAR(end.value, value, 1e-9);
}

TEST(OwlQn, no_small_step_is_better_where_it_ends) {
  for (const double factor : {0.01, 0.5, 1.0, 3.0, 10.0}) {
    const std::vector<double> l1 = {factor, 0.5 * factor};
    const LbfgsEnd end = minimise_sparse(turned, l1, {-5, 4}, {.max_iter = 200, .tol = 1e-10}, kNobody);
    EXPECT_TRUE(end.converged) << factor;
    const auto whole = [&](double x, double y) {
      std::vector<double> slope(2);
      return turned(std::vector<double>{x, y}, slope) + l1[0] * std::fabs(x) + l1[1] * std::fabs(y);
    };
    EXPECT_NEAR(end.value, whole(end.point[0], end.point[1]), 1e-12);
    for (const double x : {-1e-3, 0.0, 1e-3}) {
      for (const double y : {-1e-3, 0.0, 1e-3}) {
        EXPECT_GE(whole(end.point[0] + x, end.point[1] + y), end.value - 1e-12) << factor;
      }
    }
  }
}

TEST(OwlQn, penalties_that_leave_nothing_take_no_step) {
  const LbfgsEnd end = minimise_sparse(bowl, std::vector<double>(8, 1e3), std::vector<double>(8), {}, kNobody);
  EXPECT_TRUE(end.converged);
  EXPECT_EQ(end.n_iter, 0);
  EXPECT_EQ(end.gradient_norm, 0);
}

TEST(OwlQn, every_iteration_makes_the_value_less_and_may_be_the_last) {
  Recorder recorder;
  core::Watch watch(&recorder, "test");
  watch.begin_run(0, 5);
  const LbfgsEnd end =
      minimise_sparse(bowl, std::vector<double>(8, 0.5), std::vector<double>(8, 9.0), {.max_iter = 5, .tol = 0}, watch);
  EXPECT_FALSE(end.converged);
  EXPECT_EQ(end.n_iter, 5);
  ASSERT_EQ(recorder.seen.size(), 5U);
  for (std::size_t k = 1; k < recorder.seen.size(); ++k) EXPECT_LT(recorder.seen[k].loss, recorder.seen[k - 1].loss);
  Recorder impatient(2);
  core::Watch stopped(&impatient, "test");
  stopped.begin_run(0, 5);
  EXPECT_THROW(minimise_sparse(bowl, std::vector<double>(8, 0.5), std::vector<double>(8, 9.0), {.tol = 0}, stopped),
               Cancelled);
}

TEST(OwlQn, a_function_that_cannot_fall_ends_without_convergence) {
  const auto nowhere = [](Point, Slope gradient) {
    gradient[0] = 1;
    return std::numeric_limits<double>::quiet_NaN();
  };
  const LbfgsEnd end = minimise_sparse(nowhere, std::vector<double>(1, 0.1), {2}, {}, kNobody);
  EXPECT_FALSE(end.converged);
  EXPECT_EQ(end.n_iter, 0);
  EXPECT_EQ(end.point[0], 2);
}

}  // namespace
}  // namespace forja::testing
