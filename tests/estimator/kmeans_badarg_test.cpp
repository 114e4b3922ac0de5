// What k-means refuses, in which words; and that a refusal changes nothing.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "forja/kmeans.h"
#include "support/devices.h"
#include "support/kmeans_data.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::KMeans;
using forja::KMeansInit;
using forja::KMeansOptions;
using forja::Matrix;
using forja::MiniBatchKMeans;
using forja::MiniBatchKMeansOptions;
using forja::testing::refusal;

template <class T>
class KMeansRefuses : public ::testing::Test {
 protected:
  std::string fit(const KMeansOptions& options, const forja::Rows<T>& x, const std::vector<T>& weight = {}) {
    return refusal<forja::InvalidArgument>([&] { KMeans<T>(options, device_).fit(x, weight); });
  }
  std::string fit(const MiniBatchKMeansOptions& options, const Matrix<T>& x, const std::vector<T>& weight = {}) {
    return refusal<forja::InvalidArgument>([&] { MiniBatchKMeans<T>(options, device_).fit(x, weight); });
  }

  const Matrix<T> five_ = forja::testing::blobs<T>(5, 2, 2, 5, 1);
  Device device_ = Device::cpu();
};
TYPED_TEST_SUITE(KMeansRefuses, forja::testing::StorageTypes, forja::testing::StorageName);

/// Runs the body once per device, as device_.
#define ON_EVERY_DEVICE                                                        \
  for (const Device& device_under_test : forja::testing::devices_under_test()) \
    if (SCOPED_TRACE(device_under_test.name()); (this->device_ = device_under_test, true))

TYPED_TEST(KMeansRefuses, options_out_of_range) {
  const auto& x = this->five_;
  ON_EVERY_DEVICE {
    EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = 0}, x),
              "KMeans::fit: n_clusters = 0 but it must be an integer of at least 1");
    EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = -3}, x),
              "KMeans::fit: n_clusters = -3 but it must be an integer of at least 1");
    EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = 8}, x), "KMeans::fit: n_clusters = 8 but x has 5 rows");
    EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = 2, .n_init = 0}, x),
              "KMeans::fit: n_init = 0 but it must be an integer of at least 1 or \"auto\"");
    EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = 2, .max_iter = 0}, x),
              "KMeans::fit: max_iter = 0 but it must be an integer of at least 1");
    EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = 2, .tol = -0.5}, x),
              "KMeans::fit: tol = -0.5 but it must be a finite number of at least 0");
    EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = 2, .tol = std::numeric_limits<double>::quiet_NaN()}, x),
              "KMeans::fit: tol = nan but it must be a finite number of at least 0");
    EXPECT_EQ(this->fit(MiniBatchKMeansOptions{.n_clusters = 2, .batch_size = 0}, x),
              "MiniBatchKMeans::fit: batch_size = 0 but it must be an integer of at least 1");
    EXPECT_EQ(this->fit(MiniBatchKMeansOptions{.n_clusters = 2, .reassignment_ratio = 1.5}, x),
              "MiniBatchKMeans::fit: reassignment_ratio = 1.5 but it must be a number from 0 to 1");
    EXPECT_EQ(this->fit(MiniBatchKMeansOptions{.n_clusters = 4, .init_size = 3}, x),
              "MiniBatchKMeans::fit: init_size = 3 but it must be at least n_clusters = 4");
    EXPECT_EQ(this->fit(MiniBatchKMeansOptions{.n_clusters = 8}, x),
              "MiniBatchKMeans::fit: n_clusters = 8 but x has 5 rows");
  }
}

