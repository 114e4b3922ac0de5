// PCA as a model of the rows: its likeliest dimension, likelihoods, and what the components leave out.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "forja/data.h"
#include "forja/decomposition.h"
#include "support/data.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/naive_svd.h"
#include "support/storage_types.h"

namespace {

using forja::ComponentCount;
using forja::Device;
using forja::Matrix;
using forja::PCA;
using forja::SvdSolver;
using forja::testing::decaying;
using forja::testing::kProductRounding;

template <class T>
class PCAModelOf : public ::testing::Test {
 protected:
  static Matrix<T> iris() { return forja::read_csv<T>(forja::testing::book_csv("iris"), {.target = "target"}).x; }
};
TYPED_TEST_SUITE(PCAModelOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(PCAModelOf, the_likeliest_dimension_is_that_of_scikit_learn) {
  using T = TypeParam;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model({.n_components = ComponentCount::mle()}, device);
    EXPECT_EQ(model.fit(this->iris()).n_components(), 3);
    EXPECT_NEAR(model.noise_variance(), 0.023835092973449434, 1e-5 * 0.0238);
    EXPECT_EQ(model.fit(forja::read_csv<T>(forja::testing::book_csv("oval_3d")).x).n_components(), 1);
  }
}

TYPED_TEST(PCAModelOf, likelihoods_and_covariances_are_those_of_scikit_learn) {
  using T = TypeParam;
  const Matrix<T> x = this->iris();
  // scikit-learn 1.9.1, two components of iris; rows rounded to T change the noise in its sixth digit.
  const std::vector<double> covariance = {0.67918961, -0.03571514, 1.2714061, 0.53137208};
  const std::vector<double> precision = {10.39758907, -6.82917889, -4.23252176, -1.73999651};
  const double tolerance = sizeof(T) == 4 ? 1e-4 : 1e-7;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model({.n_components = 2}, device);
    model.fit(x);
    EXPECT_NEAR(model.score(x), -2.6997965106756614, tolerance);
    const std::vector<double> scores = model.score_samples(x);
    ASSERT_EQ(scores.size(), 150U);
    EXPECT_NEAR(scores[0], -1.7829611, tolerance);
    EXPECT_NEAR(scores[1], -2.1789704, tolerance);
    const Matrix<double> found = model.get_covariance();
    const Matrix<double> inverse = model.get_precision();
    for (std::int64_t j = 0; j < 4; ++j) {
      EXPECT_NEAR(found(0, j), covariance[static_cast<std::size_t>(j)], tolerance);
      EXPECT_NEAR(inverse(0, j), precision[static_cast<std::size_t>(j)], 10 * tolerance);
      for (std::int64_t i = 0; i < 4; ++i) {
        double sum = 0;
        for (std::int64_t l = 0; l < 4; ++l) sum += found(i, l) * inverse(l, j);
        EXPECT_NEAR(sum, i == j ? 1 : 0, 1e-12);
      }
    }
  }
}

TYPED_TEST(PCAModelOf, whitening_and_all_components_leave_the_covariance_that_of_the_rows) {
  using T = TypeParam;
  const Matrix<T> x = this->iris();
  const Matrix<double> centred = forja::testing::naive_centred(x, true);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model({.whiten = true}, device);
    const Matrix<double> found = model.fit(x).get_covariance();
    for (std::int64_t a = 0; a < 4; ++a) {
      for (std::int64_t b = 0; b < 4; ++b) {
        double sum = 0;
        for (std::int64_t i = 0; i < 150; ++i) sum += centred(i, a) * centred(i, b);
        EXPECT_NEAR(found(a, b), sum / 149, kProductRounding<T>);
      }
    }
    EXPECT_TRUE(std::isfinite(model.score(x)));
  }
}

TYPED_TEST(PCAModelOf, the_residual_is_what_the_components_leave_out) {
  using T = TypeParam;
  for (const auto& [n, d] : std::vector<std::pair<std::int64_t, std::int64_t>>{{200, 40}, {40, 200}}) {
    const Matrix<T> x = decaying<T>(n, d, 0.85, 1);
    const std::vector<double> expected = forja::testing::naive_svd(x).values;
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " rows");
      for (const SvdSolver solver : {SvdSolver::full, SvdSolver::covariance_eigh}) {
        PCA<T> exact({.n_components = 5, .svd_solver = solver}, device);
        EXPECT_NEAR(exact.fit(x).residual(), expected[5], 8 * kProductRounding<T> * expected[0]);
        EXPECT_EQ(exact.n_iter(), 0);
        EXPECT_TRUE(exact.converged());
      }
      PCA<T> good({.n_components = 5, .svd_solver = SvdSolver::randomized}, device);
      good.fit(x);
      EXPECT_GE(good.residual(), expected[5] * (1 - 8 * kProductRounding<T>));
      // Of 8^(1/5) and the other directions' share in a probe.
      EXPECT_LE(good.residual(), 2 * expected[5]);
      EXPECT_EQ(good.n_iter(), 4);
      // Without a step and without spare directions the components miss more, and the bound shows it.
      PCA<T> poor({.n_components = 5, .svd_solver = SvdSolver::randomized, .iterated_power = 0, .n_oversamples = 0},
                  device);
      EXPECT_GT(poor.fit(x).residual(), good.residual() * 1.02);
      EXPECT_EQ(poor.n_iter(), 0);
      PCA<T> all({.n_components = 40, .svd_solver = SvdSolver::randomized}, device);
      EXPECT_EQ(all.fit(x).residual(), 0);
    }
  }
}

TYPED_TEST(PCAModelOf, a_tolerance_buys_the_digits_it_asks_for) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(150, 60, 0.95, 1);
  const std::vector<double> expected = forja::testing::naive_svd(x).values;
  const double tol = sizeof(T) == 4 ? 1e-5 : 1e-9;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model(
        {.n_components = 6, .svd_solver = SvdSolver::randomized, .iterated_power = 0, .tol = tol, .n_oversamples = 10},
        device);
    model.fit(x);
    EXPECT_TRUE(model.converged());
    EXPECT_GE(model.n_iter(), 4);
    for (std::size_t i = 0; i < 6; ++i) {
      const double value = model.singular_values()[i];
      EXPECT_NEAR(value * value, expected[i] * expected[i], 1.01 * tol * expected[0] * expected[0]);
    }
    PCA<T> vain({.n_components = 6, .svd_solver = SvdSolver::randomized, .tol = 1e-30}, device);
    EXPECT_FALSE(vain.fit(x).converged()) << "below the rounding of any type";
    EXPECT_GT(vain.n_iter(), 4);
  }
}

TYPED_TEST(PCAModelOf, the_books_rule_is_there_by_its_name) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(600, 6, 0.5);
  for (const Device& device : forja::testing::devices_under_test()) {
    PCA<T> model({.n_components = 2}, device);
    EXPECT_EQ(model.fit(x).svd_solver_used(), SvdSolver::covariance_eigh);
    model.set_params({{"svd_solver", std::string("auto_by_size")}});
    EXPECT_EQ(model.fit(x).svd_solver_used(), SvdSolver::randomized);
    model.set_params({{"n_components", 0.9}});
    EXPECT_EQ(model.fit(x).svd_solver_used(), SvdSolver::full);
  }
}

}  // namespace
