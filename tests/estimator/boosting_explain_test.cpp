// What explains boosted trees: SHAP values, partial dependence by recursion, permutation importance.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "forja/boosting.h"
#include "forja/inspection.h"
#include "forja/linear.h"
#include "formulas/counter_random.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::HistGradientBoostingClassifier;
using forja::HistGradientBoostingRegressor;
using forja::InvalidArgument;
using forja::Matrix;
using forja::MatrixView;
using forja::PartialDependence;
using forja::testing::devices_under_test;
using forja::testing::kRounding;
using forja::testing::refusal;
using Features = std::vector<std::int64_t>;

/// Three columns: a number, a category of five, noise; with blanks in the first two.
template <class T>
struct Mixed {
  Mixed() {
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      const auto chance = [&](std::int64_t k) {
        return forja::formulas::random_uniform(5, 1, static_cast<std::uint64_t>(10 * i + k));
      };
      const auto category = static_cast<std::int64_t>(5 * chance(1));
      x(i, 0) = static_cast<T>(chance(0));
      x(i, 1) = static_cast<T>(category);
      x(i, 2) = static_cast<T>(chance(2));
      y.push_back(static_cast<T>(2 * chance(0) + (category % 2 == 0 ? 1.0 : 0.0)));
      label.push_back(static_cast<std::int32_t>((category + (chance(0) > 0.5 ? 1 : 0)) % 3));
      for (std::int64_t f = 0; f < 2; ++f) {
        if (chance(3 + f) < 0.1) x(i, f) = std::numeric_limits<T>::quiet_NaN();
      }
    }
  }
  Matrix<T> x{300, 3};
  std::vector<T> y;
  std::vector<std::int32_t> label;
};

template <class T>
class BoostingExplained : public ::testing::Test {
 protected:
  const Mixed<T> data_;
};
TYPED_TEST_SUITE(BoostingExplained, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(BoostingExplained, shap_values_sum_to_the_prediction) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    HistGradientBoostingRegressor<T> model({.max_iter = 5, .max_leaf_nodes = 8, .categorical_features = {1}}, device);
    model.fit(this->data_.x, this->data_.y);
    const Matrix<double> values = model.shap_values(this->data_.x);
    ASSERT_EQ(values.columns(), 4);
    const std::vector<T> predicted = model.predict(this->data_.x);
    double noise = 0;
    double number = 0;
    for (std::int64_t i = 0; i < values.rows(); ++i) {
      double sum = 0;
      for (const double value : values.row(i)) sum += value;
      // The prediction is rounded to T.
      EXPECT_NEAR(sum, static_cast<double>(predicted[static_cast<std::size_t>(i)]), 4 * kRounding<T>);
      number += std::abs(values(i, 0));
      noise += std::abs(values(i, 2));
      EXPECT_EQ(values(i, 3), values(0, 3));
    }
    EXPECT_GT(number, 10 * noise);
  }
}

TYPED_TEST(BoostingExplained, each_class_has_its_shap_values) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    HistGradientBoostingClassifier<T> model({.max_iter = 3, .max_leaf_nodes = 8, .categorical_features = {1}}, device);
    model.fit(this->data_.x, this->data_.label);
    const Matrix<double> values = model.shap_values(this->data_.x);
    const Matrix<T> scores = model.decision_function(this->data_.x);
    ASSERT_EQ(values.columns(), 12);
    for (std::int64_t i = 0; i < values.rows(); ++i) {
      for (std::int64_t k = 0; k < 3; ++k) {
        double sum = 0;
        for (std::int64_t f = 0; f < 4; ++f) sum += values(i, 4 * k + f);
        EXPECT_NEAR(sum, static_cast<double>(scores(i, k)), 4 * kRounding<T>);
      }
    }
  }
}

