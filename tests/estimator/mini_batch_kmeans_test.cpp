#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "forja/kmeans.h"
#include "support/devices.h"
#include "support/kmeans_data.h"
#include "support/kmeans_reference.h"
#include "support/recorder.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::KMeans;
using forja::KMeansInit;
using forja::Matrix;
using forja::MiniBatchKMeans;
using forja::testing::kRounding;
using forja::testing::Recorder;

template <class T>
class MiniBatchKMeansOf : public ::testing::Test {};
TYPED_TEST_SUITE(MiniBatchKMeansOf, forja::testing::StorageTypes, forja::testing::StorageName);

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

TYPED_TEST(MiniBatchKMeansOf, comes_close_to_kmeans_on_separated_blobs) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(5000, 4, 6, 20, 3);
  const auto start = KMeansInit::given(forja::testing::first_rows(x, 6));
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> full({.n_clusters = 6, .init = start}, device);
    full.fit(x);
    MiniBatchKMeans<T> model({.n_clusters = 6, .init = start, .batch_size = 256}, device);
    model.fit(x);
    // Noise of means over some thousand drawn rows; the blobs themselves are found.
    EXPECT_LT(model.inertia(), 1.02 * full.inertia());
    EXPECT_EQ(model.labels(), full.labels());
    EXPECT_TRUE(model.converged());
    EXPECT_GT(model.n_steps(), 0);
    EXPECT_EQ(model.n_iter(), (model.n_steps() * 256 + 4999) / 5000);
    EXPECT_EQ(model.n_features_in(), 4);
    EXPECT_NEAR(sum(model.counts()), static_cast<double>(model.n_steps()) * 256, 0.5);
  }
}

TYPED_TEST(MiniBatchKMeansOf, labels_and_inertia_fit_the_centres) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(1500, 3, 8, 5, 4);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 8, .batch_size = 100, .seed = 1}, device);
    const std::vector<std::int32_t> labels = model.fit_predict(x);
    EXPECT_EQ(labels, model.predict(x));
    EXPECT_EQ(model.labels(), labels);
    EXPECT_EQ(model.labels(), forja::testing::nearest_centers(x, model.cluster_centers()));
    const double inertia = forja::testing::inertia_of<T>(x, model.cluster_centers(), model.labels());
    // Besides the rounding of centres, 4500 squares are summed in another order.
    const double tolerance = inertia * (kRounding<T> + 4500 * 0x1.0p-53);
    EXPECT_NEAR(model.inertia(), inertia, tolerance);
    EXPECT_NEAR(model.score(x), -inertia, tolerance);
    const Matrix<T> distances = model.transform(x);
    EXPECT_EQ(distances.columns(), 8);
    EXPECT_EQ(model.fit_transform(x), distances);
  }
}

TYPED_TEST(MiniBatchKMeansOf, one_partial_fit_moves_each_centre_to_the_mean_of_its_rows) {
  using T = TypeParam;
  const Matrix<T> x(5, 1, {T(0), T(2), T(10), T(14), T(30)});
  const Matrix<T> start(2, 1, {T(0), T(10)});
  const std::vector<T> weight = {1, 1, 1, 3, 0};
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 2, .init = KMeansInit::given(start)}, device);
    model.partial_fit(x, weight);
    EXPECT_EQ(model.cluster_centers(), Matrix<T>(2, 1, {T(1), T(13)}));
    EXPECT_EQ(model.counts(), (std::vector<double>{2, 4}));
    EXPECT_EQ(model.n_steps(), 1);
    EXPECT_EQ(model.labels(), (std::vector<std::int32_t>{0, 0, 1, 1, 1}));
    // (0 - 1)^2 + (2 - 1)^2 + (10 - 13)^2 + 3 (14 - 13)^2
    EXPECT_NEAR(model.inertia(), 14, 14 * kRounding<T>);

    // 4 more rows near the first centre: (1 x 2 + 4 x 4) / 6.
    model.partial_fit(Matrix<T>(4, 1, T(4)));
    EXPECT_NEAR(model.cluster_centers()(0, 0), 3, 3 * kRounding<T>);
    EXPECT_EQ(model.cluster_centers()(1, 0), T(13));
    EXPECT_EQ(model.counts(), (std::vector<double>{6, 4}));
    EXPECT_EQ(model.n_steps(), 2);
    EXPECT_EQ(model.labels().size(), 4U);
  }
}

