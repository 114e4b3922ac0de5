#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/kmeans_data.h"
#include "support/kmeans_reference.h"
#include "support/kmeans_seam.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

template <class T>
class KMeansModel : public ::testing::Test {};
TYPED_TEST_SUITE(KMeansModel, StorageTypes, StorageName);

TYPED_TEST(KMeansModel, a_fitted_model_labels_and_measures_new_rows) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const std::int64_t n : {0, 1, 33, 700}) {
      for (const std::int64_t d : {1, 5, 40}) {
        for (const std::int64_t k : {1, 3, 17, 45}) {
          SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(d) + ", k = " + std::to_string(k));
          Matrix<T> x = blobs<T>(n, d, 5, 5.0, 151);
          for (T& value : x.values()) value = static_cast<T>(static_cast<double>(value) + 100);
          Matrix<double> centers(blobs<double>(k, d, 5, 5.0, 152));
          for (double& value : centers.values()) value += 100;
          const auto model =
              device.backend().families<T>().make_kmeans_predictor({device.index(), device.threads()}, centers);
          std::vector<std::int32_t> labels(static_cast<std::size_t>(n));
          model->predict(Rows<T>(x.view()), labels);
          EXPECT_EQ(labels, nearest_centers(x, centers));
          const std::vector<T> weights = some_weights<T>(n, true);
          // Centres and rows are rounded to T after centring, which moves each of them by up to half a unit.
          const double slack = 64 * std::numeric_limits<T>::epsilon();
          EXPECT_NEAR(model->inertia(Rows<T>(x.view()), {}), inertia_of(x, centers, labels),
                      slack * inertia_of(x, centers, labels));
          EXPECT_NEAR(model->inertia(Rows<T>(x.view()), weights), inertia_of<T>(x, centers, labels, weights),
                      slack * inertia_of<T>(x, centers, labels, weights));
          Matrix<T> padded(n, k + 3, T(-1));
          model->transform(Rows<T>(x.view()), MatrixView<T>(padded.data(), n, k, k + 3));
          for (std::int64_t i = 0; i < n; ++i) {
            for (std::int64_t c = 0; c < k; ++c) {
              const double expected =
                  std::sqrt(squared_distance(std::as_const(x).row(i), std::as_const(centers).row(c)));
              ASSERT_NEAR(static_cast<double>(padded(i, c)), expected, slack * (1 + expected));
            }
            ASSERT_EQ(padded(i, k), T(-1)) << "wrote beyond the row";
          }
        }
      }
    }
  });
}

TYPED_TEST(KMeansModel, rows_on_the_device_are_labelled_like_rows_of_the_host) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(300, 6, 5, 5.0, 155);
    const DeviceMatrix<T> held(x.view(), device);
    const Matrix<double> centers(blobs<double>(7, 6, 5, 5.0, 156));
    const auto model =
        device.backend().families<T>().make_kmeans_predictor({device.index(), device.threads()}, centers);
    std::vector<std::int32_t> labels(300);
    std::vector<std::int32_t> expected(300);
    model->predict(Rows<T>(held), labels);
    model->predict(Rows<T>(x.view()), expected);
    EXPECT_EQ(labels, expected);
    EXPECT_EQ(model->inertia(Rows<T>(held), {}), model->inertia(Rows<T>(x.view()), {}));
    Matrix<T> distances(300, 7);
    Matrix<T> same(300, 7);
    model->transform(Rows<T>(held), distances.view());
    model->transform(Rows<T>(x.view()), same.view());
    EXPECT_EQ(distances, same);
  });
}

TYPED_TEST(KMeansModel, a_distance_of_nothing_is_exactly_zero) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(20, 7, 20, 50.0, 161);
    const Matrix<double> centers(x.view());
    const auto model =
        device.backend().families<T>().make_kmeans_predictor({device.index(), device.threads()}, centers);
    Matrix<T> distances(20, 20);
    model->transform(Rows<T>(x.view()), distances.view());
    for (std::int64_t i = 0; i < 20; ++i) EXPECT_EQ(distances(i, i), T(0));
  });
}

TYPED_TEST(KMeansModel, silhouettes_are_those_of_all_pairs_of_distances) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const std::int64_t n : {3, 33, 300}) {
      for (const std::int64_t d : {1, 4, 35}) {
        for (const std::int64_t k : {2, 3, 20}) {
          if (k > n) continue;
          SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(d) + ", k = " + std::to_string(k));
          Matrix<T> x = blobs<T>(n, d, k, 3.0, 171);
          for (T& value : x.values()) value = static_cast<T>(static_cast<double>(value) + 1000);
          std::vector<std::int32_t> labels;
          for (std::int64_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i * i % k));
          for (std::int64_t c = 0; c < k; ++c) labels[static_cast<std::size_t>(c)] = static_cast<std::int32_t>(c);
          const std::vector<double> found = device.backend().families<T>().silhouette_samples(
              {device.index(), device.threads()}, Rows<T>(x.view()), labels, k);
          const std::vector<double> expected = reference_silhouettes(x, labels);
          ASSERT_EQ(found.size(), expected.size());
          // Exact differences summed in double: n distances of relative error d x 2^-53, ratios near 1.
          for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-10);
        }
      }
    }
  });
}

}  // namespace
}  // namespace forja::testing
