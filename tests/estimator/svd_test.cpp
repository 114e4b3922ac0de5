// Singular values of rows as they are: functions, TruncatedSVD and its files, on every device.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <tuple>
#include <vector>

#include "forja/data.h"
#include "forja/svd.h"
#include "support/data.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/naive_svd.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::SvdSolver;
using forja::TruncatedSVD;
using forja::testing::decaying;
using forja::testing::kProductRounding;

/// a b, in double.
template <class T>
Matrix<double> product(const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<double> c(a.rows(), b.columns());
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t l = 0; l < a.columns(); ++l) {
      for (std::int64_t j = 0; j < b.columns(); ++j) {
        c(i, j) += static_cast<double>(a(i, l)) * static_cast<double>(b(l, j));
      }
    }
  }
  return c;
}

template <class A, class B>
double difference(const Matrix<A>& a, const Matrix<B>& b) {
  EXPECT_EQ(a.rows(), b.rows());
  EXPECT_EQ(a.columns(), b.columns());
  double worst = 0;
  for (std::size_t i = 0; i < a.values().size(); ++i) {
    const double error = std::abs(static_cast<double>(a.values()[i]) - static_cast<double>(b.values()[i]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

template <class T>
Matrix<T> transposed(const Matrix<T>& a) {
  Matrix<T> t(a.columns(), a.rows());
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < a.columns(); ++j) t(j, i) = a(i, j);
  }
  return t;
}

template <class T>
class SvdOf : public ::testing::Test {};
TYPED_TEST_SUITE(SvdOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(SvdOf, the_factors_multiply_to_the_rows) {
  using T = TypeParam;
  for (const auto& [n, d, rank] : std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>{
           {50, 8, 0}, {8, 50, 0}, {20, 6, 3}, {1, 1, 0}}) {
    const Matrix<T> x = decaying<T>(n, d, 0.7, 2, 3, rank);
    const auto expected = forja::testing::naive_svd(x, false).values;
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " x " + std::to_string(d));
      const forja::Svd<T> found = forja::svd<T>(x, device);
      Matrix<T> scaled = found.u;
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t c = 0; c < scaled.columns(); ++c) {
          scaled(i, c) *= static_cast<T>(found.singular_values[static_cast<std::size_t>(c)]);
        }
      }
      EXPECT_LE(difference(product(scaled, found.vt), x), kProductRounding<T> * expected[0]);
      EXPECT_LE(forja::testing::orthonormality(Matrix<double>(transposed(found.u).view())), kProductRounding<T>);
      EXPECT_LE(forja::testing::orthonormality(Matrix<double>(found.vt.view())), kProductRounding<T>);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(found.singular_values[i], expected[i], 1e-13 * expected[0]);
      }
    }
  }
}

TYPED_TEST(SvdOf, random_directions_find_the_leading_part) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(80, 30, 0.7, 2);
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const forja::Svd<T> whole = forja::svd<T>(x, device);
    const forja::Svd<T> found = forja::randomized_svd<T>(x, 4, {.seed = 3}, device);
    ASSERT_EQ(found.singular_values.size(), 4U);
    EXPECT_EQ(found.u.columns(), 4);
    for (std::int64_t c = 0; c < 4; ++c) {
      EXPECT_NEAR(found.singular_values[static_cast<std::size_t>(c)],
                  whole.singular_values[static_cast<std::size_t>(c)], kProductRounding<T> * whole.singular_values[0]);
      for (std::int64_t j = 0; j < 30; ++j) {
        EXPECT_NEAR(static_cast<double>(found.vt(c, j)), static_cast<double>(whole.vt(c, j)), 16 * kProductRounding<T>);
      }
    }
  }
}

// x x+ x = x, x+ x x+ = x+, and both products symmetric: Penrose (1955).
TYPED_TEST(SvdOf, the_pseudo_inverse_has_penroses_four_properties) {
  using T = TypeParam;
  for (const auto& [n, d, rank] :
       std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>{{12, 5, 0}, {5, 12, 0}, {12, 6, 3}}) {
    const Matrix<T> x = decaying<T>(n, d, 0.8, 0, 3, rank);
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " x " + std::to_string(d));
      const Matrix<T> inverse = forja::pinv<T>(x, rank > 0 ? std::optional(1e-4) : std::nullopt, device);
      const Matrix<double> left = product(x, inverse);
      const Matrix<double> right = product(inverse, x);
      const double scale = forja::testing::naive_svd(inverse, false).values[0];
      EXPECT_LE(difference(product(left, Matrix<double>(x.view())), x), kProductRounding<T> * scale * 4);
      EXPECT_LE(difference(product(right, Matrix<double>(inverse.view())), inverse),
                kProductRounding<T> * scale * scale * 4);
      EXPECT_LE(difference(left, transposed(left)), kProductRounding<T> * scale * 4);
      EXPECT_LE(difference(right, transposed(right)), kProductRounding<T> * scale * 4);
    }
  }
  for (const Device& device : forja::testing::devices_under_test()) {
    EXPECT_EQ(forja::pinv<T>(Matrix<T>(3, 2), {}, device), Matrix<T>(2, 3)) << "of zeros: zeros";
  }
}

