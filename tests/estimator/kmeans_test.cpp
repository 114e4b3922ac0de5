// KMeans through its public face, on every device and for both storage types.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
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
using forja::KMeansAlgorithm;
using forja::KMeansInit;
using forja::Matrix;
using forja::MatrixView;
using forja::testing::kRounding;
using forja::testing::Recorder;

template <class T>
class KMeansOf : public ::testing::Test {};
TYPED_TEST_SUITE(KMeansOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(KMeansOf, matches_the_textbook_loop_from_the_same_start) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(700, 5, 6, 4, 1);
  const auto expected = forja::testing::reference_fit(x, Matrix<double>(x.view().middle_rows(0, 6)));
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> model({.n_clusters = 6, .init = KMeansInit::given(forja::testing::first_rows(x, 6)), .tol = 0}, device);
    model.fit(x);
    EXPECT_EQ(model.labels(), expected.labels);
    EXPECT_EQ(model.n_iter(), expected.n_iter);
    EXPECT_TRUE(model.converged());
    EXPECT_EQ(model.center_shift(), 0);
    EXPECT_EQ(model.n_features_in(), 5);
    EXPECT_NEAR(model.inertia(), expected.inertia, expected.inertia * kRounding<T>);
    for (std::int64_t c = 0; c < 6; ++c) {
      for (std::int64_t j = 0; j < 5; ++j) {
        // Centres lie within 8 of zero and are rounded to T after centring and again at the end.
        EXPECT_NEAR(model.cluster_centers()(c, j), expected.centers(c, j), 8 * kRounding<T>);
      }
    }
  }
}

TYPED_TEST(KMeansOf, weights_count_like_repeated_rows) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(120, 3, 4, 5, 2);
  std::vector<T> weight;
  std::vector<T> repeated;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    weight.push_back(static_cast<T>(1 + i % 3));
    for (std::int64_t times = 0; times <= i % 3; ++times) {
      repeated.insert(repeated.end(), x.row(i).begin(), x.row(i).end());
    }
  }
  const Matrix<T> more(std::ssize(repeated) / 3, 3, repeated);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const forja::KMeansOptions options{
        .n_clusters = 4, .init = KMeansInit::given(forja::testing::first_rows(x, 4)), .tol = 0};
    KMeans<T> weighted(options, device);
    weighted.fit(x, weight);
    KMeans<T> plain(options, device);
    plain.fit(more);
    EXPECT_EQ(weighted.predict(more), plain.labels());
    EXPECT_NEAR(weighted.inertia(), plain.inertia(), plain.inertia() * kRounding<T>);
    EXPECT_NEAR(weighted.score(x, weight), -weighted.inertia(), weighted.inertia() * kRounding<T>);
  }
}

TYPED_TEST(KMeansOf, a_row_of_weight_zero_gets_a_label_and_moves_nothing) {
  using T = TypeParam;
  Matrix<T> x(5, 1, {T(0), T(1), T(10), T(11), T(500)});
  const std::vector<T> weight = {1, 1, 1, 1, 0};
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (const KMeansInit& init : {KMeansInit::kmeans_plus_plus(), KMeansInit::random()}) {
      KMeans<T> model({.n_clusters = 2, .init = init, .seed = 4}, device);
      model.fit(x, weight);
      std::vector<T> centers(model.cluster_centers().values().begin(), model.cluster_centers().values().end());
      std::sort(centers.begin(), centers.end());
      EXPECT_NEAR(centers[0], 0.5, kRounding<T>);
      EXPECT_NEAR(centers[1], 10.5, 16 * kRounding<T>);
      EXPECT_EQ(model.labels()[4], model.labels()[3]);
      EXPECT_NEAR(model.inertia(), 1.0, 16 * kRounding<T>);
    }
  }
}

