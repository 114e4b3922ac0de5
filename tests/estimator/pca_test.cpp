// PCA: what its attributes mean, on every device.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "forja/decomposition.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/naive_svd.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::PCA;
using forja::SvdSolver;
using forja::testing::decaying;
using forja::testing::kProductRounding;
using forja::testing::naive_svd;

template <class T>
class PCAOf : public ::testing::Test {};
TYPED_TEST_SUITE(PCAOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(PCAOf, attributes_are_those_of_the_singular_value_decomposition) {
  using T = TypeParam;
  for (const auto& [n, d] : std::vector<std::pair<std::int64_t, std::int64_t>>{{60, 8}, {8, 60}}) {
    const Matrix<T> x = decaying<T>(n, d, 0.6, 4);
    const auto expected = naive_svd(x);
    const double total =
        std::inner_product(expected.values.begin(), expected.values.end(), expected.values.begin(), 0.0);
    for (const Device& device : forja::testing::devices_under_test()) {
      for (const SvdSolver solver : {SvdSolver::full, SvdSolver::covariance_eigh, SvdSolver::randomized}) {
        SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " rows");
        PCA<T> model({.n_components = 3, .svd_solver = solver}, device);
        EXPECT_FALSE(model.is_fitted());
        model.fit(x);
        EXPECT_TRUE(model.is_fitted());
        EXPECT_EQ(model.n_components(), 3);
        EXPECT_EQ(model.n_features_in(), d);
        EXPECT_EQ(model.n_samples(), n);
        EXPECT_EQ(model.svd_solver_used(), solver);
        double kept = 0;
        for (std::size_t i = 0; i < 3; ++i) {
          const double square = expected.values[i] * expected.values[i];
          kept += square;
          EXPECT_NEAR(model.singular_values()[i], expected.values[i], 8 * kProductRounding<T> * expected.values[0]);
          EXPECT_NEAR(model.explained_variance()[i], square / static_cast<double>(n - 1),
                      8 * kProductRounding<T> * total);
          EXPECT_NEAR(model.explained_variance_ratio()[i], square / total, 8 * kProductRounding<T>);
          // Up to a sign, which makes the largest entry positive.
          const auto row = model.components().row(static_cast<std::int64_t>(i));
          double product = 0;
          T largest = 0;
          for (std::size_t j = 0; j < row.size(); ++j) {
            product += static_cast<double>(row[j]) *
                       expected.vectors(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
            if (std::abs(row[j]) > std::abs(largest)) largest = row[j];
          }
          EXPECT_NEAR(std::abs(product), 1, 64 * kProductRounding<T>);
          EXPECT_GT(largest, 0);
        }
        EXPECT_NEAR(model.noise_variance(), (total - kept) / static_cast<double>((n - 1) * (std::min(n, d) - 3)),
                    8 * kProductRounding<T> * total);
      }
    }
  }
}

TYPED_TEST(PCAOf, transforms_are_projections_and_white_ones_have_unit_variance) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(300, 6, 0.5, 2);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> plain({.n_components = 4}, device);
    const Matrix<T> z = plain.fit_transform(x);
    EXPECT_EQ(z, plain.transform(x));
    PCA<T> white({.n_components = 4, .whiten = true}, device);
    const Matrix<T> w = white.fit_transform(x);
    for (std::int64_t c = 0; c < 4; ++c) {
      const double deviation = std::sqrt(plain.explained_variance()[static_cast<std::size_t>(c)]);
      double sum = 0;
      double square = 0;
      for (std::int64_t i = 0; i < 300; ++i) {
        double projection = 0;
        for (std::int64_t j = 0; j < 6; ++j) {
          projection += (static_cast<double>(x(i, j)) - plain.mean()[static_cast<std::size_t>(j)]) *
                        static_cast<double>(plain.components()(c, j));
        }
        EXPECT_NEAR(static_cast<double>(z(i, c)), projection, kProductRounding<T> * 10);
        EXPECT_NEAR(static_cast<double>(w(i, c)), projection / deviation, kProductRounding<T> * 10 / deviation);
        sum += static_cast<double>(w(i, c));
        square += static_cast<double>(w(i, c)) * static_cast<double>(w(i, c));
      }
      EXPECT_NEAR(sum, 0, 300 * kProductRounding<T> * 10 / deviation);
      EXPECT_NEAR(square / 299, 1, kProductRounding<T> * 100 / deviation);
    }
    const Matrix<T> back = plain.inverse_transform(z);
    const Matrix<T> white_back = white.inverse_transform(w);
    for (std::size_t i = 0; i < back.values().size(); ++i) {
      EXPECT_NEAR(static_cast<double>(back.values()[i]), static_cast<double>(white_back.values()[i]),
                  kProductRounding<T> * 10);
    }
  }
}

