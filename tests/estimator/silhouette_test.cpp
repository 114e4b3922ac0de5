#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "forja/metrics.h"
#include "support/devices.h"
#include "support/kmeans_data.h"
#include "support/kmeans_reference.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::testing::refusal;
using Labels = std::vector<std::int32_t>;

template <class T>
class SilhouetteOf : public ::testing::Test {};
TYPED_TEST_SUITE(SilhouetteOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(SilhouetteOf, matches_all_pairs_of_distances) {
  using T = TypeParam;
  for (const auto& [n, d, k] : {std::tuple{5, 1, 2}, {33, 3, 4}, {400, 7, 9}, {257, 65, 3}}) {
    const Matrix<T> x = forja::testing::blobs<T>(n, d, k, 3, 5);
    Labels labels;
    for (int i = 0; i < n; ++i) labels.push_back(i % 7 == 0 ? 0 : i % k);
    const std::vector<double> expected = forja::testing::reference_silhouettes(x, labels);
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(device.name());
      const std::vector<double> each = forja::silhouette_samples(x, labels, device);
      ASSERT_EQ(each.size(), expected.size());
      // Distances are summed in double from exact differences: only the order of n additions is open.
      for (std::size_t i = 0; i < each.size(); ++i) EXPECT_NEAR(each[i], expected[i], 1e-11);
      const double mean = std::accumulate(expected.begin(), expected.end(), 0.0) / n;
      EXPECT_NEAR(forja::silhouette_score(x, labels, device), mean, 1e-11);
    }
  }
}

TYPED_TEST(SilhouetteOf, labels_may_be_any_numbers) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(60, 2, 3, 5, 2);
  Labels plain;
  Labels odd;
  for (int i = 0; i < 60; ++i) {
    plain.push_back(i % 3);
    odd.push_back(std::vector{-2'000'000'000, 7, 2'000'000'000}[static_cast<std::size_t>(i % 3)]);
  }
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    EXPECT_EQ(forja::silhouette_samples(x, odd, device), forja::silhouette_samples(x, plain, device));
  }
}

TYPED_TEST(SilhouetteOf, a_row_alone_in_its_cluster_counts_zero) {
  using T = TypeParam;
  const Matrix<T> x(3, 1, {T(0), T(1), T(5)});
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const std::vector<double> each = forja::silhouette_samples(x, Labels{0, 0, 1}, device);
    EXPECT_DOUBLE_EQ(each[0], 0.8);
    EXPECT_DOUBLE_EQ(each[1], 0.75);
    EXPECT_EQ(each[2], 0);
  }
}

TYPED_TEST(SilhouetteOf, equal_rows_in_two_clusters_count_zero) {
  using T = TypeParam;
  const Matrix<T> x(4, 2, T(3));
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    EXPECT_EQ(forja::silhouette_samples(x, Labels{0, 0, 1, 1}, device), std::vector<double>(4, 0.0));
  }
}

TYPED_TEST(SilhouetteOf, rows_may_lie_on_the_device) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(70, 2, 3, 5, 2);
  Labels labels;
  for (int i = 0; i < 70; ++i) labels.push_back(i % 3);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const forja::DeviceMatrix<T> uploaded(x, device);
    EXPECT_EQ(forja::silhouette_samples(uploaded, labels, device), forja::silhouette_samples(x, labels, device));
  }
}

TYPED_TEST(SilhouetteOf, bad_input_is_refused) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(5, 2, 3, 5, 2);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto score = [&](const Matrix<T>& rows, const Labels& labels) {
      return refusal<forja::InvalidArgument>([&] { forja::silhouette_score(rows, labels, device); });
    };
    EXPECT_EQ(score(x, {0, 1, 0}), "silhouette_score: labels has 3 values but x has 5 rows");
    EXPECT_EQ(score(x, {1, 1, 1, 1, 1}),
              "silhouette_score: labels has 1 different values but x has 5 rows: 2 to 4 are needed");
    EXPECT_EQ(score(x, {1, 2, 3, 4, 5}),
              "silhouette_score: labels has 5 different values but x has 5 rows: 2 to 4 are needed");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { forja::silhouette_samples(x, Labels{0}, device); }),
              "silhouette_samples: labels has 1 values but x has 5 rows");
    EXPECT_EQ(score(Matrix<T>(0, 2), {}), "silhouette_score: x is empty (0 x 2)");
    Matrix<T> holed = x;
    holed(3, 1) = std::numeric_limits<T>::quiet_NaN();
    EXPECT_EQ(score(holed, {0, 1, 0, 1, 0}), "silhouette_score: x has NaN in row 3, column 1");
  }
}

}  // namespace