TYPED_TEST(KMeansOf, empty_clusters_take_the_farthest_rows) {
  using T = TypeParam;
  const Matrix<T> x(6, 1, {T(0), T(1), T(2), T(10), T(11), T(30)});
  const Matrix<T> start(4, 1, {T(0), T(5), T(100), T(200)});
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> model({.n_clusters = 4, .init = KMeansInit::given(start), .tol = 0}, device);
    model.fit(x);
    // Row 30 (25 away from 5) fills cluster 2, row 11 (6 away) cluster 3; scikit-learn ends the same way.
    EXPECT_EQ(model.labels(), (std::vector<std::int32_t>{0, 0, 0, 1, 3, 2}));
    EXPECT_NEAR(model.inertia(), 2.0, 2 * kRounding<T>);
  }
}

TYPED_TEST(KMeansOf, the_best_of_several_runs_is_kept) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(300, 2, 12, 6, 3);
  double squares = 0;
  for (const T value : x.values()) squares += static_cast<double>(value) * static_cast<double>(value);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    Recorder recorder;
    KMeans<T> model({.n_clusters = 12, .init = KMeansInit::random(), .n_init = 6, .seed = 9}, device);
    model.fit(x, {}, &recorder);
    ASSERT_EQ(recorder.runs(), 6);
    double least = std::numeric_limits<double>::infinity();
    double greatest = 0;
    for (std::int64_t run = 0; run < 6; ++run) {
      const double loss = recorder.last_loss(run);
      least = std::min(least, loss);
      greatest = std::max(greatest, loss);
    }
    EXPECT_GT(greatest, 1.01 * least) << "the runs should differ";
    // The last iteration's loss is that before its update; tol lets an update improve by little.
    // It is the rows' squares less what the centres explain, so its rounding is that of the squares.
    EXPECT_LE(model.inertia(), least * (1 + kRounding<T>)+1e-13 * squares);
    EXPECT_NEAR(model.inertia(), least, 0.01 * least);
  }
}

TYPED_TEST(KMeansOf, n_init_auto_is_ten_for_random_rows_and_one_otherwise) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(60, 2, 3, 6, 3);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (const auto& [init, runs] : {std::pair{KMeansInit::random(), 10},
                                     {KMeansInit::kmeans_plus_plus(), 1},
                                     {KMeansInit::given(forja::testing::first_rows(x, 3)), 1}}) {
      Recorder recorder;
      KMeans<T>({.n_clusters = 3, .init = init}, device).fit(x, {}, &recorder);
      EXPECT_EQ(recorder.runs(), runs);
    }
  }
}

TYPED_TEST(KMeansOf, inertia_never_rises_and_the_observer_sees_each_iteration) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(900, 7, 20, 2, 5);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      Recorder recorder;
      KMeans<T> model({.n_clusters = 20, .init = KMeansInit::random(), .n_init = 1, .tol = 0, .seed = seed}, device);
      model.fit(x, {}, &recorder);
      ASSERT_EQ(std::ssize(recorder.seen), model.n_iter());
      for (std::size_t i = 0; i < recorder.seen.size(); ++i) {
        EXPECT_EQ(recorder.seen[i].call, "KMeans::fit");
        EXPECT_EQ(recorder.seen[i].iteration, static_cast<std::int64_t>(i) + 1);
        EXPECT_EQ(recorder.seen[i].max_iter, 300);
        if (i == 0) continue;
        // Centres are rounded to T, which can cost that much and no more.
        EXPECT_LE(recorder.seen[i].loss, recorder.seen[i - 1].loss * (1 + kRounding<T>));
      }
      // Labels stayed, so the last loss is for the final centres.
      EXPECT_NEAR(recorder.seen.back().loss, model.inertia(), model.inertia() * 100 * kRounding<T>);
    }
  }
}

TYPED_TEST(KMeansOf, elkan_and_lloyd_agree_to_the_bit) {
  using T = TypeParam;
  for (const auto& [n, d, k] : {std::tuple{600, 2, 5}, {500, 12, 40}, {257, 33, 17}}) {
    const Matrix<T> x = forja::testing::blobs<T>(n, d, k, 3, static_cast<std::uint64_t>(n));
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(device.name());
      forja::KMeansOptions options{.n_clusters = k, .tol = 0, .seed = 3};
      options.algorithm = KMeansAlgorithm::lloyd;
      KMeans<T> lloyd(options, device);
      lloyd.fit(x);
      options.algorithm = KMeansAlgorithm::elkan;
      KMeans<T> elkan(options, device);
      elkan.fit(x);
      EXPECT_EQ(lloyd.algorithm_used(), KMeansAlgorithm::lloyd);
      EXPECT_EQ(elkan.algorithm_used(), KMeansAlgorithm::elkan);
      EXPECT_EQ(elkan.labels(), lloyd.labels());
      EXPECT_EQ(elkan.cluster_centers(), lloyd.cluster_centers());
      EXPECT_EQ(elkan.n_iter(), lloyd.n_iter());
      EXPECT_EQ(elkan.inertia(), lloyd.inertia());
    }
  }
}