TYPED_TEST(SvdOf, least_squares_are_the_shortest_solutions) {
  using T = TypeParam;
  for (const auto& [n, d, rank] :
       std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>{{30, 4, 0}, {4, 12, 0}, {30, 6, 3}}) {
    const Matrix<T> x = decaying<T>(n, d, 0.8, 0, 3, rank);
    const Matrix<T> y = decaying<T>(n, 2, 0.8, 1, 9);
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " x " + std::to_string(d));
      const std::optional<double> rcond = rank > 0 ? std::optional(1e-4) : std::nullopt;
      const forja::Lstsq<T> found = forja::lstsq<T>(x, y.view(), rcond, device);
      EXPECT_EQ(found.rank, rank > 0 ? rank : std::min(n, d));
      EXPECT_EQ(std::ssize(found.singular_values), std::min(n, d));
      const Matrix<T> inverse = forja::pinv<T>(x, rcond, device);
      const double scale = forja::testing::naive_svd(inverse, false).values[0];
      EXPECT_LE(difference(found.solution, product(inverse, y)), 8 * kProductRounding<T> * scale * scale);
      const Matrix<double> fitted = product(x, found.solution);
      for (std::int64_t t = 0; t < 2; ++t) {
        double square = 0;
        for (std::int64_t i = 0; i < n; ++i) square += std::pow(static_cast<double>(y(i, t)) - fitted(i, t), 2);
        EXPECT_NEAR(found.residual_squares[static_cast<std::size_t>(t)], square,
                    kProductRounding<T> * scale * (square + 1));
      }
    }
  }
}

TYPED_TEST(SvdOf, truncated_values_and_variances_are_those_of_scikit_learn) {
  using T = TypeParam;
  const Matrix<T> x = forja::read_csv<T>(forja::testing::book_csv("iris"), {.target = "target"}).x;
  const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-7;
  for (const Device& device : forja::testing::devices_under_test()) {
    for (const SvdSolver solver : {SvdSolver::automatic, SvdSolver::covariance_eigh, SvdSolver::randomized}) {
      SCOPED_TRACE(device.name());
      TruncatedSVD<T> model({.svd_solver = solver}, device);
      EXPECT_FALSE(model.is_fitted());
      const Matrix<T> z = model.fit_transform(x);
      EXPECT_EQ(model.n_features_in(), 4);
      EXPECT_EQ(model.svd_solver_used(), solver == SvdSolver::automatic ? SvdSolver::full : solver);
      EXPECT_EQ(model.n_iter(), solver == SvdSolver::randomized ? 4 : 0);
      EXPECT_TRUE(model.converged());
      // scikit-learn 1.9.1, algorithm arpack.
      EXPECT_NEAR(model.singular_values()[0], 95.95991387, 100 * tolerance);
      EXPECT_NEAR(model.singular_values()[1], 17.76103366, 100 * tolerance);
      EXPECT_NEAR(model.explained_variance()[0], 2.40184778, 10 * tolerance);
      EXPECT_NEAR(model.explained_variance()[1], 2.03709712, 10 * tolerance);
      EXPECT_NEAR(model.explained_variance_ratio()[0], 0.52875361, tolerance);
      EXPECT_NEAR(model.explained_variance_ratio()[1], 0.44845576, tolerance);
      EXPECT_NEAR(model.residual(), forja::testing::naive_svd(x, false).values[2],
                  solver == SvdSolver::randomized ? 3 : 1e-3);
      // What is left out of a row has at most the residual's length.
      const Matrix<T> back = model.inverse_transform(z);
      for (std::int64_t i = 0; i < 150; ++i) {
        double square = 0;
        for (std::int64_t j = 0; j < 4; ++j) square += std::pow(static_cast<double>(x(i, j) - back(i, j)), 2);
        EXPECT_LE(std::sqrt(square), model.residual());
      }
    }
  }
}

TYPED_TEST(SvdOf, a_truncated_model_comes_back_from_its_file_and_damage_is_refused) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(30, 4, 0.6, 2);
  TruncatedSVD<T> model({.n_components = 3, .svd_solver = SvdSolver::randomized, .seed = 4}, Device::cpu());
  model.fit(x);
  std::ostringstream out;
  model.save(out);
  const std::string bytes = out.str();
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    std::istringstream in(bytes);
    const TruncatedSVD<T> other = TruncatedSVD<T>::load(in, device);
    EXPECT_EQ(other.get_params(), model.get_params());
    EXPECT_EQ(other.components(), model.components());
    EXPECT_EQ(other.singular_values(), model.singular_values());
    EXPECT_EQ(other.explained_variance(), model.explained_variance());
    EXPECT_EQ(other.residual(), model.residual());
    EXPECT_EQ(other.svd_solver_used(), SvdSolver::randomized);
    EXPECT_LE(difference(other.transform(x), model.transform(x)), kProductRounding<T> * 10);
  }
  for (std::size_t size = 0; size < bytes.size(); size += 3) {
    std::istringstream in(bytes.substr(0, size));
    EXPECT_THROW(TruncatedSVD<T>::load(in), forja::ModelFormatError) << size;
  }
}

}  // namespace
