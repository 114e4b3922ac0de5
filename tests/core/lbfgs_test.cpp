// L-BFGS on functions whose minima are known, and what it says where there is none.

#include "linear/lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "forja/error.h"
#include "support/recorder.h"

namespace forja::testing {
namespace {

using core::LbfgsEnd;
using core::minimise;
using Point = std::span<const double>;
using Slope = std::span<double>;

const core::Watch kNobody(nullptr, "test");

/// sum of (j + 1) (x_j - j)^2 / 2.
double bowl(Point x, Slope gradient) {
  double value = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const auto place = static_cast<double>(j);
    value += 0.5 * (place + 1) * (x[j] - place) * (x[j] - place);
    gradient[j] = (place + 1) * (x[j] - place);
  }
  return value;
}

/// Rosenbrock's valley.
double valley(Point x, Slope gradient) {
  const double a = 1 - x[0];
  const double b = x[1] - x[0] * x[0];
  gradient[0] = -2 * a - 400 * x[0] * b;
  gradient[1] = 200 * b;
  return a * a + 100 * b * b;
}

TEST(Lbfgs, a_bowl_has_its_minimum_where_the_gradient_says) {
  const LbfgsEnd end = minimise(bowl, std::vector<double>(20), {.max_iter = 200, .tol = 1e-9}, kNobody);
  EXPECT_TRUE(end.converged);
  EXPECT_LE(end.gradient_norm, 1e-9);
  EXPECT_LT(end.n_iter, 60);
  for (std::size_t j = 0; j < 20; ++j) EXPECT_NEAR(end.point[j], static_cast<double>(j), 1e-9);
}

TEST(Lbfgs, a_bent_valley_is_followed_to_its_end) {
  const LbfgsEnd end = minimise(valley, {-1.2, 1}, {.max_iter = 200, .tol = 1e-8}, kNobody);
  EXPECT_TRUE(end.converged);
  EXPECT_NEAR(end.point[0], 1, 1e-7);
  EXPECT_NEAR(end.point[1], 1, 1e-7);
  EXPECT_LT(end.n_iter, 60);  // 35 to 40 in the literature
}

TEST(Lbfgs, every_iteration_makes_the_value_less) {
  Recorder recorder;
  core::Watch watch(&recorder, "test");
  watch.begin_run(0, 30);
  minimise(valley, {-1.2, 1}, {.max_iter = 30, .tol = 0}, watch);
  ASSERT_EQ(recorder.seen.size(), 30U);
  for (std::size_t k = 1; k < recorder.seen.size(); ++k) EXPECT_LE(recorder.seen[k].loss, recorder.seen[k - 1].loss);
}

TEST(Lbfgs, a_start_at_the_minimum_takes_no_step) {
  const LbfgsEnd end = minimise(valley, {1, 1}, {}, kNobody);
  EXPECT_TRUE(end.converged);
  EXPECT_EQ(end.n_iter, 0);
}

TEST(Lbfgs, too_few_iterations_are_told) {
  const LbfgsEnd end = minimise(valley, {-1.2, 1}, {.max_iter = 3}, kNobody);
  EXPECT_FALSE(end.converged);
  EXPECT_EQ(end.n_iter, 3);
  EXPECT_GT(end.gradient_norm, 1e-4);
}

TEST(Lbfgs, values_beyond_what_can_be_computed_are_stepped_back_from) {
  // -log x + x from far left of where it is finite and least, 1.
  const auto barrier = [](Point x, Slope gradient) {
    gradient[0] = 1 - 1 / x[0];
    return x[0] > 0 ? x[0] - std::log(x[0]) : std::numeric_limits<double>::quiet_NaN();
  };
  const LbfgsEnd end = minimise(barrier, {40}, {.tol = 1e-9}, kNobody);
  EXPECT_TRUE(end.converged);
  EXPECT_NEAR(end.point[0], 1, 1e-8);
}

TEST(Lbfgs, a_gradient_that_lies_ends_the_search) {
  const auto lie = [](Point x, Slope gradient) {
    gradient[0] = -1;
    return x[0] * x[0];
  };
  const LbfgsEnd end = minimise(lie, {0}, {}, kNobody);
  EXPECT_FALSE(end.converged);
  EXPECT_EQ(end.n_iter, 0);
  EXPECT_EQ(end.point[0], 0);
}

TEST(Lbfgs, an_observer_may_end_it) {
  Recorder recorder(4);
  core::Watch watch(&recorder, "test");
  watch.begin_run(0, 100);
  EXPECT_THROW(minimise(valley, {-1.2, 1}, {}, watch), Cancelled);
  EXPECT_EQ(recorder.seen.size(), 4U);
}

}  // namespace
}  // namespace forja::testing