TYPED_TEST(MiniBatchKMeansOf, a_stream_of_blocks_finds_the_blobs) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(6000, 3, 5, 20, 6);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 5, .n_init = 3, .seed = 2}, device);
    for (std::int64_t first = 0; first < 6000; first += 500) model.partial_fit(x.view().middle_rows(first, 500));
    EXPECT_EQ(model.n_steps(), 12);
    EXPECT_EQ(model.n_iter(), 12);
    EXPECT_NEAR(sum(model.counts()), 6000, 1e-6);
    KMeans<T> full({.n_clusters = 5, .init = KMeansInit::given(model.cluster_centers())}, device);
    EXPECT_LT(-model.score(x), 1.02 * full.fit(x).inertia());
    EXPECT_EQ(model.predict(x), full.labels());
  }
}

TYPED_TEST(MiniBatchKMeansOf, partial_fit_goes_on_after_fit) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(800, 2, 3, 10, 6);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 3, .batch_size = 100}, device);
    model.fit(x);
    const std::int64_t steps = model.n_steps();
    const double counted = sum(model.counts());
    model.partial_fit(x);
    EXPECT_EQ(model.n_steps(), steps + 1);
    EXPECT_NEAR(sum(model.counts()), counted + 800, 1e-6);
  }
}

TYPED_TEST(MiniBatchKMeansOf, a_centre_without_rows_is_moved_to_where_rows_are) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(1000, 2, 4, 10, 8);
  Matrix<T> start = forja::testing::first_rows(x, 4);
  start(3, 0) = T(1e4);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 4, .init = KMeansInit::given(start), .batch_size = 100}, device);
    model.fit(x);
    EXPECT_LT(std::abs(model.cluster_centers()(3, 0)), T(20));
    std::vector<std::int32_t> labels = model.labels();
    std::sort(labels.begin(), labels.end());
    EXPECT_EQ(std::unique(labels.begin(), labels.end()) - labels.begin(), 4);
  }
}

TYPED_TEST(MiniBatchKMeansOf, a_centre_without_rows_is_moved_before_the_second_batch) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(200, 2, 2, 10, 8);
  Matrix<T> start = forja::testing::first_rows(x, 2);
  start(1, 0) = T(1e4);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 2, .init = KMeansInit::given(start), .max_iter = 1, .batch_size = 100},
                             device);
    model.fit(x);
    EXPECT_EQ(model.n_steps(), 2);
    EXPECT_LT(std::abs(model.cluster_centers()(1, 0)), T(20));
    EXPECT_GT(model.counts()[1], 0);
  }
}

TYPED_TEST(MiniBatchKMeansOf, a_centre_without_rows_stays_while_none_is_looked_for) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(100, 2, 2, 10, 8);
  Matrix<T> start = forja::testing::first_rows(x, 2);
  start(1, 0) = T(1e4);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    // One pass over 100 rows in batches of 100 is a single step, and no look follows the last one.
    MiniBatchKMeans<T> model({.n_clusters = 2, .init = KMeansInit::given(start), .max_iter = 1, .batch_size = 100},
                             device);
    model.fit(x);
    EXPECT_EQ(model.n_steps(), 1);
    EXPECT_EQ(model.cluster_centers()(1, 0), T(1e4));
    EXPECT_EQ(model.counts()[1], 0);
  }
}

TYPED_TEST(MiniBatchKMeansOf, rows_of_weight_zero_move_nothing) {
  using T = TypeParam;
  Matrix<T> x = forja::testing::blobs<T>(400, 2, 3, 10, 9);
  std::vector<T> weight(400, T(2));
  for (std::int64_t i = 1; i < 400; i += 4) {
    x(i, 0) = T(1000);
    weight[static_cast<std::size_t>(i)] = 0;
  }
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (const KMeansInit& init : {KMeansInit::kmeans_plus_plus(), KMeansInit::random()}) {
      MiniBatchKMeans<T> model({.n_clusters = 3, .init = init, .batch_size = 50, .init_size = 60, .seed = 5}, device);
      model.fit(x, weight);
      for (std::int64_t c = 0; c < 3; ++c) EXPECT_LT(model.cluster_centers()(c, 0), T(20));
    }
  }
}