TYPED_TEST(KMeansOf, automatic_says_what_it_came_to) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(100, 2, 4, 3, 1);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> model({.n_clusters = 4}, device);
    model.fit(x);
    EXPECT_NE(model.algorithm_used(), KMeansAlgorithm::automatic);
  }
}

TYPED_TEST(KMeansOf, max_iter_ends_a_run_that_has_not_converged_and_labels_fit_the_centres) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(800, 4, 30, 1, 6);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> model({.n_clusters = 30, .max_iter = 2, .tol = 0}, device);
    model.fit(x);
    EXPECT_FALSE(model.converged());
    EXPECT_EQ(model.n_iter(), 2);
    EXPECT_GT(model.center_shift(), 0);
    EXPECT_EQ(model.labels(), model.predict(x));
    const double inertia = forja::testing::inertia_of<T>(x, model.cluster_centers(), model.labels());
    EXPECT_NEAR(model.inertia(), inertia, inertia * kRounding<T>);
  }
}

TYPED_TEST(KMeansOf, predict_transform_and_score_follow_from_the_centres) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(400, 6, 9, 3, 7);
  const Matrix<T> other = forja::testing::blobs<T>(70, 6, 9, 3, 8);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> model({.n_clusters = 9, .seed = 2}, device);
    const Matrix<T> distances = model.fit_transform(x);
    EXPECT_EQ(model.fit_predict(x), model.labels());
    EXPECT_EQ(model.predict(x), model.labels());
    EXPECT_EQ(distances, model.transform(x));

    const std::vector<std::int32_t> labels = model.predict(other);
    EXPECT_EQ(labels, forja::testing::nearest_centers(other, model.cluster_centers()));
    const Matrix<T> far = model.transform(other);
    ASSERT_EQ(far.rows(), 70);
    ASSERT_EQ(far.columns(), 9);
    for (std::int64_t i = 0; i < 70; ++i) {
      for (std::int64_t c = 0; c < 9; ++c) {
        const double expected =
            std::sqrt(forja::testing::squared_distance(std::as_const(other).row(i), model.cluster_centers().row(c)));
        // Entries up to 10 carry their rounding to T into the distance.
        EXPECT_NEAR(far(i, c), expected, 10 * kRounding<T>);
      }
    }
    const double inertia = forja::testing::inertia_of<T>(other, model.cluster_centers(), labels);
    EXPECT_NEAR(model.score(other), -inertia, inertia * kRounding<T>);
    EXPECT_NEAR(model.score(x), -model.inertia(), model.inertia() * kRounding<T>);
  }
}

TYPED_TEST(KMeansOf, plusplus_alone_gives_the_rows_from_which_fit_begins) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(120, 3, 6, 5, 2);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto chosen = forja::kmeans_plusplus<T>(x, 6, 3, {}, device);
    ASSERT_EQ(chosen.indices.size(), 6U);
    for (std::int64_t c = 0; c < 6; ++c) {
      for (std::int64_t j = 0; j < 3; ++j) {
        EXPECT_EQ(chosen.centers(c, j), x(chosen.indices[static_cast<std::size_t>(c)], j));
      }
    }
    KMeans<T> seeded({.n_clusters = 6, .seed = 3}, device);
    KMeans<T> given({.n_clusters = 6, .init = KMeansInit::given(chosen.centers)}, device);
    EXPECT_EQ(seeded.fit(x).labels(), given.fit(x).labels());
    EXPECT_THROW(forja::kmeans_plusplus<T>(x, 0, 3, {}, device), forja::InvalidArgument);
    EXPECT_THROW(forja::kmeans_plusplus<T>(x, 121, 3, {}, device), forja::InvalidArgument);
  }
}

