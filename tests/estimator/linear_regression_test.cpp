// LinearRegression and Ridge on data that are easy, hard and hopeless.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "forja/linear.h"
#include "support/devices.h"
#include "support/least_squares.h"
#include "support/linear_reference.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LeastSquaresSolver;
using forja::LinearRegression;
using forja::Matrix;
using forja::Ridge;
using forja::testing::devices_under_test;
using forja::testing::linear_data;
using forja::testing::LinearData;
using forja::testing::stationarity;

template <class T>
constexpr double kEpsilon = static_cast<double>(std::numeric_limits<T>::epsilon());

template <class T>
class LinearRegressionOf : public ::testing::Test {
 protected:
  /// The gradient at the public coefficients, which are rounded to T, is that of a backward error of this size.
  static constexpr double kStationary = 4 * kEpsilon<T>;

  static std::vector<double> row(const Matrix<T>& coef, std::int64_t target) {
    return {coef.row(target).begin(), coef.row(target).end()};
  }
  template <class Model>
  static double gradient_of(const Model& model, const LinearData<T>& data, double alpha, bool intercept,
                            std::int64_t target = 0) {
    return stationarity(data, row(model.coef(), target),
                        static_cast<double>(model.intercept()[static_cast<std::size_t>(target)]), alpha, intercept,
                        target);
  }
};
TYPED_TEST_SUITE(LinearRegressionOf, forja::testing::StorageTypes, forja::testing::StorageName);

constexpr LeastSquaresSolver kSolvers[] = {LeastSquaresSolver::cholesky, LeastSquaresSolver::svd};

TYPED_TEST(LinearRegressionOf, the_gradient_vanishes_with_weights_targets_and_intercepts_or_without) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    for (const bool weighted : {false, true}) {
      for (const bool intercept : {false, true}) {
        for (const auto solver : kSolvers) {
          const LinearData<T> data = linear_data<T>(300, 5, 2, weighted);
          LinearRegression<T> model({.fit_intercept = intercept, .solver = solver}, device);
          model.fit(data.x, data.y, data.weight);
          ASSERT_EQ(model.n_targets(), 2);
          for (const std::int64_t target : {0, 1}) {
            EXPECT_LT(this->gradient_of(model, data, 0, intercept, target), this->kStationary);
          }
          if (!intercept) {
            EXPECT_EQ(model.intercept(), (std::vector<T>{0, 0}));
          }
          EXPECT_EQ(model.rank(), 5);
          EXPECT_EQ(model.solver_used(), solver);
          EXPECT_LE(model.backward_error(), kEpsilon<T> * (sizeof(T) == 4 ? 0.5 : 16));
          EXPECT_EQ(model.singular_values().empty(), solver == LeastSquaresSolver::cholesky);
        }
      }
    }
  }
}

TYPED_TEST(LinearRegressionOf, several_targets_are_as_good_as_one_by_one) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(200, 4, 3, false);
  for (const Device& device : devices_under_test()) {
    LinearRegression<T> together({}, device);
    together.fit(data.x, data.y);
    const Matrix<T> predicted = together.predict_targets(data.x);
    for (std::int64_t target = 0; target < 3; ++target) {
      std::vector<T> y;
      for (std::int64_t i = 0; i < 200; ++i) y.push_back(data.y(i, target));
      LinearRegression<T> alone({}, device);
      alone.fit(data.x, y);
      const std::vector<T> own = alone.predict(data.x);
      for (std::int64_t i = 0; i < 200; ++i) {
        // Predictions below 10, of coefficients with a backward error of T's rounding.
        EXPECT_NEAR(predicted(i, target), own[static_cast<std::size_t>(i)], 40 * kEpsilon<T>);
      }
    }
  }
}

