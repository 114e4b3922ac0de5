// The figures of book chapter 8: an oval in three dimensions, and handwritten digits.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "forja/data.h"
#include "forja/decomposition.h"
#include "support/data.h"
#include "support/devices.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::PCA;
using forja::SvdSolver;

template <class T>
class PCABookOf : public ::testing::Test {};
TYPED_TEST_SUITE(PCABookOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(PCABookOf, two_components_keep_most_of_the_oval) {
  using T = TypeParam;
  const auto oval = forja::read_csv<T>(forja::testing::book_csv("oval_3d"));
  ASSERT_EQ(oval.x.rows(), 60);
  for (const Device& device : forja::testing::devices_under_test()) {
    for (const SvdSolver solver :
         {SvdSolver::automatic, SvdSolver::full, SvdSolver::covariance_eigh, SvdSolver::randomized}) {
      SCOPED_TRACE(device.name());
      PCA<T> model({.n_components = 2, .svd_solver = solver}, device);
      model.fit(oval.x);
      // The book's seven and eight digits, to the storage type's.
      const double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-8;
      EXPECT_NEAR(model.explained_variance_ratio()[0], 0.7578477, tolerance + 5e-8);
      EXPECT_NEAR(model.explained_variance_ratio()[1], 0.15186921, tolerance);
    }
  }
}

TYPED_TEST(PCABookOf, digits_need_29_components_for_95_per_cent) {
  using T = TypeParam;
  const auto digits = forja::read_csv<T>(forja::testing::book_csv("digits"), {.target = "target"});
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model({.n_components = 0.95}, device);
    model.fit(digits.x);
    EXPECT_EQ(model.n_components(), 29);
    const auto& ratio = model.explained_variance_ratio();
    EXPECT_GT(std::accumulate(ratio.begin(), ratio.end(), 0.0), 0.95);
    EXPECT_LE(std::accumulate(ratio.begin(), ratio.end() - 1, 0.0), 0.95);
  }
}

TYPED_TEST(PCABookOf, all_components_give_the_digits_back) {
  using T = TypeParam;
  const auto digits = forja::read_csv<T>(forja::testing::book_csv("digits"), {.target = "target"});
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model({}, device);
    const Matrix<T> back = model.inverse_transform(model.fit_transform(digits.x));
    EXPECT_EQ(model.n_components(), 64);
    double worst = 0;
    for (std::size_t i = 0; i < back.values().size(); ++i) {
      worst =
          std::max(worst, std::abs(static_cast<double>(back.values()[i]) - static_cast<double>(digits.x.values()[i])));
    }
    // Pixels up to 16 in sums of 64 terms.
    EXPECT_LE(worst, sizeof(T) == 4 ? 1e-4 : 1e-8);
  }
}

TYPED_TEST(PCABookOf, random_directions_keep_what_the_full_decomposition_keeps) {
  using T = TypeParam;
  const auto digits = forja::read_csv<T>(forja::testing::book_csv("digits"), {.target = "target"});
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> full({.n_components = 20, .svd_solver = SvdSolver::full}, device);
    PCA<T> randomized({.n_components = 20, .svd_solver = SvdSolver::randomized, .seed = 42}, device);
    full.fit(digits.x);
    randomized.fit(digits.x);
    EXPECT_EQ(full.svd_solver_used(), SvdSolver::full);
    EXPECT_EQ(randomized.svd_solver_used(), SvdSolver::randomized);
    double kept = 0;
    for (std::size_t i = 0; i < 20; ++i) {
      kept += full.explained_variance_ratio()[i] - randomized.explained_variance_ratio()[i];
      EXPECT_NEAR(randomized.singular_values()[i], full.singular_values()[i], 1e-3 * full.singular_values()[i]);
    }
    EXPECT_LE(std::abs(kept), 1e-3);
    EXPECT_NEAR(randomized.noise_variance(), full.noise_variance(), 0.01 * full.noise_variance());
  }
}

TEST(PCABook, mnist_needs_154_components_for_95_per_cent) {
  const auto folder = forja::testing::data_dir();
  if (!folder) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  // Emulation would take minutes.
  PCA<float> model({.n_components = 0.95}, Device::cpu());
  model.fit(forja::read_idx_images<float>(*folder / "mnist/train-images-idx3-ubyte.gz"));
  EXPECT_EQ(model.n_components(), 154);
  const auto& ratio = model.explained_variance_ratio();
  // The book's share, of all seven digits that float sums leave.
  EXPECT_NEAR(std::accumulate(ratio.begin(), ratio.end(), 0.0), 0.9501960, 1e-6);
}

}  // namespace
