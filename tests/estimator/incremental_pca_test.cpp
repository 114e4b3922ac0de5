// IncrementalPCA: against all rows at once, scikit-learn's figures, what it refuses, and its files.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "forja/data.h"
#include "forja/decomposition.h"
#include "forja/incremental_pca.h"
#include "support/data.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::IncrementalPCA;
using forja::InvalidArgument;
using forja::Matrix;
using forja::PCA;
using forja::testing::decaying;
using forja::testing::kProductRounding;
using forja::testing::refusal;

template <class T>
class IncrementalPCAOf : public ::testing::Test {};
TYPED_TEST_SUITE(IncrementalPCAOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(IncrementalPCAOf, all_components_in_batches_are_those_of_all_rows_at_once) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(130, 6, 0.7, 50);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> full({}, device);
    full.fit(x);
    IncrementalPCA<T> model({.batch_size = 20}, device);
    const Matrix<T> z = model.fit_transform(x);
    EXPECT_EQ(model.n_components(), 6);
    EXPECT_EQ(model.n_features_in(), 6);
    EXPECT_EQ(model.n_samples_seen(), 130);
    EXPECT_EQ(model.noise_variance(), 0);
    const double scale = full.singular_values()[0];
    for (std::size_t c = 0; c < 6; ++c) {
      EXPECT_NEAR(model.singular_values()[c], full.singular_values()[c], kProductRounding<T> * scale);
      EXPECT_NEAR(model.mean()[c], full.mean()[c], 1e-13 * 50);
      EXPECT_NEAR(model.explained_variance_ratio()[c], full.explained_variance_ratio()[c], kProductRounding<T>);
      for (std::int64_t j = 0; j < 6; ++j) {
        EXPECT_NEAR(static_cast<double>(model.components()(static_cast<std::int64_t>(c), j)),
                    static_cast<double>(full.components()(static_cast<std::int64_t>(c), j)), 16 * kProductRounding<T>);
      }
    }
    const Matrix<T> back = model.inverse_transform(z);
    for (std::size_t i = 0; i < back.values().size(); ++i) {
      EXPECT_NEAR(static_cast<double>(back.values()[i]), static_cast<double>(x.values()[i]), 50 * kProductRounding<T>);
    }
    // Batches by hand, rows on the device, and one row alone, end where fit() does.
    IncrementalPCA<T> by_hand({}, device);
    const forja::DeviceMatrix<T> first(x.view().middle_rows(0, 60), device);
    by_hand.partial_fit(first).partial_fit(x.view().middle_rows(60, 1)).partial_fit(x.view().middle_rows(61, 69));
    for (std::size_t c = 0; c < 6; ++c) {
      EXPECT_NEAR(by_hand.singular_values()[c], model.singular_values()[c], 1e-12 * scale);
    }
  }
}

TYPED_TEST(IncrementalPCAOf, few_components_are_those_of_scikit_learn) {
  using T = TypeParam;
  const Matrix<T> x = forja::read_csv<T>(forja::testing::book_csv("iris"), {.target = "target"}).x;
  const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-7;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    IncrementalPCA<T> model({.n_components = 2, .whiten = true, .batch_size = 40}, device);
    const Matrix<T> z = model.fit_transform(x);
    // scikit-learn 1.9.1, two components of iris in batches of 40.
    EXPECT_NEAR(model.singular_values()[0], 25.09491639, 10 * tolerance);
    EXPECT_NEAR(model.singular_values()[1], 6.00969561, 10 * tolerance);
    EXPECT_NEAR(model.explained_variance()[0], 4.22654247, 10 * tolerance);
    EXPECT_NEAR(model.explained_variance_ratio()[0], 0.92424714, tolerance);
    EXPECT_NEAR(model.explained_variance_ratio()[1], 0.05300558, tolerance);
    EXPECT_NEAR(model.noise_variance(), 0.0172289072105998, tolerance);
    EXPECT_NEAR(static_cast<double>(model.components()(0, 2)), 0.85640558, tolerance);
    EXPECT_NEAR(static_cast<double>(model.components()(1, 1)), 0.74010675, tolerance);
    double square = 0;
    for (std::int64_t i = 0; i < 150; ++i) square += std::pow(static_cast<double>(z(i, 0)), 2);
    EXPECT_NEAR(square / 149, 1, 0.01) << "white, but for what batches left out";
  }
}

TYPED_TEST(IncrementalPCAOf, likelihoods_and_covariances_are_those_of_pca_where_nothing_was_left_out) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(60, 5, 0.7, 1);
  // Variances of 0.7^8 of the largest are divided by: their rounding grows by 1 / 0.7^8, 18.
  const double tolerance = 18 * 16 * kProductRounding<T>;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> full({}, device);
    full.fit(x);
    IncrementalPCA<T> model({.batch_size = 20}, device);
    model.fit(x);
    const std::vector<double> expected = full.score_samples(x);
    const std::vector<double> scores = model.score_samples(x);
    ASSERT_EQ(scores.size(), 60U);
    for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_NEAR(scores[i], expected[i], tolerance * 10);
    EXPECT_NEAR(model.score(x), full.score(x), tolerance);
    const Matrix<double> covariance = model.get_covariance();
    const Matrix<double> precision = model.get_precision();
    const double scale = 1 / full.explained_variance()[4];
    for (std::int64_t i = 0; i < 5; ++i) {
      for (std::int64_t j = 0; j < 5; ++j) {
        EXPECT_NEAR(covariance(i, j), full.get_covariance()(i, j), tolerance);
        EXPECT_NEAR(precision(i, j), full.get_precision()(i, j), tolerance * scale);
      }
    }
    // One batch of all rows: the noise of what three components leave out.
    PCA<T> few({.n_components = 3}, device);
    IncrementalPCA<T> one_batch({.n_components = 3, .batch_size = 60}, device);
    EXPECT_NEAR(one_batch.fit(x).score(x), few.fit(x).score(x), tolerance);
    EXPECT_GT(one_batch.noise_variance(), 0);
  }
}

