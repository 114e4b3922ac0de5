// Data that breaks careless k-means, and what must not change a result: threads, devices.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "forja/kmeans.h"
#include "support/devices.h"
#include "support/kmeans_data.h"
#include "support/kmeans_reference.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::KMeans;
using forja::KMeansAlgorithm;
using forja::KMeansInit;
using forja::Matrix;

template <class T>
class KMeansTroubleOf : public ::testing::Test {};
TYPED_TEST_SUITE(KMeansTroubleOf, forja::testing::StorageTypes, forja::testing::StorageName);

template <class T>
bool all_finite(const Matrix<T>& matrix) {
  return std::all_of(matrix.values().begin(), matrix.values().end(), [](T value) { return std::isfinite(value); });
}

std::vector<KMeansInit> drawn_inits() { return {KMeansInit::kmeans_plus_plus(), KMeansInit::random()}; }

TYPED_TEST(KMeansTroubleOf, more_clusters_than_different_rows_still_ends) {
  using T = TypeParam;
  const Matrix<T> seven = forja::testing::blobs<T>(7, 3, 7, 5, 1);
  Matrix<T> x(300, 3);
  for (std::int64_t i = 0; i < 300; ++i) {
    std::copy(seven.row(i * i % 7).begin(), seven.row(i * i % 7).end(), x.row(i).begin());
  }
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (const KMeansInit& init : drawn_inits()) {
      for (const KMeansAlgorithm algorithm : {KMeansAlgorithm::lloyd, KMeansAlgorithm::elkan}) {
        KMeans<T> model({.n_clusters = 12, .init = init, .n_init = 3, .tol = 0, .algorithm = algorithm}, device);
        model.fit(x);
        EXPECT_TRUE(model.converged());
        EXPECT_TRUE(all_finite(model.cluster_centers()));
        // i * i % 7 takes the values 0, 1, 2 and 4: every row lies on a centre, but for the rounding of the centring.
        EXPECT_LE(model.inertia(), 300 * 3 * std::pow(16 * double{std::numeric_limits<T>::epsilon()}, 2));
        EXPECT_EQ(std::set<std::int32_t>(model.labels().begin(), model.labels().end()).size(), 4U);
        EXPECT_EQ(model.predict(x), model.labels());
      }
    }
  }
}

TYPED_TEST(KMeansTroubleOf, equal_rows_all_go_to_the_lowest_centre) {
  using T = TypeParam;
  const Matrix<T> x(300, 2, T(0.1));
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (const KMeansInit& init : drawn_inits()) {
      KMeans<T> model({.n_clusters = 4, .init = init, .n_init = 1}, device);
      model.fit(x);
      EXPECT_EQ(model.labels(), std::vector<std::int32_t>(300, 0));
      EXPECT_EQ(model.inertia(), 0);
      EXPECT_EQ(model.cluster_centers(), Matrix<T>(4, 2, T(0.1)));
    }
  }
}

TYPED_TEST(KMeansTroubleOf, constant_columns_change_no_label) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(300, 2, 4, 5, 2);
  Matrix<T> padded(300, 4);
  for (std::int64_t i = 0; i < 300; ++i) {
    padded(i, 0) = T(1e6);
    padded(i, 1) = x(i, 0);
    padded(i, 2) = T(-0.1);
    padded(i, 3) = x(i, 1);
  }
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> plain({.n_clusters = 4, .init = KMeansInit::given(forja::testing::first_rows(x, 4)), .tol = 0}, device);
    KMeans<T> with({.n_clusters = 4, .init = KMeansInit::given(forja::testing::first_rows(padded, 4)), .tol = 0},
                   device);
    plain.fit(x);
    with.fit(padded);
    EXPECT_EQ(with.labels(), plain.labels());
    EXPECT_NEAR(with.inertia(), plain.inertia(), plain.inertia() * 1e-12);
    for (std::int64_t c = 0; c < 4; ++c) {
      EXPECT_EQ(with.cluster_centers()(c, 0), T(1e6));
      EXPECT_EQ(with.cluster_centers()(c, 2), T(-0.1));
    }
  }
}

