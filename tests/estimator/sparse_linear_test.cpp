// Lasso and ElasticNet: conditions of the optimum, certificates, paths.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "forja/linear.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/recorder.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::ElasticNet;
using forja::Lasso;
using forja::LinearPath;
using forja::Matrix;
using forja::testing::devices_under_test;
using forja::testing::linear_data;
using forja::testing::LinearData;

template <class T>
std::vector<T> target_of(const LinearData<T>& data) {
  return {data.y.values().begin(), data.y.values().end()};
}

/// How far w, b are from the conditions of the optimum, over alpha: the gradient of the loss by w_j is alpha (l1_ratio
/// sign(w_j) + (1 - l1_ratio) w_j) where w_j is not zero, and within +- alpha l1_ratio where it is.
template <class T>
double violation(const LinearData<T>& data, std::span<const T> w, double b, double alpha, double l1_ratio) {
  const std::int64_t d = data.x.columns();
  std::vector<double> gradient(static_cast<std::size_t>(d));
  double weight = 0;
  for (std::int64_t i = 0; i < data.x.rows(); ++i) {
    double r = static_cast<double>(data.y(i, 0)) - b;
    for (std::int64_t j = 0; j < d; ++j) {
      r -= static_cast<double>(data.x(i, j)) * static_cast<double>(w[static_cast<std::size_t>(j)]);
    }
    weight += data.weight_of(i);
    for (std::int64_t j = 0; j < d; ++j) {
      gradient[static_cast<std::size_t>(j)] += data.weight_of(i) * r * static_cast<double>(data.x(i, j));
    }
  }
  double worst = 0;
  for (std::size_t j = 0; j < gradient.size(); ++j) {
    const auto c = static_cast<double>(w[j]);
    const double ridge = gradient[j] / weight - alpha * (1 - l1_ratio) * c;
    const double most = alpha * l1_ratio;
    worst = std::max(worst, c == 0 ? std::abs(ridge) - most : std::abs(ridge - std::copysign(most, c)));
  }
  return worst / alpha;
}

template <class T>
class SparseLinearOf : public ::testing::Test {};
TYPED_TEST_SUITE(SparseLinearOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(SparseLinearOf, the_conditions_of_the_optimum_hold_with_weights_and_intercepts_or_without) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    for (const bool weighted : {false, true}) {
      for (const bool intercept : {false, true}) {
        for (const double l1_ratio : {1.0, 0.4}) {
          const LinearData<T> data = linear_data<T>(300, 8, 1, weighted);
          ElasticNet<T> model({.alpha = 0.05, .l1_ratio = l1_ratio, .fit_intercept = intercept, .tol = 1e-9}, device);
          model.fit(data.x, target_of(data), data.weight);
          EXPECT_TRUE(model.converged());
          EXPECT_GT(model.n_iter(), 0);
          // A gap of 1e-9 of the mean square lets the gradient be off by its root times a column's length.
          EXPECT_LT(violation<T>(data, model.coef().row(0), static_cast<double>(model.intercept()[0]), 0.05, l1_ratio),
                    2e-3);
        }
      }
    }
  }
}

TYPED_TEST(SparseLinearOf, the_gap_bounds_what_the_objective_is_above_its_minimum) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(200, 10, 1, true);
  const auto objective = [&](const Lasso<T>& model) {
    double loss = 0;
    double weight = 0;
    for (std::int64_t i = 0; i < 200; ++i) {
      double r = static_cast<double>(data.y(i, 0)) - static_cast<double>(model.intercept()[0]);
      for (std::int64_t j = 0; j < 10; ++j) {
        r -= static_cast<double>(data.x(i, j)) * static_cast<double>(model.coef()(0, j));
      }
      loss += data.weight_of(i) * r * r;
      weight += data.weight_of(i);
    }
    double norm = 0;
    for (const T value : model.coef().values()) norm += std::abs(static_cast<double>(value));
    return loss / (2 * weight) + 0.02 * norm;
  };
  for (const Device& device : devices_under_test()) {
    Lasso<T> best({.alpha = 0.02, .tol = 1e-12}, device);
    best.fit(data.x, target_of(data), data.weight);
    // Coefficients rounded to T change the objective at its minimum by the square of that, and 1e-15 is the sum's own.
    const double slack = sizeof(T) == 4 ? 1e-6 : 1e-13;
    for (const double tol : {0.3, 1e-2, 1e-4}) {
      Lasso<T> rough({.alpha = 0.02, .tol = tol}, device);
      rough.fit(data.x, target_of(data), data.weight);
      EXPECT_GE(rough.dual_gap(), objective(rough) - objective(best) - slack);
      EXPECT_GE(rough.dual_gap(), 0);
    }
  }
}