TYPED_TEST(IncrementalPCAOf, refusals_leave_the_model_as_it_was) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(12, 4, 0.5, 1);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto fit = [&](const forja::IncrementalPCAOptions& options) {
      return refusal<InvalidArgument>([&] { IncrementalPCA<T>(options, device).fit(x); });
    };
    EXPECT_EQ(fit({.n_components = 0}),
              "IncrementalPCA::fit: n_components = 0 but it must be an integer of at least 1 or \"all\"");
    EXPECT_EQ(fit({.batch_size = 0}),
              "IncrementalPCA::fit: batch_size = 0 but it must be an integer of at least 1 or \"auto\"");
    EXPECT_EQ(fit({.n_components = 5}), "IncrementalPCA::fit: n_components = 5 but x has 12 rows and 4 columns");
    EXPECT_EQ(fit({.n_components = 3, .batch_size = 2}),
              "IncrementalPCA::fit: n_components = 3 but x has 2 rows and 4 columns")
        << "the first batch";
    IncrementalPCA<T> model({.n_components = 2}, device);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.transform(x); }), "IncrementalPCA::transform: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.mean(); }), "IncrementalPCA::mean: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.score(x); }), "IncrementalPCA::score: call fit first");
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.partial_fit(Matrix<T>(1, 4)); }),
              "IncrementalPCA::partial_fit: n_components = 2 but x has 1 rows and 4 columns");
    model.partial_fit(x);
    const Matrix<T> components = model.components();
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.partial_fit(Matrix<T>(3, 5)); }),
              "IncrementalPCA::partial_fit: x has 5 columns but the model was fitted with 4");
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.partial_fit(Matrix<T>()); }),
              "IncrementalPCA::partial_fit: x is empty (0 x 0)");
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.transform(Matrix<T>(3, 5)); }),
              "IncrementalPCA::transform: x has 5 columns but the model was fitted with 4");
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.score_samples(Matrix<T>(3, 5)); }),
              "IncrementalPCA::score_samples: x has 5 columns but the model was fitted with 4");
    EXPECT_EQ(refusal<InvalidArgument>([&] { IncrementalPCA<T>({}, device).fit(Matrix<T>(3, 4)).get_precision(); }),
              "IncrementalPCA::get_precision: 4 of 4 directions have no variance");
    EXPECT_EQ(model.components(), components);
    EXPECT_EQ(model.n_samples_seen(), 12);
  }
}

TYPED_TEST(IncrementalPCAOf, a_saved_model_goes_on_learning_to_the_same_bits) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(40, 5, 0.7, 1);
  IncrementalPCA<T> model({.n_components = 3}, Device::cpu());
  model.partial_fit(x.view().middle_rows(0, 20));
  std::ostringstream out;
  model.save(out);
  const std::string bytes = out.str();
  std::istringstream in(bytes);
  IncrementalPCA<T> other = IncrementalPCA<T>::load(in, Device::cpu());
  EXPECT_EQ(other.get_params(), model.get_params());
  model.partial_fit(x.view().middle_rows(20, 20));
  other.partial_fit(x.view().middle_rows(20, 20));
  EXPECT_EQ(other.components(), model.components());
  EXPECT_EQ(other.singular_values(), model.singular_values());
  EXPECT_EQ(other.explained_variance_ratio(), model.explained_variance_ratio());
  EXPECT_EQ(other.mean(), model.mean());
  EXPECT_EQ(other.n_samples_seen(), 40);
  for (std::size_t size = 0; size < bytes.size(); size += 3) {
    std::istringstream part(bytes.substr(0, size));
    EXPECT_THROW(IncrementalPCA<T>::load(part), forja::ModelFormatError) << size;
  }
}

/// The process's largest memory so far in bytes (line VmHWM of what Linux tells), or 0 where it tells none.
std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

TEST(IncrementalPCABook, a_hundred_batches_of_mnist_keep_what_all_rows_at_once_keep) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer keeps freed memory for a while, and two minutes would go by";
#endif
  const auto folder = forja::testing::data_dir();
  if (!folder) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  const Matrix<float> x = forja::read_idx_images<float>(*folder / "mnist" / "train-images-idx3-ubyte.gz");
  IncrementalPCA<float> model({.n_components = 30, .batch_size = 600}, Device::cpu());
  // A first fit of few rows has the libraries' own memory, and sets the mark of what a batch needs.
  model.fit(x.view().middle_rows(0, 1200));
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak from now on
  const std::int64_t before = peak_memory();
  model.fit(x);
  // A batch, what it is joined to and its decomposition are some squares of 631 numbers; all rows in double are 376 MB.
  EXPECT_LE(peak_memory() - before, std::int64_t{64} << 20);
  EXPECT_EQ(model.n_samples_seen(), 60'000);
  PCA<float> full({.n_components = 30}, Device::cpu());
  full.fit(x);
  const auto kept = [](const std::vector<double>& ratio) { return std::accumulate(ratio.begin(), ratio.end(), 0.0); };
  EXPECT_NEAR(kept(model.explained_variance_ratio()), kept(full.explained_variance_ratio()), 0.005);
}

}  // namespace