TYPED_TEST(KMeansTroubleOf, means_of_a_million_with_variance_one_lose_nothing) {
  using T = TypeParam;
  Matrix<T> x = forja::testing::blobs<T>(300, 3, 5, 3, 3);
  for (T& value : x.values()) value += T(1e6);
  const auto expected = forja::testing::reference_fit(x, Matrix<double>(x.view().middle_rows(0, 5)));
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (const KMeansAlgorithm algorithm : {KMeansAlgorithm::lloyd, KMeansAlgorithm::elkan}) {
      KMeans<T> model({.n_clusters = 5,
                       .init = KMeansInit::given(forja::testing::first_rows(x, 5)),
                       .tol = 0,
                       .algorithm = algorithm},
                      device);
      model.fit(x);
      EXPECT_EQ(model.labels(), expected.labels);
      // Centres are kept to T's precision about the mean, not about zero.
      EXPECT_NEAR(model.inertia(), expected.inertia, expected.inertia * (sizeof(T) == 4 ? 1e-4 : 1e-9));
    }
  }
}

TYPED_TEST(KMeansTroubleOf, scales_of_1e_minus_30_and_1e30_are_as_good_as_one) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(300, 3, 5, 5, 4);
  for (const double scale : {0x1.0p-100, 0x1.0p100}) {
    Matrix<T> scaled = x;
    for (T& value : scaled.values()) value *= static_cast<T>(scale);
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(device.name());
      for (const KMeansInit& init : drawn_inits()) {
        KMeans<T> plain({.n_clusters = 5, .init = init, .seed = 6}, device);
        KMeans<T> extreme({.n_clusters = 5, .init = init, .seed = 6}, device);
        plain.fit(x);
        extreme.fit(scaled);
        // A power of two changes no rounding, so the labels are the same and the inertia is to the last bits.
        EXPECT_EQ(extreme.labels(), plain.labels());
        EXPECT_NEAR(extreme.inertia() / scale / scale, plain.inertia(), 1e-6 * plain.inertia());
        EXPECT_EQ(extreme.predict(scaled), extreme.labels());
        EXPECT_TRUE(all_finite(extreme.transform(scaled)));
      }
    }
  }
}

TYPED_TEST(KMeansTroubleOf, the_ends_of_floats_range_give_finite_results) {
  using T = TypeParam;
  const T least = T(1e-37);
  const T most = T(1e38);
  const Matrix<T> tiny(4, 1, {T(0), least / 10, 9 * least, 10 * least});
  const Matrix<T> huge(4, 1, {-most, -most, most, most});
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (const Matrix<T>* x : {&tiny, &huge}) {
      KMeans<T> model({.n_clusters = 2, .seed = 1}, device);
      model.fit(*x);
      EXPECT_TRUE(all_finite(model.cluster_centers()));
      EXPECT_EQ(model.labels()[0], model.labels()[1]);
      EXPECT_EQ(model.labels()[2], model.labels()[3]);
      EXPECT_NE(model.labels()[0], model.labels()[2]);
    }
  }
}

TYPED_TEST(KMeansTroubleOf, the_same_bits_for_any_number_of_threads) {
  using T = TypeParam;
  for (const auto& [n, d, k] : {std::tuple{5000, 3, 10}, {1001, 40, 70}, {7, 2, 3}}) {
    const Matrix<T> x = forja::testing::blobs<T>(n, d, k, 2, 5);
    for (const KMeansAlgorithm algorithm : {KMeansAlgorithm::lloyd, KMeansAlgorithm::elkan}) {
      const forja::KMeansOptions options{.n_clusters = k, .tol = 0, .algorithm = algorithm};
      KMeans<T> one(options, Device::cpu(1));
      one.fit(x);
      for (const int threads : {2, 4}) {
        KMeans<T> more(options, Device::cpu(threads));
        more.fit(x);
        EXPECT_EQ(more.labels(), one.labels());
        EXPECT_EQ(more.cluster_centers(), one.cluster_centers());
        EXPECT_EQ(more.inertia(), one.inertia());
        EXPECT_EQ(more.n_iter(), one.n_iter());
        EXPECT_EQ(more.score(x), one.score(x));
      }
    }
  }
}

TYPED_TEST(KMeansTroubleOf, every_device_finds_the_same_clusters) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(2000, 8, 10, 10, 6);
  for (const KMeansInit& init : drawn_inits()) {
    KMeans<T> reference({.n_clusters = 10, .init = init, .seed = 7}, Device::cpu());
    reference.fit(x);
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(device.name());
      KMeans<T> model({.n_clusters = 10, .init = init, .seed = 7}, device);
      model.fit(x);
      EXPECT_EQ(model.labels(), reference.labels());
      EXPECT_EQ(model.n_iter(), reference.n_iter());
      // Sums are taken in another order and centres rounded to T once.
      EXPECT_NEAR(model.inertia(), reference.inertia(), 1e-5 * reference.inertia());
    }
  }
}

}  // namespace