TYPED_TEST(KMeansOf, one_cluster_is_the_mean_and_a_cluster_per_row_costs_nothing) {
  using T = TypeParam;
  const Matrix<T> x(4, 2, {T(0), T(0), T(2), T(0), T(0), T(4), T(2), T(4)});
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> one({.n_clusters = 1}, device);
    one.fit(x);
    EXPECT_EQ(one.cluster_centers(), Matrix<T>(1, 2, {T(1), T(2)}));
    EXPECT_EQ(one.inertia(), 20);
    for (const KMeansInit& init : {KMeansInit::kmeans_plus_plus(), KMeansInit::random()}) {
      KMeans<T> all({.n_clusters = 4, .init = init}, device);
      EXPECT_EQ(all.fit(x).inertia(), 0);
      std::vector<std::int32_t> labels = all.labels();
      std::sort(labels.begin(), labels.end());
      EXPECT_EQ(labels, (std::vector<std::int32_t>{0, 1, 2, 3}));
    }
  }
}

TYPED_TEST(KMeansOf, rows_with_a_stride_and_rows_on_the_device_give_the_same_bits) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(301, 5, 4, 3, 11);
  Matrix<T> wide(301, 8, std::numeric_limits<T>::quiet_NaN());
  for (std::int64_t i = 0; i < 301; ++i) std::copy(x.row(i).begin(), x.row(i).end(), wide.row(i).begin());
  const MatrixView<const T> strided(wide.data(), 301, 5, 8);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> dense({.n_clusters = 4}, device);
    dense.fit(x);
    KMeans<T> spaced({.n_clusters = 4}, device);
    spaced.fit(strided);
    const forja::DeviceMatrix<T> uploaded(strided, device);
    KMeans<T> resident({.n_clusters = 4}, device);
    resident.fit(uploaded);
    EXPECT_EQ(spaced.cluster_centers(), dense.cluster_centers());
    EXPECT_EQ(resident.cluster_centers(), dense.cluster_centers());
    EXPECT_EQ(spaced.labels(), dense.labels());
    EXPECT_EQ(resident.labels(), dense.labels());
    EXPECT_EQ(resident.predict(uploaded), dense.predict(strided));
    EXPECT_EQ(resident.transform(uploaded), dense.transform(strided));
    EXPECT_EQ(resident.score(uploaded), dense.score(strided));
  }
}

TYPED_TEST(KMeansOf, fit_again_learns_anew) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(90, 2, 3, 6, 3);
  const Matrix<T> other = forja::testing::blobs<T>(50, 4, 3, 6, 4);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> model({.n_clusters = 3}, device);
    model.fit(other);
    model.fit(x);
    KMeans<T> fresh({.n_clusters = 3}, device);
    fresh.fit(x);
    EXPECT_EQ(model.labels(), fresh.labels());
    EXPECT_EQ(model.cluster_centers(), fresh.cluster_centers());
    EXPECT_EQ(model.n_features_in(), 2);
  }
}

TYPED_TEST(KMeansOf, a_cancelled_fit_leaves_the_model_as_it_was) {
  using T = TypeParam;
  const Matrix<T> x = forja::testing::blobs<T>(90, 2, 3, 6, 3);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    KMeans<T> model({.n_clusters = 3, .init = KMeansInit::random(), .n_init = 4, .tol = 0}, device);
    Recorder stops_in_first(1);
    EXPECT_THROW(model.fit(x, {}, &stops_in_first), forja::Cancelled);
    EXPECT_FALSE(model.is_fitted());
    model.fit(x);
    const std::vector<std::int32_t> labels = model.labels();
    const double inertia = model.inertia();
    Recorder stops_again(1);
    EXPECT_THROW(model.fit(forja::testing::blobs<T>(40, 3, 3, 6, 1), {}, &stops_again), forja::Cancelled);
    EXPECT_EQ(model.labels(), labels);
    EXPECT_EQ(model.inertia(), inertia);
    EXPECT_EQ(model.n_features_in(), 2);
    EXPECT_EQ(model.predict(x), labels);
  }
}

}  // namespace
