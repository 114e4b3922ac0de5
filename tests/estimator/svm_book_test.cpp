// Figures of the book's chapter 5 that kernel machines reproduce.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "forja/data.h"
#include "forja/model_selection.h"
#include "forja/preprocessing.h"
#include "forja/svm.h"
#include "support/data.h"
#include "support/devices.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::SVC;
using forja::SVMKernel;
using forja::SVR;
using forja::testing::book_csv;
using forja::testing::devices_under_test;
using Labels = std::vector<std::int32_t>;

template <class T>
class SvmBook : public ::testing::Test {};
TYPED_TEST_SUITE(SvmBook, forja::testing::StorageTypes, forja::testing::StorageName);

template <class T>
struct Moons {
  Matrix<T> x_train;
  Matrix<T> x_test;
  Labels y_train;
  Labels y_test;
};

/// The book's 100 moons and 1000 others of the same kind, scaled by the former.
template <class T>
Moons<T> scaled_moons() {
  const auto train = forja::read_csv<T>(book_csv("moons_100"), {.target = "target"});
  const auto test = forja::read_csv<T>(book_csv("moons_100_test"), {.target = "target"});
  forja::StandardScaler<T> scaler;
  Matrix<T> x_train = scaler.fit_transform(train.x);
  return {std::move(x_train), scaler.transform(test.x), train.labels(), test.labels()};
}

TYPED_TEST(SvmBook, a_polynomial_of_degree_3_parts_the_moons) {
  using T = TypeParam;
  const Moons<T> moons = scaled_moons<T>();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> model({.C = 5, .kernel = SVMKernel::poly, .degree = 3, .coef0 = 1}, device);
    model.fit(moons.x_train, moons.y_train);
    EXPECT_TRUE(model.converged());
    EXPECT_NEAR(model.score(moons.x_train, moons.y_train), 0.98, 1e-12);
    EXPECT_EQ(model.n_support(), (std::vector<std::int64_t>{10, 9}));
    EXPECT_NEAR(model.score(moons.x_test, moons.y_test), 0.979, 0.005);
  }
}

TYPED_TEST(SvmBook, a_gaussian_kernel_is_smooth_where_c_is_small_and_sharp_where_it_is_great) {
  using T = TypeParam;
  const Moons<T> moons = scaled_moons<T>();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> smooth({.C = 0.001, .gamma = 5}, device);
    smooth.fit(moons.x_train, moons.y_train);
    EXPECT_EQ(smooth.support().size(), 100U);
    EXPECT_NEAR(smooth.score(moons.x_train, moons.y_train), 0.97, 1e-12);
    EXPECT_NEAR(smooth.score(moons.x_test, moons.y_test), 0.981, 0.0015);
    SVC<T> sharp({.C = 1000, .gamma = 5}, device);
    sharp.fit(moons.x_train, moons.y_train);
    EXPECT_NEAR(sharp.score(moons.x_train, moons.y_train), 1, 1e-12);
    EXPECT_NEAR(sharp.score(moons.x_test, moons.y_test), 0.996, 0.0015);
    EXPECT_EQ(sharp.n_support(), (std::vector<std::int64_t>{17, 18}));
  }
}

/// The map whose products are (1 + a b)^2, as in the book's equation 5-11.
Matrix<double> mapped(const Matrix<double>& x) {
  const double root = std::sqrt(2.0);
  Matrix<double> out(x.rows(), 6);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const double a = x(i, 0);
    const double b = x(i, 1);
    const double terms[] = {1, root * a, root * b, a * a, root * a * b, b * b};
    std::copy(std::begin(terms), std::end(terms), out.row(i).begin());
  }
  return out;
}

TEST(SvmBook, the_kernel_trick_is_the_explicit_map) {
  const Moons<double> moons = scaled_moons<double>();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<double> trick({.kernel = SVMKernel::poly, .degree = 2, .gamma = 1, .coef0 = 1, .tol = 1e-9}, device);
    SVC<double> map({.kernel = SVMKernel::linear, .tol = 1e-9}, device);
    trick.fit(moons.x_train, moons.y_train);
    map.fit(mapped(moons.x_train), moons.y_train);
    const Matrix<double> by_trick = trick.decision_function(moons.x_test);
    const Matrix<double> by_map = map.decision_function(mapped(moons.x_test));
    for (std::int64_t i = 0; i < by_map.rows(); ++i) ASSERT_NEAR(by_trick(i, 0), by_map(i, 0), 1e-6) << i;
  }
}

TEST(SvmBook, equation_5_8_of_the_learned_attributes_is_the_decision_function) {
  const Moons<double> moons = scaled_moons<double>();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<double> model({.C = 10, .gamma = 2}, device);
    model.fit(moons.x_train, moons.y_train);
    const Matrix<double> found = model.decision_function(moons.x_test);
    const Matrix<double>& vectors = model.support_vectors();
    for (std::int64_t i = 0; i < found.rows(); ++i) {
      double sum = model.intercept()[0];
      for (std::int64_t v = 0; v < vectors.rows(); ++v) {
        double distance = 0;
        for (std::int64_t j = 0; j < 2; ++j) {
          distance += (moons.x_test(i, j) - vectors(v, j)) * (moons.x_test(i, j) - vectors(v, j));
        }
        sum += model.dual_coef()(0, v) * std::exp(-2 * distance);
      }
      ASSERT_NEAR(found(i, 0), sum, 1e-6) << i;
    }
  }
}

