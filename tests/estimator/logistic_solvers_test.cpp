// Every solver of LogisticRegression on the same objective: one minimum, also where rows make it hard to find.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "forja/generators.h"
#include "forja/logistic_regression.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/logistic_reference.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LogisticPenalty;
using forja::LogisticRegression;
using forja::LogisticSolver;
using forja::Matrix;
using forja::testing::devices_under_test;
using forja::testing::uniform;
using Labels = std::vector<std::int32_t>;

constexpr LogisticSolver kSolvers[] = {LogisticSolver::lbfgs, LogisticSolver::newton_cholesky,
                                       LogisticSolver::automatic};

template <class T>
class LogisticSolvers : public ::testing::Test {};
TYPED_TEST_SUITE(LogisticSolvers, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(LogisticSolvers, all_end_where_a_naive_newton_in_double_ends) {
  using T = TypeParam;
  for (const std::int64_t classes : {2, 3}) {
    const auto data = forja::make_classification<T>({.n_samples = 300,
                                                     .n_features = 6,
                                                     .n_informative = 4,
                                                     .n_redundant = 0,
                                                     .n_classes = classes,
                                                     .n_clusters_per_class = 1,
                                                     .flip_y = 0.1,
                                                     .seed = 9});
    std::vector<T> weight;
    double total = 0;
    for (std::size_t i = 0; i < 300; ++i) {
      weight.push_back(static_cast<T>(1 + i % 3));
      total += static_cast<double>(weight.back());
    }
    const std::int64_t outputs = classes == 2 ? 1 : classes;
    const Matrix<double> expected =
        forja::testing::naive_logistic_minimum<T>(data.x, data.labels, weight, outputs, 1 / (0.3 * total));
    for (const Device& device : devices_under_test()) {
      for (const LogisticSolver solver : kSolvers) {
        SCOPED_TRACE(device.name() + ", classes " + std::to_string(classes) + ", solver " +
                     std::to_string(static_cast<int>(solver)));
        LogisticRegression<T> model({.C = 0.3, .tol = 2e-6, .max_iter = 500, .solver = solver}, device);
        model.fit(data.x, data.labels, weight);
        EXPECT_TRUE(model.converged());
        EXPECT_LE(model.gradient_norm(), 2e-6);
        for (std::int64_t c = 0; c < outputs; ++c) {
          for (std::int64_t j = 0; j < 6; ++j) {
            // The gradient is that of columns an eighth as large, and the least curvature is some hundredths.
            EXPECT_NEAR(static_cast<double>(model.coef()(c, j)), expected(c, j), 2e-3) << c << ", " << j;
          }
        }
      }
    }
  }
}

/// Rows whose columns are all but the same: singular values from 1 down to 1e-8 of the first.
template <class T>
struct Hard {
  Matrix<T> x{200, 4};
  Labels y;

  Hard() {
    for (std::int64_t i = 0; i < 200; ++i) {
      const double a = 2 * uniform(71, i) - 1;
      const double b = 2 * uniform(72, i) - 1;
      x(i, 0) = static_cast<T>(a);
      x(i, 1) = static_cast<T>(a + 1e-8 * b);
      x(i, 2) = static_cast<T>(3e5 + b);  // far from zero
      x(i, 3) = T(7);                     // the same in all rows
      y.push_back(a + b + 0.6 * (uniform(73, i) - 0.5) > 0 ? 1 : 0);
    }
  }
};

TYPED_TEST(LogisticSolvers, ill_conditioned_constant_and_far_columns_do_not_stop_them) {
  using T = TypeParam;
  const Hard<T> hard;
  for (const LogisticPenalty penalty : {LogisticPenalty::l2, LogisticPenalty::none}) {
    double loss = 0;
    for (const Device& device : devices_under_test()) {
      for (const LogisticSolver solver : kSolvers) {
        SCOPED_TRACE(device.name() + ", solver " + std::to_string(static_cast<int>(solver)));
        LogisticRegression<T> model({.penalty = penalty, .tol = 1e-5, .max_iter = 500, .solver = solver}, device);
        model.fit(hard.x, hard.y);
        EXPECT_TRUE(model.converged());
        EXPECT_EQ(model.coef()(0, 3), T(0));
        EXPECT_GT(model.score(hard.x, hard.y), 0.85);
        // All have the same loss, to what a gradient of 1e-5 leaves open.
        if (loss == 0) loss = model.loss();
        EXPECT_NEAR(model.loss(), loss, 1e-4 * loss);
      }
    }
  }
}

TYPED_TEST(LogisticSolvers, separable_rows_end_with_a_clear_status) {
  using T = TypeParam;
  const Matrix<T> x(4, 1, {T(-2), T(-1), T(1), T(2)});
  const Labels y = {0, 0, 1, 1};
  for (const Device& device : devices_under_test()) {
    for (const LogisticSolver solver : kSolvers) {
      SCOPED_TRACE(device.name() + ", solver " + std::to_string(static_cast<int>(solver)));
      LogisticRegression<T> model({.penalty = LogisticPenalty::none, .max_iter = 1000, .solver = solver}, device);
      model.fit(x, y);
      EXPECT_TRUE(model.converged());
      EXPECT_EQ(model.predict(x), y);
      EXPECT_TRUE(std::isfinite(model.loss()));
      LogisticRegression<T> brief({.penalty = LogisticPenalty::none, .tol = 0, .max_iter = 2, .solver = solver},
                                  device);
      brief.fit(x, y);
      EXPECT_FALSE(brief.converged());
      EXPECT_EQ(brief.n_iter(), 2);
    }
  }
}

TYPED_TEST(LogisticSolvers, far_more_rows_than_columns_begin_with_a_sample_and_end_at_the_same_minimum) {
  using T = TypeParam;
  // Enough rows for every 5th or more of them to tell 3 numbers; labels come in runs, and those of each 7th row are
  // others, so that samples may mislead.
  constexpr std::int64_t kRows = 6000;
  Matrix<T> x(kRows, 2);
  Labels y;
  std::vector<T> weight;
  for (std::int64_t i = 0; i < kRows; ++i) {
    x(i, 0) = static_cast<T>(2 * uniform(81, i) - 1 + static_cast<double>(i) / kRows);
    x(i, 1) = static_cast<T>(2 * uniform(82, i) - 1);
    const double score = static_cast<double>(x(i, 0)) - 0.5 + 0.8 * (uniform(83, i) - 0.5);
    y.push_back((score > 0) != (i % 7 == 0) ? 1 : 0);
    weight.push_back(i % 4 == 0 ? T(2) : T(1));
  }
  for (const Device& device : devices_under_test()) {
    for (const bool weighted : {false, true}) {
      SCOPED_TRACE(device.name());
      const std::vector<T> own = weighted ? weight : std::vector<T>();
      LogisticRegression<T> model({.tol = 1e-6, .solver = LogisticSolver::newton_cholesky}, device);
      model.fit(x, y, own);
      EXPECT_TRUE(model.converged());
      LogisticRegression<T> other({.tol = 1e-6, .solver = LogisticSolver::lbfgs}, device);
      other.fit(x, y, own);
      EXPECT_TRUE(other.converged());
      EXPECT_NEAR(model.loss(), other.loss(), 1e-6);
      for (std::int64_t j = 0; j < 2; ++j) {
        // Curvatures are some hundredths.
        EXPECT_NEAR(static_cast<double>(model.coef()(0, j)), static_cast<double>(other.coef()(0, j)), 1e-3);
      }
    }
  }
}

TYPED_TEST(LogisticSolvers, rows_on_the_device_end_at_the_same_minimum) {
  using T = TypeParam;
  const Hard<T> hard;
  for (const Device& device : devices_under_test()) {
    const forja::DeviceMatrix<T> there(hard.x, device);
    LogisticRegression<T> model({.solver = LogisticSolver::newton_cholesky}, device);
    model.fit(there, hard.y);
    LogisticRegression<T> other({.solver = LogisticSolver::newton_cholesky}, device);
    other.fit(hard.x, hard.y);
    EXPECT_EQ(model.coef(), other.coef()) << device.name();
  }
}

}  // namespace
