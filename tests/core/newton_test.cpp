// Newton's method on functions whose minima are known, and what it does where there is no curvature.

#include "linear/newton.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "forja/error.h"
#include "support/recorder.h"

namespace forja::testing {
namespace {

using core::LbfgsEnd;
using core::minimise_newton;
using Point = std::span<const double>;
using Slope = std::span<double>;

const core::Watch kNobody(nullptr, "test");

/// (x + 2 y - 3)^2 / 2 + 5 (x - y)^2: least at (1, 1).
double bowl(Point p, Slope gradient) {
  const double a = p[0] + 2 * p[1] - 3;
  const double b = p[0] - p[1];
  gradient[0] = a + 10 * b;
  gradient[1] = 2 * a - 10 * b;
  return 0.5 * a * a + 5 * b * b;
}
Matrix<double> bowls_hessian(Point, std::int64_t) { return {2, 2, {11, -8, -8, 14}}; }

/// log(2 cosh x), from which a whole Newton step beyond 1.09 goes ever farther away.
double cosine(Point p, Slope gradient) {
  gradient[0] = std::tanh(p[0]);
  return std::fabs(p[0]) + std::log1p(std::exp(-2 * std::fabs(p[0])));
}
Matrix<double> cosines_hessian(Point p, std::int64_t) {
  return Matrix<double>(1, 1, 1 - std::tanh(p[0]) * std::tanh(p[0]));
}

TEST(Newton, one_step_ends_a_bowl) {
  const LbfgsEnd end = minimise_newton(bowl, bowls_hessian, {40, -7}, {.tol = 1e-6}, kNobody);
  EXPECT_TRUE(end.converged);
  EXPECT_LE(end.n_iter, 2);
  EXPECT_NEAR(end.point[0], 1, 1e-7);
  EXPECT_NEAR(end.point[1], 1, 1e-7);
  EXPECT_LE(end.gradient_norm, 1e-6);
}

TEST(Newton, steps_that_go_too_far_are_shortened) {
  Recorder recorder;
  core::Watch watch(&recorder, "test");
  watch.begin_run(0, 100);
  const LbfgsEnd end = minimise_newton(cosine, cosines_hessian, {4}, {.tol = 1e-9}, watch);
  EXPECT_TRUE(end.converged);
  EXPECT_NEAR(end.point[0], 0, 1e-9);
  for (std::size_t k = 1; k < recorder.seen.size(); ++k) EXPECT_LT(recorder.seen[k].loss, recorder.seen[k - 1].loss);
}

TEST(Newton, directions_without_curvature_are_damped) {
  // (x + y - 1)^2 / 2 has a whole line of minima; the least change is to the nearest of them.
  const auto trough = [](Point p, Slope gradient) {
    gradient[0] = gradient[1] = p[0] + p[1] - 1;
    return 0.5 * gradient[0] * gradient[0];
  };
  const auto hessian = [](Point, std::int64_t) { return Matrix<double>(2, 2, {1, 1, 1, 1}); };
  const LbfgsEnd end = minimise_newton(trough, hessian, {0, 0}, {.tol = 1e-8}, kNobody);
  EXPECT_TRUE(end.converged);
  EXPECT_NEAR(end.point[0], 0.5, 1e-6);
  EXPECT_NEAR(end.point[1], 0.5, 1e-6);
}

TEST(Newton, without_any_curvature_it_ends_and_says_so) {
  const auto slope = [](Point p, Slope gradient) {
    gradient[0] = 1;
    return p[0];
  };
  const LbfgsEnd flat = minimise_newton(
      slope, [](Point, std::int64_t) { return Matrix<double>(1, 1); }, {2}, {}, kNobody);
  EXPECT_FALSE(flat.converged);
  EXPECT_EQ(flat.n_iter, 0);
  EXPECT_EQ(flat.point[0], 2);
  const auto nowhere = [](Point, Slope gradient) {
    gradient[0] = 1;
    return std::numeric_limits<double>::quiet_NaN();
  };
  const LbfgsEnd lost = minimise_newton(nowhere, cosines_hessian, {2}, {}, kNobody);
  EXPECT_FALSE(lost.converged);
  EXPECT_EQ(lost.point[0], 2);
}

TEST(Newton, iterations_are_counted_from_one_and_may_be_cancelled) {
  std::vector<std::int64_t> seen;
  const auto hessian = [&](Point p, std::int64_t iteration) {
    seen.push_back(iteration);
    return cosines_hessian(p, iteration);
  };
  const LbfgsEnd end = minimise_newton(cosine, hessian, {3}, {.max_iter = 3, .tol = 0}, kNobody);
  EXPECT_FALSE(end.converged);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 3}));
  Recorder impatient(2);
  core::Watch watch(&impatient, "test");
  watch.begin_run(0, 9);
  EXPECT_THROW(minimise_newton(cosine, cosines_hessian, {3}, {.tol = 0}, watch), Cancelled);
}

}  // namespace
}  // namespace forja::testing