TYPED_TEST(LinearRegressionOf, weights_count_as_repeated_rows) {
  using T = TypeParam;
  LinearData<T> data = linear_data<T>(60, 3, 1, false);
  std::vector<T> repeated_x;
  std::vector<T> repeated_y;
  for (std::int64_t i = 0; i < 60; ++i) {
    data.weight.push_back(static_cast<T>(i % 4));
    for (std::int64_t copy = 0; copy < i % 4; ++copy) {
      repeated_x.insert(repeated_x.end(), data.x.row(i).begin(), data.x.row(i).end());
      repeated_y.push_back(data.y(i, 0));
    }
  }
  const Matrix<T> x(std::ssize(repeated_y), 3, repeated_x);
  for (const Device& device : devices_under_test()) {
    for (const double alpha : {0.0, 2.5}) {
      Ridge<T> weighted({.alpha = alpha}, device);
      Ridge<T> repeated({.alpha = alpha}, device);
      weighted.fit(data.x, data.y, data.weight);
      repeated.fit(x, repeated_y);
      for (std::int64_t j = 0; j < 3; ++j) {
        EXPECT_NEAR(weighted.coef()(0, j), repeated.coef()(0, j), 20 * kEpsilon<T>);
      }
      EXPECT_NEAR(weighted.score(data.x, data.y, data.weight), repeated.score(x, repeated_y), 1e-5);
    }
  }
}

TYPED_TEST(LinearRegressionOf, huge_means_and_units_cost_no_digits) {
  using T = TypeParam;
  for (const double mean : {1e3, 1e6}) {
    for (const double unit : {0x1.0p-40, 1.0, 0x1.0p40}) {
      LinearData<T> data = linear_data<T>(400, 4, 1, false);
      for (T& value : data.x.values()) value = static_cast<T>((mean + static_cast<double>(value)) * unit);
      for (const Device& device : devices_under_test()) {
        SCOPED_TRACE(device.name() + ", mean " + std::to_string(mean) + ", unit " + std::to_string(unit));
        LinearRegression<T> model({}, device);
        model.fit(data.x, data.y);
        // Against the exact answer for the rows as they are stored, centred by hand in double.
        Matrix<double> x(400, 4);
        for (std::int64_t i = 0; i < 400; ++i) {
          for (std::int64_t j = 0; j < 4; ++j) x(i, j) = static_cast<double>(data.x(i, j)) / unit - mean;
        }
        const Matrix<double> expected = forja::testing::least_squares(x, Matrix<double>(data.y.view()));
        for (std::int64_t j = 0; j < 4; ++j) {
          EXPECT_NEAR(static_cast<double>(model.coef()(0, j)) * unit, expected(j, 0), 30 * kEpsilon<T>);
        }
        EXPECT_EQ(model.rank(), 4);
      }
    }
  }
}

TYPED_TEST(LinearRegressionOf, collinear_columns_get_the_shortest_coefficients) {
  using T = TypeParam;
  LinearData<T> data = linear_data<T>(120, 3, 1, false);
  for (std::int64_t i = 0; i < 120; ++i) data.x(i, 2) = 2 * data.x(i, 0);  // exact in T
  Matrix<double> two(120, 2);
  Matrix<double> y(120, 1);
  for (std::int64_t i = 0; i < 120; ++i) {
    for (std::int64_t j = 0; j < 2; ++j) two(i, j) = static_cast<double>(data.x(i, j));
    y(i, 0) = static_cast<double>(data.y(i, 0));
  }
  const Matrix<double> expected = forja::testing::least_squares(two, y);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LinearRegression<T> model({}, device);
    model.fit(data.x, data.y);
    EXPECT_EQ(model.solver_used(), LeastSquaresSolver::svd);
    EXPECT_EQ(model.rank(), 2);
    ASSERT_EQ(model.singular_values().size(), 3U);
    EXPECT_LT(model.singular_values()[2], 1e-13 * model.singular_values()[0]);
    // a x0 + b (2 x0) with a + 2 b = c: the shortest is a = c / 5, b = 2 c / 5.
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), expected(0, 0) / 5, 20 * kEpsilon<T>);
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 2)), expected(0, 0) * 2 / 5, 20 * kEpsilon<T>);
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 1)), expected(1, 0), 20 * kEpsilon<T>);
    // A penalty makes any columns independent.
    Ridge<T> ridge({.alpha = 1, .solver = LeastSquaresSolver::cholesky}, device);
    ridge.fit(data.x, data.y);
    EXPECT_LT(this->gradient_of(ridge, data, 1, true), this->kStationary);
  }
}