TYPED_TEST(SparseLinearOf, from_the_greatest_alpha_on_nothing_is_used) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(150, 6, 1, true);
  for (const Device& device : devices_under_test()) {
    const LinearPath<T> path =
        forja::enet_path<T>(data.x, target_of(data), {.l1_ratio = 0.5, .eps = 0.9, .n_alphas = 2}, data.weight, device);
    const double greatest = path.alphas[0];
    for (const double factor : {1.001, 0.99}) {
      ElasticNet<T> model({.alpha = factor * greatest, .l1_ratio = 0.5, .tol = 1e-9}, device);
      model.fit(data.x, target_of(data), data.weight);
      const auto values = model.coef().values();
      EXPECT_EQ(std::any_of(values.begin(), values.end(), [](T c) { return c != 0; }), factor < 1);
    }
  }
}

TYPED_TEST(SparseLinearOf, wide_rows_use_few_columns_and_hold_the_same_conditions) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    for (const bool weighted : {false, true}) {
      LinearData<T> data = linear_data<T>(40, 300, 1, weighted);
      for (std::int64_t i = 0; i < 40; ++i) {
        data.y(i, 0) = static_cast<T>(2 * static_cast<double>(data.x(i, 7)) - static_cast<double>(data.x(i, 200)) +
                                      0.1 * forja::testing::uniform(61, i));
      }
      Lasso<T> model({.alpha = 0.05, .tol = 1e-9}, device);
      model.fit(data.x, target_of(data), data.weight);
      EXPECT_TRUE(model.converged());
      EXPECT_LT(violation<T>(data, model.coef().row(0), static_cast<double>(model.intercept()[0]), 0.05, 1), 2e-3);
      const auto values = model.coef().values();
      EXPECT_LT(std::count_if(values.begin(), values.end(), [](T c) { return c != 0; }), 40);
      EXPECT_GT(model.coef()(0, 7), T(1.5));
    }
  }
}