TYPED_TEST(KMeansRefuses, rows_that_are_empty_or_not_finite) {
  using T = TypeParam;
  const KMeansOptions two{.n_clusters = 2};
  ON_EVERY_DEVICE {
    EXPECT_EQ(this->fit(two, Matrix<T>()), "KMeans::fit: x is empty (0 x 0)");
    EXPECT_EQ(this->fit(two, Matrix<T>(3, 0)), "KMeans::fit: x is empty (3 x 0)");
    Matrix<T> x = this->five_;
    x(4, 1) = std::numeric_limits<T>::quiet_NaN();
    EXPECT_EQ(this->fit(two, x), "KMeans::fit: x has NaN in row 4, column 1");
    x(2, 0) = -std::numeric_limits<T>::infinity();
    EXPECT_EQ(this->fit(two, x), "KMeans::fit: x has an infinity in row 2, column 0");
    EXPECT_EQ(this->fit(MiniBatchKMeansOptions{.n_clusters = 2}, x),
              "MiniBatchKMeans::fit: x has an infinity in row 2, column 0");
    EXPECT_EQ(this->fit(two, forja::DeviceMatrix<T>(x, this->device_)),
              "KMeans::fit: x has an infinity in row 2, column 0");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { forja::DeviceMatrix<T>(Matrix<T>(0, 2), this->device_); }),
              "DeviceMatrix: x is empty (0 x 2)");
  }
}

// Finite moments spare KMeans a pass over the values: every place has to show in them.
TYPED_TEST(KMeansRefuses, values_that_are_not_finite_wherever_they_are) {
  using T = TypeParam;
  constexpr std::int64_t kRows = 700;
  Matrix<T> x(kRows, 3);
  for (std::int64_t i = 0; i < kRows; ++i) x(i, i % 3) = static_cast<T>(i % 7);
  std::vector<T> weight(kRows, T(1));
  weight[301] = 0;
  ON_EVERY_DEVICE {
    for (const std::int64_t row : {std::int64_t{0}, std::int64_t{301}, kRows - 1}) {
      for (const T value : {std::numeric_limits<T>::quiet_NaN(), -std::numeric_limits<T>::infinity()}) {
        const T kept = x(row, 1);
        x(row, 1) = value;
        const std::string what = std::string(": x has ") + (std::isnan(value) ? "NaN" : "an infinity") + " in row " +
                                 std::to_string(row) + ", column 1";
        EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = 2}, x, weight), "KMeans::fit" + what);
        EXPECT_EQ(refusal<forja::InvalidArgument>([&] { forja::kmeans_plusplus<T>(x, 2, 0, weight, this->device_); }),
                  "kmeans_plusplus" + what);
        x(row, 1) = kept;
      }
    }
  }
}

TYPED_TEST(KMeansRefuses, weights_that_do_not_fit) {
  using T = TypeParam;
  const KMeansOptions two{.n_clusters = 2};
  const auto& x = this->five_;
  ON_EVERY_DEVICE {
    EXPECT_EQ(this->fit(two, x, {1, 1, 1}), "KMeans::fit: sample_weight has 3 values but x has 5 rows");
    EXPECT_EQ(this->fit(two, x, {1, 1, -1, 1, 1}),
              "KMeans::fit: sample_weight(2) = -1 but weights must be finite and at least 0");
    EXPECT_EQ(this->fit(two, x, {1, std::numeric_limits<T>::infinity(), 1, 1, 1}),
              "KMeans::fit: sample_weight(1) = inf but weights must be finite and at least 0");
    EXPECT_EQ(this->fit(two, x, {0, 0, 0, 0, 0}), "KMeans::fit: n_clusters = 2 but only 0 rows have a positive weight");
    EXPECT_EQ(this->fit(two, x, {0, 0, 0, 0, 1}), "KMeans::fit: n_clusters = 2 but only 1 rows have a positive weight");
    EXPECT_EQ(this->fit(MiniBatchKMeansOptions{.n_clusters = 2}, x, {0, 0, 0, 0, 1}),
              "MiniBatchKMeans::fit: n_clusters = 2 but only 1 rows have a positive weight");
  }
}