TYPED_TEST(SvmBook, the_widest_street_between_two_irises_does_not_depend_on_those_far_from_it) {
  using T = TypeParam;
  const auto table =
      forja::read_csv<T>(book_csv("iris"), {.target = "target", .columns = {"petal_length", "petal_width"}});
  Matrix<T> x(103, 2);
  Labels y(100, 0);
  std::fill(y.begin() + 50, y.end(), 1);
  for (std::int64_t i = 0; i < 100; ++i) std::copy_n(table.x.row(i).begin(), 2, x.row(i).begin());
  const T far[3][2] = {{T(0.5), T(0.1)}, {T(0.7), T(0.2)}, {T(6), T(2.5)}};
  for (std::int64_t i = 0; i < 3; ++i) std::copy_n(far[i], 2, x.row(100 + i).begin());
  for (const Device& device : devices_under_test()) {
    for (const std::int64_t rows : {100, 103}) {
      SCOPED_TRACE(device.name() + ", " + std::to_string(rows) + " rows");
      Labels labels = y;
      if (rows == 103) labels.insert(labels.end(), {0, 0, 1});
      SVC<T> model({.C = 1e6, .kernel = SVMKernel::linear}, device);
      model.fit(x.view().middle_rows(0, rows), labels);
      EXPECT_TRUE(model.converged());
      EXPECT_NEAR(model.coef()(0, 0), 1.29412, 1e-3);
      EXPECT_NEAR(model.coef()(0, 1), 0.82353, 1e-3);
      EXPECT_NEAR(model.intercept()[0], -3.78823, 2e-3);
    }
  }
}

TYPED_TEST(SvmBook, the_narrower_the_tube_the_more_rows_support_it) {
  using T = TypeParam;
  Matrix<T> x(50, 1);
  std::vector<T> y;
  for (std::int64_t i = 0; i < 50; ++i) {
    x(i, 0) = static_cast<T>(2 * static_cast<double>(i) / 49);
    y.push_back(static_cast<T>(4 + 3 * static_cast<double>(x(i, 0)) + std::sin(37.0 * static_cast<double>(i))));
  }
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    std::size_t before = 0;
    for (const double epsilon : {1.2, 0.5, 0.1}) {
      SVR<T> model({.epsilon = epsilon, .kernel = SVMKernel::linear}, device);
      model.fit(x, std::span<const T>(y));
      EXPECT_GT(model.support().size(), before) << epsilon;
      before = model.support().size();
    }
  }
}

TYPED_TEST(SvmBook, wine_needs_its_columns_scaled) {
  using T = TypeParam;
  const auto wine = forja::read_csv<T>(book_csv("wine"), {.target = "target"});
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto mean_score = [&](bool scaled) {
      double sum = 0;
      for (const auto& fold : forja::StratifiedKFold({.n_splits = 5}).split(wine.labels())) {
        Matrix<T> train = forja::take_rows(wine.x.view(), fold.train);
        Matrix<T> test = forja::take_rows(wine.x.view(), fold.test);
        if (scaled) {
          forja::StandardScaler<T> scaler;
          train = scaler.fit_transform(train);
          test = scaler.transform(test);
        }
        SVC<T> model({}, device);
        model.fit(train, forja::take_rows(wine.labels(), fold.train));
        sum += model.score(test, forja::take_rows(wine.labels(), fold.test));
      }
      return sum / 5;
    };
    EXPECT_NEAR(mean_score(false), 0.64, 0.03);
    EXPECT_NEAR(mean_score(true), 0.97, 0.015);
  }
}

TEST(SvmBook, of_mnist_s_first_2000_digits_45_pairs_are_told_apart) {
  const auto folder = forja::testing::data_dir();
  if (!folder) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  const Matrix<float> images = forja::read_idx_images<float>(*folder / "mnist" / "train-images-idx3-ubyte.gz");
  Labels labels = forja::read_idx_labels(*folder / "mnist" / "train-labels-idx1-ubyte.gz");
  labels.resize(2000);
  // On the emulated device as well, the working sets of 45 problems would take minutes.
  SVC<float> model({.decision_function_shape = forja::DecisionShape::ovo}, Device::cpu());
  model.fit(images.view().middle_rows(0, 2000), labels);
  EXPECT_TRUE(model.converged());
  EXPECT_EQ(model.intercept().size(), 45U);
  const auto first = images.view().middle_rows(0, 1);
  EXPECT_EQ(model.decision_function(first).columns(), 45);
  EXPECT_EQ(model.predict(first)[0], 5);
}

}  // namespace