TYPED_TEST(BoostingExplained, shap_values_refuse_what_predict_refuses) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    HistGradientBoostingRegressor<T> model({.max_iter = 1}, device);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.shap_values(this->data_.x); }),
              "HistGradientBoostingRegressor::shap_values: call fit first");
    model.fit(this->data_.x, this->data_.y);
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.shap_values(Matrix<T>(1, 2)); }),
              "HistGradientBoostingRegressor::shap_values: x has 2 columns but the model was fitted with 3");
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.shap_values(Matrix<T>(0, 3)); }),
              "HistGradientBoostingRegressor::shap_values: x is empty (0 x 3)");
  }
}

TYPED_TEST(BoostingExplained, of_stumps_recursion_and_brute_force_are_the_same) {
  using T = TypeParam;
  // A tree of one split asks for one feature: the mean over its two sides by rows is the mean over the rows of fit.
  for (const Device& device : devices_under_test()) {
    HistGradientBoostingRegressor<T> model({.max_iter = 20, .max_leaf_nodes = 2, .categorical_features = {1}}, device);
    model.fit(this->data_.x, this->data_.y);
    const auto predict = [&](MatrixView<const T> rows) { return model.predict(rows); };
    for (const Features& features : {Features{0}, Features{1}, Features{1, 0}}) {
      const forja::PartialDependenceOptions options = {.grid_resolution = 6};
      const PartialDependence fast = partial_dependence(model, this->data_.x.view(), features, options);
      const PartialDependence brute = partial_dependence(predict, this->data_.x.view(), features, options);
      EXPECT_EQ(fast.grid_values, brute.grid_values);
      ASSERT_EQ(fast.average.columns(), brute.average.columns());
      for (std::int64_t point = 0; point < fast.average.columns(); ++point) {
        // Predictions are rounded to T, and 300 of them added up.
        EXPECT_NEAR(fast.average(0, point), brute.average(0, point), 40 * kRounding<T>);
      }
    }
  }
}

TYPED_TEST(BoostingExplained, dependence_refuses_other_columns_and_models_that_are_not_fitted) {
  using T = TypeParam;
  HistGradientBoostingRegressor<T> model({.max_iter = 1}, devices_under_test().front());
  const Matrix<T> narrow(2, 2);
  EXPECT_NE(refusal<forja::NotFitted>([&] { partial_dependence(model, narrow.view(), Features{0}); }), "not refused");
  model.fit(this->data_.x, this->data_.y);
  EXPECT_EQ(refusal<InvalidArgument>([&] { partial_dependence(model, narrow.view(), Features{0}); }),
            "partial_dependence: x has 2 columns but the model was fitted with 3");
}

TYPED_TEST(BoostingExplained, models_by_their_own_score_have_permutation_importances) {
  using T = TypeParam;
  const Device& device = devices_under_test().front();
  HistGradientBoostingClassifier<T> model({.max_iter = 5, .max_leaf_nodes = 8, .categorical_features = {1}}, device);
  model.fit(this->data_.x, this->data_.label);
  const auto found =
      permutation_importance(model, this->data_.x.view(), std::span<const std::int32_t>(this->data_.label));
  EXPECT_GT(found.importances_mean[0], 0.1);
  EXPECT_GT(found.importances_mean[1], 0.1);
  EXPECT_LT(std::abs(found.importances_mean[2]), 0.05);

  forja::LinearRegression<T> line({}, device);
  const Matrix<T> x(6, 1, {0, 1, 2, 3, 4, 5});
  const std::vector<T> y = {1, 3, 5, 7, 9, 11};
  const std::vector<T> weight = {1, 1, 1, 0, 0, 0};
  line.fit(x, y);
  const auto all = permutation_importance(line, x.view(), std::span<const T>(y));
  const auto weighted = permutation_importance(line, x.view(), std::span<const T>(y), {}, std::span<const T>(weight));
  EXPECT_GT(all.importances_mean[0], 0.5);
  // The same shuffles cost more R^2 where the rows that count lie closer together.
  EXPECT_GT(weighted.importances_mean[0], all.importances_mean[0]);
}

}  // namespace
