// Rows whose places need more than 32 bits: every family reads what a dense copy of them holds.

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "forja/boosting.h"
#include "forja/decomposition.h"
#include "forja/kmeans.h"
#include "forja/linear.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/far_rows.h"

namespace forja::testing {
namespace {

/// Every quarter of these rows begins beyond another 2^31 values.
constexpr std::int64_t kFarCount = 1200;

class Far : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!far_.there()) GTEST_SKIP() << "the system gives a process no 32 GiB of addresses";
    ASSERT_GT((kFarCount - 1) * far_.view().stride(), (std::int64_t{1} << 32) + (std::int64_t{1} << 31));
    for (std::int64_t i = 0; i < kFarCount; ++i) {
      y_.push_back(x_(i, 0) - 2 * x_(i, 3) + x_(i, 1) * x_(i, 2));
      labels_.push_back(y_.back() > 0 ? 1 : 0);
    }
  }

  const Matrix<float> x_ = decaying<float>(kFarCount, 4, 0.9);
  const FarRows<float> far_{x_};
  std::vector<float> y_;
  std::vector<std::int32_t> labels_;
};

TEST_F(Far, boosting_grows_the_same_trees) {
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    HistGradientBoostingRegressor<float> dense({.max_iter = 3}, device);
    HistGradientBoostingRegressor<float> apart({.max_iter = 3}, device);
    dense.fit(x_, y_);
    apart.fit(far_.view(), y_);
    const auto expected = dense.predict(x_);
    EXPECT_EQ(apart.predict(x_), expected);
    EXPECT_EQ(dense.predict(far_.view()), expected);
    EXPECT_GT(dense.score(x_, y_), 0.2) << "there is something to learn";
  }
}

TEST_F(Far, kmeans_finds_the_same_centres) {
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<float> dense({.n_clusters = 3, .max_iter = 5}, device);
    KMeans<float> apart({.n_clusters = 3, .max_iter = 5}, device);
    dense.fit(x_);
    apart.fit(far_.view());
    EXPECT_EQ(apart.cluster_centers(), dense.cluster_centers());
    EXPECT_EQ(dense.predict(far_.view()), dense.predict(x_));
  }
}

TEST_F(Far, linear_and_decomposition_solve_the_same_problem) {
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LinearRegression<float> dense({}, device);
    LinearRegression<float> apart({}, device);
    dense.fit(x_, y_);
    apart.fit(far_.view(), y_);
    EXPECT_EQ(apart.coef(), dense.coef());
    EXPECT_EQ(dense.predict(far_.view()), dense.predict(x_));
    PCA<float> dense_pca({.n_components = 2}, device);
    PCA<float> apart_pca({.n_components = 2}, device);
    const Matrix<float> z = dense_pca.fit_transform(x_);
    apart_pca.fit(far_.view());
    EXPECT_EQ(apart_pca.components(), dense_pca.components());
    EXPECT_EQ(dense_pca.transform(far_.view()), z);
  }
}

}  // namespace
}  // namespace forja::testing