TYPED_TEST(PCAOf, rows_without_variance_have_no_nan_anywhere) {
  using T = TypeParam;
  const auto finite = [](const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v) && v >= 0; });
  };
  for (const Device& device : forja::testing::devices_under_test()) {
    for (const auto& [n, d] : std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 4}, {1, 1}, {6, 3}, {3, 6}}) {
      for (const SvdSolver solver : {SvdSolver::full, SvdSolver::covariance_eigh, SvdSolver::randomized}) {
        SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " x " + std::to_string(d));
        const Matrix<T> x(n, d, T(7));
        PCA<T> model({.n_components = std::min(n, d), .whiten = true, .svd_solver = solver}, device);
        const Matrix<T> z = model.fit_transform(x);
        EXPECT_EQ(z, Matrix<T>(n, std::min(n, d)));
        EXPECT_TRUE(finite(model.singular_values()) && finite(model.explained_variance()) &&
                    finite(model.explained_variance_ratio()));
        EXPECT_EQ(model.noise_variance(), 0);
        EXPECT_EQ(model.inverse_transform(z), x);
        EXPECT_LE(forja::testing::orthonormality(Matrix<double>(model.components().view())), kProductRounding<T>);
      }
    }
  }
}

TYPED_TEST(PCAOf, a_mean_of_a_million_costs_no_digits) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(200, 5, 0.7, 1e6);
  // The rows as they are stored, in double.
  const auto expected = naive_svd(Matrix<double>(x.view()));
  for (const Device& device : forja::testing::devices_under_test()) {
    for (const SvdSolver solver : {SvdSolver::full, SvdSolver::covariance_eigh, SvdSolver::randomized}) {
      SCOPED_TRACE(device.name());
      PCA<T> model({.n_components = 5, .svd_solver = solver}, device);
      model.fit(x);
      for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_NEAR(model.singular_values()[i], expected.values[i],
                    std::max(8 * kProductRounding<T>, 1e-10) * expected.values[0]);
      }
    }
  }
}

TYPED_TEST(PCAOf, equal_variances_give_the_same_plane) {
  using T = TypeParam;
  // A circle in the plane of the second and fourth column, and a longer first direction.
  Matrix<T> x(64, 4);
  for (std::int64_t i = 0; i < 64; ++i) {
    const double angle = 6.283185307179586 * static_cast<double>(i) / 64;
    x(i, 1) = static_cast<T>(std::cos(angle));
    x(i, 3) = static_cast<T>(std::sin(angle));
    x(i, 0) = static_cast<T>(3 * std::cos(2 * angle));
  }
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model({.n_components = 3}, device);
    model.fit(x);
    const Matrix<double> components(model.components().view());
    for (std::int64_t j : {0, 1, 3}) {
      std::vector<double> axis(4);
      axis[static_cast<std::size_t>(j)] = 1;
      EXPECT_LE(forja::testing::distance_from_span(axis, components), kProductRounding<T>) << "axis " << j;
    }
  }
}

TYPED_TEST(PCAOf, devices_agree_and_a_seed_repeats_itself) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(200, 40, 0.85, 1);
  PCA<T> first({.n_components = 5, .svd_solver = SvdSolver::randomized, .seed = 9}, Device::cpu());
  first.fit(x);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model({.n_components = 5, .svd_solver = SvdSolver::randomized, .seed = 9}, device);
    model.fit(x);
    const Matrix<T> components = model.components();
    EXPECT_EQ(model.fit(x).components(), components);
    for (std::size_t i = 0; i < components.values().size(); ++i) {
      // The same directions: what remains is the rounding of products, over the gaps between the values.
      EXPECT_NEAR(static_cast<double>(components.values()[i]), static_cast<double>(first.components().values()[i]),
                  64 * kProductRounding<T>);
    }
    // A fitted model transforms on any device.
    PCA<T> moved = first;
    moved.set_device(device);
    const Matrix<T> z = moved.transform(x);
    const Matrix<T> expected = first.transform(x);
    for (std::size_t i = 0; i < z.values().size(); ++i) {
      EXPECT_NEAR(static_cast<double>(z.values()[i]), static_cast<double>(expected.values()[i]),
                  kProductRounding<T> * 10);
    }
  }
}

}  // namespace
