// Ridge by gradient against Ridge by Cholesky.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/linear.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/recorder.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LeastSquaresSolver;
using forja::Matrix;
using forja::Ridge;
using forja::RidgeOptions;
using forja::testing::devices_under_test;
using forja::testing::linear_data;
using forja::testing::LinearData;

template <class T>
class RidgeByGradient : public ::testing::Test {
 protected:
  static RidgeOptions by(LeastSquaresSolver solver, RidgeOptions options) {
    options.solver = solver;
    return options;
  }

  /// Coefficients within `slack` of the exact ones in `units` of theirs, and the certificate within tol.
  static void expect_choleskys(const LinearData<T>& data, const RidgeOptions& options, double slack, double units = 1) {
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      Ridge<T> exact(by(LeastSquaresSolver::cholesky, options), device);
      exact.fit(data.x, data.y, data.weight);
      EXPECT_EQ(exact.gradient_norm(), std::nullopt);
      EXPECT_EQ(exact.n_iter(), 0);
      EXPECT_TRUE(exact.converged());
      Ridge<T> model(by(LeastSquaresSolver::gradient, options), device);
      model.fit(data.x, data.y, data.weight);
      EXPECT_EQ(model.solver_used(), LeastSquaresSolver::gradient);
      EXPECT_TRUE(model.converged());
      EXPECT_LE(*model.gradient_norm(), options.tol);
      EXPECT_GT(model.n_iter(), 0);
      for (std::size_t k = 0; k < exact.coef().values().size(); ++k) {
        EXPECT_NEAR(static_cast<double>(model.coef().values()[k]) * units,
                    static_cast<double>(exact.coef().values()[k]) * units, slack);
      }
      for (std::size_t t = 0; t < exact.intercept().size(); ++t) {
        const auto intercept = static_cast<double>(exact.intercept()[t]);
        EXPECT_NEAR(static_cast<double>(model.intercept()[t]), intercept, slack * (4 + std::abs(intercept)));
      }
    }
  }

  /// What tol leaves of coefficients, the second derivatives being a hundredth at least, and T's rounding.
  static constexpr double kTol = 1e-10;
  static constexpr double kSlack = 1000 * kTol + 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
};
TYPED_TEST_SUITE(RidgeByGradient, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(RidgeByGradient, the_answer_is_choleskys) {
  using T = TypeParam;
  for (const bool weighted : {false, true}) {
    for (const bool intercept : {false, true}) {
      SCOPED_TRACE(std::to_string(weighted) + std::to_string(intercept));
      this->expect_choleskys(linear_data<T>(150, 5, 2, weighted),
                             {.alpha_per_target = {0.5, 30}, .fit_intercept = intercept, .tol = this->kTol},
                             this->kSlack);
    }
  }
}

TYPED_TEST(RidgeByGradient, huge_means_and_units_cost_no_digits) {
  using T = TypeParam;
  LinearData<T> data = linear_data<T>(120, 4, 1, true);
  for (T& value : data.x.values()) value = static_cast<T>((1e4 + static_cast<double>(value)) * 0x1.0p-30);
  // The intercept is of the size of a mean: 1e4.
  this->expect_choleskys(data, {.alpha = 0x1.0p-60, .tol = this->kTol}, 10 * this->kSlack, 0x1.0p-30);
}

TYPED_TEST(RidgeByGradient, more_columns_than_rows) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(20, 40, 1, false);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    Ridge<T> exact({.alpha = 0.5, .solver = LeastSquaresSolver::svd}, device);
    exact.fit(data.x, data.y);
    Ridge<T> model({.alpha = 0.5, .solver = LeastSquaresSolver::gradient, .tol = this->kTol}, device);
    model.fit(data.x, data.y);
    EXPECT_TRUE(model.converged());
    for (std::int64_t j = 0; j < 40; ++j) {
      EXPECT_NEAR(static_cast<double>(model.coef()(0, j)), static_cast<double>(exact.coef()(0, j)), this->kSlack);
    }
  }
}

TYPED_TEST(RidgeByGradient, what_does_not_converge_says_so_and_an_observer_may_end_it) {
  using T = TypeParam;
  // Columns of which two differ by a hundred-thousandth, and no penalty.
  LinearData<T> data = linear_data<T>(100, 3, 1, false);
  for (std::int64_t i = 0; i < 100; ++i) data.x(i, 1) = data.x(i, 0) + T(1e-5) * data.x(i, 2);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    forja::testing::Recorder recorder;
    Ridge<T> model({.alpha = 0, .solver = LeastSquaresSolver::gradient, .max_iter = 2, .tol = 1e-12}, device);
    model.fit(data.x, data.y, {}, &recorder);
    EXPECT_FALSE(model.converged());
    EXPECT_GT(*model.gradient_norm(), 1e-12);
    EXPECT_EQ(model.n_iter(), 2);
    EXPECT_EQ(recorder.seen.size(), 2U);
    const Matrix<T> before = model.coef();
    forja::testing::Recorder impatient(1);
    EXPECT_THROW(model.fit(data.x, data.y, {}, &impatient), forja::Cancelled);
    EXPECT_EQ(model.coef(), before);
  }
}

}  // namespace
