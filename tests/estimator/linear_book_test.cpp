// The figures of book chapter 4 for linear models that are solved rather than descended to.

#include <gtest/gtest.h>

#include "forja/linear.h"
#include "support/devices.h"
#include "support/linear_files.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::ElasticNet;
using forja::Lasso;
using forja::LeastSquaresSolver;
using forja::LinearRegression;
using forja::Matrix;
using forja::Ridge;

/// The book prints nine digits; float data have seven.
template <class T>
constexpr double kPrinted = sizeof(T) == 4 ? 2e-6 : 1e-8;

template <class T>
class LinearBookOf : public ::testing::Test {};
TYPED_TEST_SUITE(LinearBookOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(LinearBookOf, the_line_has_the_books_theta_by_either_solver) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  for (const Device& device : forja::testing::devices_under_test()) {
    for (const auto solver : {LeastSquaresSolver::automatic, LeastSquaresSolver::cholesky, LeastSquaresSolver::svd}) {
      LinearRegression<T> model({.solver = solver}, device);
      model.fit(line.x, line.target);
      EXPECT_NEAR(static_cast<double>(model.intercept()[0]), 4.21509616, kPrinted<T>);
      EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), 2.77011339, kPrinted<T>);
      const Matrix<T> fresh(2, 1, {T(0), T(2)});
      EXPECT_NEAR(static_cast<double>(model.predict(fresh)[0]), 4.21509616, kPrinted<T>);
      EXPECT_NEAR(static_cast<double>(model.predict(fresh)[1]), 9.75532293, 2 * kPrinted<T>);
    }
  }
}

TYPED_TEST(LinearBookOf, the_parabola_is_a_line_in_x_and_its_square) {
  using T = TypeParam;
  const auto table = forja::testing::book_table<T>("quadratic_toy");
  Matrix<T> x(table.x.rows(), 2);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    x(i, 0) = table.x(i, 0);
    x(i, 1) = table.x(i, 0) * table.x(i, 0);
  }
  for (const Device& device : forja::testing::devices_under_test()) {
    LinearRegression<T> model({}, device);
    model.fit(x, table.target);
    EXPECT_NEAR(static_cast<double>(model.intercept()[0]), 1.78134581, kPrinted<T>);
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), 0.93366893, kPrinted<T>);
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 1)), 0.56456263, kPrinted<T>);
  }
}

TYPED_TEST(LinearBookOf, ridge_predicts_what_the_book_has) {
  using T = TypeParam;
  const auto table = forja::testing::book_table<T>("regularised_toy");
  const Matrix<T> at(1, 1, {T(1.5)});
  for (const Device& device : forja::testing::devices_under_test()) {
    for (const auto solver : {LeastSquaresSolver::cholesky, LeastSquaresSolver::svd}) {
      Ridge<T> model({.alpha = 0.1, .solver = solver}, device);
      model.fit(table.x, table.target);
      EXPECT_NEAR(static_cast<double>(model.predict(at)[0]), 1.55325833, kPrinted<T>);
      EXPECT_EQ(model.solver_used(), solver);
    }
  }
}

TYPED_TEST(LinearBookOf, lasso_and_elastic_net_predict_what_the_book_has) {
  using T = TypeParam;
  const auto table = forja::testing::book_table<T>("regularised_toy");
  const Matrix<T> at(1, 1, {T(1.5)});
  for (const Device& device : forja::testing::devices_under_test()) {
    Lasso<T> lasso({.alpha = 0.1}, device);
    lasso.fit(table.x, table.target);
    EXPECT_NEAR(static_cast<double>(lasso.predict(at)[0]), 1.53788174, kPrinted<T>);
    ElasticNet<T> net({.alpha = 0.1, .l1_ratio = 0.5}, device);
    net.fit(table.x, table.target);
    EXPECT_NEAR(static_cast<double>(net.predict(at)[0]), 1.54333232, kPrinted<T>);
  }
}

}  // namespace