TYPED_TEST(LinearRegressionOf, columns_that_are_constant_where_weights_are_positive_get_nothing) {
  using T = TypeParam;
  for (const bool everywhere : {true, false}) {
    LinearData<T> data = linear_data<T>(90, 3, 1, true);
    for (std::size_t i = 0; i < 90; ++i) {
      if (!everywhere) data.weight[i] = i < 20 ? T(0) : T(1);
      data.x(static_cast<std::int64_t>(i), 1) = everywhere ? T(0.1) : i < 20 ? T(1) : T(0);
    }
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      for (const auto solver : kSolvers) {
        LinearRegression<T> model({.solver = solver}, device);
        model.fit(data.x, data.y, data.weight);
        EXPECT_NEAR(static_cast<double>(model.coef()(0, 1)), 0, 1e-12);
        EXPECT_EQ(model.rank(), 2);
        EXPECT_LT(this->gradient_of(model, data, 0, true), this->kStationary);
      }
    }
  }
}

TYPED_TEST(LinearRegressionOf, one_row_and_fewer_rows_than_columns_are_fitted_exactly) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    for (const std::int64_t n : {1, 2, 8}) {
      const LinearData<T> data = linear_data<T>(n, 20, 1, false);
      LinearRegression<T> model({}, device);
      model.fit(data.x, data.y);
      EXPECT_EQ(model.rank(), n - 1);
      const std::vector<T> predicted = model.predict(data.x);
      for (std::int64_t i = 0; i < n; ++i) {
        EXPECT_NEAR(predicted[static_cast<std::size_t>(i)], data.y(i, 0), 100 * kEpsilon<T>);
      }
      // The shortest coefficients are a combination of the centred rows: without them nothing is left.
      if (n == 1) {
        for (const T value : model.coef().values()) EXPECT_EQ(value, 0);
      }
    }
  }
}

TYPED_TEST(LinearRegressionOf, condition_1e8_is_solved_in_double_and_reported_in_float) {
  using T = TypeParam;
  LinearData<T> data = linear_data<T>(200, 3, 1, false, 0);
  for (std::int64_t i = 0; i < 200; ++i) {
    const double x = static_cast<double>(data.x(i, 0));
    data.x(i, 1) = static_cast<T>(x + 1e-8 * forja::testing::uniform(51, i));
    data.y(i, 0) = static_cast<T>(x + 2 * static_cast<double>(data.x(i, 1)) + 3 * static_cast<double>(data.x(i, 2)));
  }
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LinearRegression<T> model({}, device);
    model.fit(data.x, data.y);
    EXPECT_EQ(model.solver_used(), LeastSquaresSolver::svd);
    EXPECT_EQ(model.rank(), sizeof(T) == 4 ? 2 : 3);
    if (sizeof(T) == 8) {
      EXPECT_GT(model.condition(), 1e7);
      // Of y, rounded in double, the condition makes 1e-16 x 1e8 x a few.
      EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), 1, 1e-6);
      EXPECT_NEAR(static_cast<double>(model.coef()(0, 1)), 2, 1e-6);
    }
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 0) + model.coef()(0, 1)), 3, 200 * kEpsilon<T>);
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 2)), 3, 200 * kEpsilon<T>);
  }
}

TYPED_TEST(LinearRegressionOf, a_sample_that_misleads_about_means_and_sizes_is_seen_through) {
  using T = TypeParam;
  // Every 3rd of 3000 rows is looked at first: those are near zero, all others near 1e4, some near 1e15.
  LinearData<T> data = linear_data<T>(3000, 2, 1, false, 0.1);
  for (std::int64_t i = 0; i < 3000; ++i) {
    if (i % 3 == 1) data.x(i, 0) = static_cast<T>(1e4 + static_cast<double>(data.x(i, 0)));
    if (i % 3 == 2) data.x(i, 0) = static_cast<T>(1e4 - static_cast<double>(data.x(i, 0)));
    if (i % 3 == 0) data.x(i, 0) = 0;
    if (i % 300 == 1) data.x(i, 1) = static_cast<T>(sizeof(T) == 4 ? 1e30 : 1e200);
  }
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LinearRegression<T> model({}, device);
    model.fit(data.x, data.y);
    EXPECT_LT(this->gradient_of(model, data, 0, true), 10 * this->kStationary);
    EXPECT_EQ(model.rank(), 2);
  }
}

TYPED_TEST(LinearRegressionOf, ridge_shrinks_by_each_targets_own_alpha) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(150, 4, 3, true);
  for (const Device& device : devices_under_test()) {
    for (const auto solver : kSolvers) {
      for (const bool intercept : {false, true}) {
        Ridge<T> model({.alpha_per_target = {0.5, 50, 0.5}, .fit_intercept = intercept, .solver = solver}, device);
        model.fit(data.x, data.y, data.weight);
        EXPECT_LT(this->gradient_of(model, data, 0.5, intercept, 0), this->kStationary);
        EXPECT_LT(this->gradient_of(model, data, 50, intercept, 1), this->kStationary);
        EXPECT_LT(this->gradient_of(model, data, 0.5, intercept, 2), this->kStationary);
        EXPECT_LE(model.backward_error(), kEpsilon<T> * (sizeof(T) == 4 ? 0.5 : 16));
      }
    }
  }
}