TYPED_TEST(KMeansRefuses, given_centres_of_another_shape_or_not_finite) {
  const auto& x = this->five_;
  const auto given = [](std::int64_t rows, std::int64_t columns, double value) {
    return KMeansInit::given(Matrix<double>(rows, columns, value));
  };
  ON_EVERY_DEVICE {
    EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = 2, .init = given(3, 2, 0)}, x),
              "KMeans::fit: the given centres are 3 x 2 but n_clusters x columns is 2 x 2");
    EXPECT_EQ(this->fit(KMeansOptions{.n_clusters = 2, .init = given(2, 3, 0)}, x),
              "KMeans::fit: the given centres are 2 x 3 but n_clusters x columns is 2 x 2");
    EXPECT_EQ(
        this->fit(KMeansOptions{.n_clusters = 2, .init = given(2, 2, std::numeric_limits<double>::infinity())}, x),
        "KMeans::fit: the given centre (0, 0) = inf but every value must be finite");
    EXPECT_EQ(this->fit(MiniBatchKMeansOptions{.n_clusters = 2, .init = given(2, 3, 0)}, x),
              "MiniBatchKMeans::fit: the given centres are 2 x 3 but n_clusters x columns is 2 x 2");
  }
}

TYPED_TEST(KMeansRefuses, use_before_fit) {
  using T = TypeParam;
  ON_EVERY_DEVICE {
    const KMeans<T> model({}, this->device_);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.predict(this->five_); }), "KMeans::predict: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.transform(this->five_); }), "KMeans::transform: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.score(this->five_); }), "KMeans::score: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.labels(); }), "KMeans::labels: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.cluster_centers(); }), "KMeans::cluster_centers: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.inertia(); }), "KMeans::inertia: call fit first");
    const MiniBatchKMeans<T> batches({}, this->device_);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { batches.predict(this->five_); }),
              "MiniBatchKMeans::predict: call fit or partial_fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { batches.counts(); }),
              "MiniBatchKMeans::counts: call fit or partial_fit first");
  }
}

TYPED_TEST(KMeansRefuses, other_columns_in_predict_and_the_model_stays_as_it_was) {
  using T = TypeParam;
  ON_EVERY_DEVICE {
    KMeans<T> model({.n_clusters = 2}, this->device_);
    model.fit(this->five_);
    const std::vector<std::int32_t> labels = model.labels();
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.predict(Matrix<T>(4, 3)); }),
              "KMeans::predict: x has 3 columns but the model was fitted with 2");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.transform(Matrix<T>(0, 2)); }),
              "KMeans::transform: x is empty (0 x 2)");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.score(this->five_, std::vector<T>{1}); }),
              "KMeans::score: sample_weight has 1 values but x has 5 rows");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.fit(Matrix<T>(1, 7)); }),
              "KMeans::fit: n_clusters = 2 but x has 1 rows");
    EXPECT_EQ(model.labels(), labels);
    EXPECT_EQ(model.predict(this->five_), labels);
  }
}

TYPED_TEST(KMeansRefuses, parameters_by_names_that_are_not_there_or_out_of_range) {
  KMeans<TypeParam> model({.n_clusters = 3});
  const auto set = [&](const forja::Params& params) {
    return refusal<forja::InvalidArgument>([&] { model.set_params(params); });
  };
  EXPECT_EQ(set({{"k", std::int64_t{2}}}),
            "KMeans::set_params: \"k\" is no parameter; there are n_clusters, init, n_init, max_iter, tol, algorithm, "
            "seed");
  EXPECT_EQ(set({{"n_clusters", 2.5}}), "KMeans::set_params: n_clusters = 2.5 but it must be an integer of at least 1");
  EXPECT_EQ(set({{"algorithm", std::string("fast")}}),
            "KMeans::set_params: algorithm = \"fast\" but it must be one of auto, lloyd, elkan");
  EXPECT_EQ(set({{"max_iter", std::int64_t{7}}, {"tol", -1.0}}),
            "KMeans::set_params: tol = -1 but it must be a finite number of at least 0");
  EXPECT_EQ(model.options().max_iter, 300);
  EXPECT_EQ(set({{"max_iter", std::int64_t{7}}, {"tol", std::int64_t{0}}, {"init", std::string("random")}}),
            "not refused");
  EXPECT_EQ(model.options().max_iter, 7);
  EXPECT_EQ(model.options().tol, 0);
  EXPECT_EQ(model.get_params().at("init"), forja::ParamValue(std::string("random")));
  EXPECT_EQ(model.get_params().at("n_init"), forja::ParamValue(std::string("auto")));
}

}  // namespace