TYPED_TEST(SparseLinearOf, a_path_is_what_single_fits_give) {
  using T = TypeParam;
  for (const auto& [n, d] : {std::pair{120, 9}, {30, 90}}) {
    const LinearData<T> data = linear_data<T>(n, d, 1, false);
    const std::vector<T> y = target_of(data);
    for (const Device& device : devices_under_test()) {
      const LinearPath<T> path = forja::enet_path<T>(
          data.x, y, {.l1_ratio = 0.7, .alphas = {0.01, 0.3, 0.1}, .max_iter = 100'000, .tol = 1e-12}, {}, device);
      EXPECT_EQ(path.alphas, (std::vector<double>{0.3, 0.1, 0.01}));
      for (std::int64_t i = 0; i < 3; ++i) {
        const auto place = static_cast<std::size_t>(i);
        ElasticNet<T> model({.alpha = path.alphas[place], .l1_ratio = 0.7, .max_iter = 100'000, .tol = 1e-12}, device);
        model.fit(data.x, y);
        EXPECT_TRUE(model.converged());
        EXPECT_LT(violation<T>(data, std::as_const(path.coefs).row(i), static_cast<double>(path.intercepts[place]),
                               path.alphas[place], 0.7),
                  2e-2);
        for (std::int64_t j = 0; j < d; ++j) {
          // Both are within a gap of 1e-12 of the mean square, below 100; l2 makes the objective curved by 0.003 at
          // least.
          EXPECT_NEAR(path.coefs(i, j), model.coef()(0, j), 2e-3);
        }
      }
    }
  }
}

TYPED_TEST(SparseLinearOf, alphas_of_a_path_are_spaced_evenly_by_their_logarithms) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(80, 4, 1, false);
  for (const Device& device : devices_under_test()) {
    const LinearPath<T> path =
        forja::enet_path<T>(data.x, target_of(data), {.l1_ratio = 1, .eps = 0.01, .n_alphas = 5}, {}, device);
    ASSERT_EQ(path.alphas.size(), 5U);
    for (std::size_t i = 1; i < 5; ++i) EXPECT_NEAR(path.alphas[i] / path.alphas[i - 1], std::sqrt(0.1), 1e-12);
    for (std::int64_t j = 0; j < 4; ++j) EXPECT_EQ(path.coefs(0, j), 0);
    EXPECT_EQ(path.converged, (std::vector<std::int32_t>{1, 1, 1, 1, 1}));
    for (const double gap : path.dual_gaps) EXPECT_GE(gap, 0);
    // Nothing to explain: all is zero for every alpha.
    const LinearPath<T> flat = forja::enet_path<T>(data.x, std::vector<T>(80, T(3)), {.n_alphas = 1}, {}, device);
    for (const T value : flat.coefs.values()) EXPECT_EQ(value, 0);
    EXPECT_EQ(flat.intercepts[0], T(3));
  }
}

TYPED_TEST(SparseLinearOf, a_warm_start_begins_at_the_coefficients_that_were_there) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(200, 10, 1, false);
  for (const Device& device : devices_under_test()) {
    Lasso<T> model({.alpha = 0.01, .tol = 1e-6, .warm_start = true}, device);
    model.fit(data.x, target_of(data));
    EXPECT_GT(model.n_iter(), 0);
    const Matrix<T> before = model.coef();
    model.fit(data.x, target_of(data));
    EXPECT_EQ(model.n_iter(), 0);
    EXPECT_EQ(model.coef(), before);
    EXPECT_TRUE(model.converged());
    // Another number of columns begins anew.
    const LinearData<T> other = linear_data<T>(100, 3, 1, false);
    model.fit(other.x, target_of(other));
    EXPECT_EQ(model.n_features_in(), 3);
  }
}

TYPED_TEST(SparseLinearOf, not_converging_is_reported_and_watched_and_may_be_ended) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(100, 20, 1, false);
  for (const Device& device : devices_under_test()) {
    Lasso<T> model({.alpha = 1e-4, .max_iter = 2, .tol = 1e-12}, device);
    forja::testing::Recorder recorder;
    model.fit(data.x, target_of(data), {}, &recorder);
    EXPECT_FALSE(model.converged());
    EXPECT_EQ(model.n_iter(), 2);
    ASSERT_EQ(recorder.seen.size(), 1U);
    EXPECT_EQ(recorder.seen[0].call, "Lasso::fit");
    EXPECT_EQ(recorder.seen[0].iteration, 2);
    EXPECT_EQ(recorder.seen[0].max_iter, 2);
    EXPECT_GT(recorder.seen[0].loss, 0);
    const Matrix<T> before = model.coef();
    forja::testing::Recorder stopper(2);
    EXPECT_THROW(model.fit(data.x, target_of(data), {}, &stopper), forja::Cancelled);
    EXPECT_EQ(model.coef(), before);
  }
}

TYPED_TEST(SparseLinearOf, constant_and_repeated_columns_and_huge_means_do_no_harm) {
  using T = TypeParam;
  LinearData<T> data = linear_data<T>(200, 5, 1, true);
  for (std::int64_t i = 0; i < 200; ++i) {
    data.x(i, 1) = T(4);
    data.x(i, 2) = data.x(i, 0);
    data.x(i, 3) = static_cast<T>(1000 + static_cast<double>(data.x(i, 3)));
  }
  for (const Device& device : devices_under_test()) {
    Lasso<T> model({.alpha = 0.05, .tol = 1e-8}, device);
    model.fit(data.x, target_of(data), data.weight);
    EXPECT_TRUE(model.converged());
    EXPECT_EQ(model.coef()(0, 1), 0);
    // The public intercept, rounded to T, is a sum of numbers near 1000 x 0.5.
    EXPECT_LT(violation<T>(data, model.coef().row(0), static_cast<double>(model.intercept()[0]), 0.05, 1),
              sizeof(T) == 4 ? 2 : 5e-3);
  }
}

TYPED_TEST(SparseLinearOf, the_same_bits_for_any_number_of_threads) {
  using T = TypeParam;
  for (const auto& [n, d] : {std::pair{3000, 9}, {20, 700}}) {
    const LinearData<T> data = linear_data<T>(n, d, 1, true);
    Lasso<T> one({.alpha = 0.02}, Device::cpu(1));
    Lasso<T> more({.alpha = 0.02}, Device::cpu(3));
    one.fit(data.x, target_of(data), data.weight);
    more.fit(data.x, target_of(data), data.weight);
    EXPECT_EQ(one.coef(), more.coef());
    EXPECT_EQ(one.dual_gap(), more.dual_gap());
  }
}

}  // namespace