TYPED_TEST(LinearRegressionOf, ridge_of_wide_data_is_the_kernel_form) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(12, 30, 1, false);
  for (const Device& device : devices_under_test()) {
    Ridge<T> by_values({.alpha = 3}, device);
    by_values.fit(data.x, data.y);
    EXPECT_EQ(by_values.solver_used(), LeastSquaresSolver::svd);
    EXPECT_LT(this->gradient_of(by_values, data, 3, true), this->kStationary);
    Ridge<T> by_equations({.alpha = 3, .solver = LeastSquaresSolver::cholesky}, device);
    by_equations.fit(data.x, data.y);
    EXPECT_LT(this->gradient_of(by_equations, data, 3, true), this->kStationary);
  }
}

TYPED_TEST(LinearRegressionOf, scores_are_one_minus_what_is_left_over_the_spread) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(100, 3, 2, true);
  for (const Device& device : devices_under_test()) {
    LinearRegression<T> model({}, device);
    model.fit(data.x, data.y, data.weight);
    const Matrix<T> predicted = model.predict_targets(data.x);
    double expected = 0;
    for (std::int64_t target = 0; target < 2; ++target) {
      double weight = 0;
      double mean = 0;
      double left = 0;
      double spread = 0;
      for (std::int64_t i = 0; i < 100; ++i) {
        weight += data.weight_of(i);
        mean += data.weight_of(i) * static_cast<double>(data.y(i, target));
      }
      mean /= weight;
      for (std::int64_t i = 0; i < 100; ++i) {
        left += data.weight_of(i) * std::pow(static_cast<double>(data.y(i, target) - predicted(i, target)), 2);
        spread += data.weight_of(i) * std::pow(static_cast<double>(data.y(i, target)) - mean, 2);
      }
      expected += (1 - left / spread) / 2;
    }
    // Predictions are rounded to T here, not there.
    EXPECT_NEAR(model.score(data.x, data.y, data.weight), expected, 1e-6);
    const forja::DeviceMatrix<T> held(data.x.view(), device);
    EXPECT_EQ(model.score(held, data.y, data.weight), model.score(data.x, data.y, data.weight));
    const Matrix<T> constant(100, 2, T(7));
    LinearRegression<T> flat({}, device);
    flat.fit(data.x, constant);
    EXPECT_EQ(flat.score(data.x, constant), 1);
    EXPECT_EQ(model.score(data.x, constant), 0);
  }
}

TYPED_TEST(LinearRegressionOf, the_same_bits_for_any_number_of_threads) {
  using T = TypeParam;
  for (const auto& [n, d] : {std::pair{3000, 9}, {700, 3}}) {
    const LinearData<T> data = linear_data<T>(n, d, 1, true);
    for (const auto solver : kSolvers) {
      LinearRegression<T> one({.solver = solver}, Device::cpu(1));
      LinearRegression<T> more({.solver = solver}, Device::cpu(3));
      one.fit(data.x, data.y, data.weight);
      more.fit(data.x, data.y, data.weight);
      EXPECT_EQ(one.coef(), more.coef());
      EXPECT_EQ(one.intercept(), more.intercept());
      EXPECT_EQ(one.backward_error(), more.backward_error());
    }
  }
}

TYPED_TEST(LinearRegressionOf, a_refused_fit_leaves_the_model_as_it_was) {
  using T = TypeParam;
  LinearData<T> data = linear_data<T>(40, 3, 1, false);
  for (const Device& device : devices_under_test()) {
    LinearRegression<T> model({.solver = LeastSquaresSolver::cholesky}, device);
    model.fit(data.x, data.y);
    const Matrix<T> before = model.coef();
    LinearData<T> collinear = data;
    for (std::int64_t i = 0; i < 40; ++i) collinear.x(i, 2) = collinear.x(i, 1);
    EXPECT_THROW(model.fit(collinear.x, collinear.y), forja::InvalidArgument);
    EXPECT_EQ(model.coef(), before);
  }
}

}  // namespace