TYPED_TEST(MiniBatchKMeansOf, steps_end_at_max_iter_when_nothing_else_ends_them) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(330, 2, 3, 2, 9);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 3, .max_iter = 4, .batch_size = 100, .max_no_improvement = std::nullopt},
                             device);
    Recorder recorder;
    model.fit(x, {}, &recorder);
    EXPECT_EQ(model.n_steps(), 4 * 330 / 100);
    EXPECT_EQ(model.n_iter(), 4);
    EXPECT_FALSE(model.converged());
    ASSERT_EQ(std::ssize(recorder.seen), model.n_steps());
    EXPECT_EQ(recorder.seen.front().call, "MiniBatchKMeans::fit");
    EXPECT_EQ(recorder.seen.front().max_iter, 13);
    EXPECT_EQ(recorder.seen.back().iteration, 13);
    // The mean squared distance of 100 drawn rows against that of all: a standard deviation of about a tenth.
    EXPECT_NEAR(recorder.seen.back().loss, model.inertia() / 330, 0.5 * model.inertia() / 330);
  }
}

TYPED_TEST(MiniBatchKMeansOf, a_large_tol_ends_the_steps_early) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(1000, 2, 3, 5, 9);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 3, .batch_size = 100, .tol = 0.01, .max_no_improvement = std::nullopt},
                             device);
    model.fit(x);
    EXPECT_TRUE(model.converged());
    EXPECT_LT(model.n_steps(), 1000);
  }
}

TYPED_TEST(MiniBatchKMeansOf, the_same_seed_gives_the_same_bits_and_another_one_others) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(2000, 3, 9, 2, 10);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto centers = [&](std::uint64_t seed) {
      MiniBatchKMeans<T> model({.n_clusters = 9, .batch_size = 128, .seed = seed}, device);
      return model.fit(x).cluster_centers();
    };
    EXPECT_EQ(centers(1), centers(1));
    EXPECT_NE(centers(1), centers(2));
  }
}

TYPED_TEST(MiniBatchKMeansOf, the_same_bits_for_any_number_of_threads) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(3000, 6, 12, 2, 10);
  MiniBatchKMeans<T> one({.n_clusters = 12, .batch_size = 300}, Device::cpu(1));
  one.fit(x);
  for (const int threads : {2, 4}) {
    MiniBatchKMeans<T> more({.n_clusters = 12, .batch_size = 300}, Device::cpu(threads));
    more.fit(x);
    EXPECT_EQ(more.cluster_centers(), one.cluster_centers());
    EXPECT_EQ(more.labels(), one.labels());
    EXPECT_EQ(more.counts(), one.counts());
    EXPECT_EQ(more.inertia(), one.inertia());
  }
}

TYPED_TEST(MiniBatchKMeansOf, every_device_makes_the_same_steps) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(3000, 5, 6, 20, 12);
  MiniBatchKMeans<T> reference({.n_clusters = 6, .batch_size = 200, .seed = 3}, Device::cpu());
  reference.fit(x);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 6, .batch_size = 200, .seed = 3}, device);
    model.fit(x);
    EXPECT_EQ(model.n_steps(), reference.n_steps());
    EXPECT_EQ(model.labels(), reference.labels());
    EXPECT_NEAR(model.inertia(), reference.inertia(), 1e-5 * reference.inertia());
  }
}

TYPED_TEST(MiniBatchKMeansOf, a_cancelled_fit_leaves_the_model_as_it_was) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(600, 2, 3, 6, 3);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    MiniBatchKMeans<T> model({.n_clusters = 3, .batch_size = 50}, device);
    model.fit(x);
    const Matrix<T> centers = model.cluster_centers();
    Recorder recorder(2);
    EXPECT_THROW(model.fit(forja::testing::blobs<T>(600, 2, 3, 6, 4), {}, &recorder), forja::Cancelled);
    EXPECT_EQ(model.cluster_centers(), centers);
    EXPECT_EQ(recorder.seen.size(), 2U);
  }
}

}  // namespace
