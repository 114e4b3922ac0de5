// Each allocation of a fit on the CPU fails in turn: the call says so, and the model works on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "forja/forja.h"
#include "support/failing_new.h"
#include "support/kmeans_data.h"

namespace forja::testing {
namespace {

/// Runs `work` once for each of its allocations, which fails; after each failure `work` must give what it gave before.
void expect_failures_to_be_told(const std::function<double()>& work) {
  const double expected = work();
  const std::int64_t before = allocations();
  ASSERT_EQ(work(), expected);
  const std::int64_t count = allocations() - before;
  ASSERT_GT(count, 5);
  std::int64_t told = 0;
  // Few enough runs to be quick, at steps that meet every kind of allocation.
  constexpr std::int64_t kMostRuns = 300;
  for (std::int64_t n = 1; n <= count; n += 1 + count / kMostRuns) {
    SCOPED_TRACE("allocation " + std::to_string(n) + " of " + std::to_string(count));
    fail_allocation(n);
    try {
      EXPECT_EQ(work(), expected);  // what could do without
    } catch (const OutOfMemory&) {
      ++told;
    } catch (const std::bad_alloc&) {
      ++told;
    }
    fail_allocation(0);
    ASSERT_EQ(work(), expected);
  }
  EXPECT_GT(told, std::min(count, kMostRuns) / 3);
}

Matrix<float> some_rows() { return blobs<float>(300, 70, 5, 3.0, 11); }

std::vector<float> some_targets(const Matrix<float>& x) {
  std::vector<float> y;
  for (std::int64_t i = 0; i < x.rows(); ++i) y.push_back(x(i, 0) - x(i, 1));
  return y;
}

TEST(AllocationFaults, of_kmeans_are_told) {
  const Matrix<float> x = some_rows();
  KMeans<float> model({.n_clusters = 7, .max_iter = 4, .seed = 3}, Device::cpu(2));
  expect_failures_to_be_told([&] { return model.fit(x).inertia() + model.score(x); });
}

TEST(AllocationFaults, of_mini_batches_are_told) {
  const Matrix<float> x = some_rows();
  MiniBatchKMeans<float> model({.n_clusters = 7, .max_iter = 3, .batch_size = 64, .seed = 3}, Device::cpu(2));
  expect_failures_to_be_told([&] { return model.fit(x).inertia(); });
}

TEST(AllocationFaults, of_silhouettes_are_told) {
  const Matrix<float> x = some_rows();
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < x.rows(); ++i) labels.push_back(static_cast<std::int32_t>(i % 3));
  expect_failures_to_be_told([&] { return silhouette_score<float>(x, labels, Device::cpu(2)); });
}

TEST(AllocationFaults, of_linear_models_are_told) {
  const Matrix<float> x = some_rows();
  const std::vector<float> y = some_targets(x);
  LinearRegression<float> least_squares({}, Device::cpu(2));
  expect_failures_to_be_told([&] { return static_cast<double>(least_squares.fit(x, y).coef()(0, 1)); });
  Lasso<float> lasso({.alpha = 0.1, .max_iter = 5}, Device::cpu(2));
  expect_failures_to_be_told([&] { return static_cast<double>(lasso.fit(x, y).coef()(0, 1)); });
}

TEST(AllocationFaults, of_logistic_regression_are_told) {
  const Matrix<float> x = some_rows();
  std::vector<std::int32_t> y;
  for (std::int64_t i = 0; i < x.rows(); ++i) y.push_back(x(i, 0) > 0 ? 4 : 2);
  LogisticRegression<float> model({.max_iter = 3}, Device::cpu(2));
  expect_failures_to_be_told([&] { return static_cast<double>(model.fit(x, y).coef()(0, 1)); });
}

TEST(AllocationFaults, of_kernel_machines_are_told) {
  const Matrix<float> x = some_rows();
  std::vector<std::int32_t> y;
  for (std::int64_t i = 0; i < x.rows(); ++i) y.push_back(static_cast<std::int32_t>(i % 3));
  SVC<float> model({}, Device::cpu(2));
  expect_failures_to_be_told([&] { return model.fit(x, y).objective()[1] + model.score(x, y); });
}

TEST(AllocationFaults, of_pca_are_told) {
  const Matrix<float> x = some_rows();
  PCA<float> model({.n_components = 3, .svd_solver = SvdSolver::randomized}, Device::cpu(2));
  expect_failures_to_be_told([&] { return model.fit(x).explained_variance_ratio()[0]; });
}

TEST(AllocationFaults, of_gradient_boosting_are_told) {
  const Matrix<float> x = some_rows();
  std::vector<float> y;
  for (std::int64_t i = 0; i < x.rows(); ++i) y.push_back(x(i, 0) + static_cast<float>(i % 3));
  HistGradientBoostingRegressor<float> model({.max_iter = 1, .max_leaf_nodes = 3}, Device::cpu(2));
  expect_failures_to_be_told([&] { return model.fit(x, y).score(x, y); });
}

TEST(AllocationFree, boosted_trees_predict_a_single_row) {
  Matrix<float> x = some_rows();
  std::vector<std::int32_t> y;
  for (std::int64_t i = 0; i < x.rows(); ++i) y.push_back(static_cast<std::int32_t>(i % 3));
  HistGradientBoostingClassifier<float> model({.max_iter = 3, .max_leaf_nodes = 4}, Device::cpu(1));
  model.fit(x, y);
  for (std::int64_t i = 0; i < x.rows(); ++i) x(i, 1) = static_cast<float>(i % 6);
  HistGradientBoostingClassifier<float> categories({.max_iter = 3, .categorical_features = {1}}, Device::cpu(1));
  categories.fit(x, y);
  std::vector<float> shares(3);
  const std::int64_t before = allocations();
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const std::span<const float> row = x.row(i);
    sum += model.predict(row) + categories.predict(row);
    model.predict_proba(row, shares);
  }
  EXPECT_EQ(allocations(), before);
  EXPECT_GT(sum, 0);
}

}  // namespace
}  // namespace forja::testing
