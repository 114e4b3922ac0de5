// Gradient boosting as its users meet it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "forja/boosting.h"
#include "forja/concepts.h"
#include "forja/error.h"
#include "forja/generators.h"
#include "support/boosting_models.h"
#include "support/devices.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using Labels = std::vector<std::int32_t>;
using RegressorOptions = HistGradientBoostingRegressorOptions;
using Loss = BoostingRegressionLoss;

static_assert(Regressor<HistGradientBoostingRegressor<float>>);
static_assert(Classifier<HistGradientBoostingClassifier<double>>);

template <class T>
class Boosting : public ::testing::Test {};
TYPED_TEST_SUITE(Boosting, StorageTypes, StorageName);

TYPED_TEST(Boosting, learns_a_curve_and_tells_how_it_did) {
  using T = TypeParam;
  const Curve<T> data = curve<T>(200, 3, 0.1);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    RegressorOptions options = small_trees();
    options.learning_rate = 0.4;
    Regress<T> model(options, device);
    EXPECT_FALSE(model.is_fitted());
    model.fit(data.x, data.y);
    EXPECT_TRUE(model.is_fitted());
    EXPECT_EQ(model.n_iter(), 5);
    EXPECT_EQ(model.n_features_in(), 3);
    EXPECT_FALSE(model.converged());
    EXPECT_TRUE(model.train_score().empty());
    EXPECT_TRUE(model.validation_score().empty());
    EXPECT_GT(model.score(data.x, data.y), 0.9);
    const double mean = std::accumulate(data.y.begin(), data.y.end(), 0.0) / 200;
    ASSERT_EQ(model.baseline().size(), 1U);
    EXPECT_NEAR(model.baseline()[0], mean, 1e-6);
    const std::vector<double> gain = model.feature_importances();
    const std::vector<double> split = model.feature_importances(ImportanceKind::split);
    EXPECT_NEAR(std::accumulate(gain.begin(), gain.end(), 0.0), 1, 1e-12);
    EXPECT_NEAR(std::accumulate(split.begin(), split.end(), 0.0), 1, 1e-12);
    EXPECT_GT(gain[0] + gain[2], 0.95);
    EXPECT_LT(split[1], split[0]);
  }
}

TYPED_TEST(Boosting, single_rows_are_predicted_as_all_are) {
  using T = TypeParam;
  Curve<T> data = curve<T>(200, 3, 0.1);
  for (std::int64_t i = 0; i < 200; i += 3) data.x(i, 0) = kNaN<T>;
  for (std::int64_t i = 0; i < 200; ++i) data.x(i, 1) = std::floor(data.x(i, 1) * 12);
  data.x(7, 2) = std::numeric_limits<T>::infinity();
  data.x(8, 2) = -std::numeric_limits<T>::infinity();
  Labels y;
  for (const T value : data.y) y.push_back(value < 1 ? 4 : (value < 2 ? -2 : 9));
  for (const Device& device : devices_under_test()) {
    RegressorOptions options = small_trees();
    // More trees than are walked at once.
    options.max_iter = 18;
    options.max_leaf_nodes = 3;
    options.categorical_features = {1};
    Regress<T> model(options, device);
    model.fit(data.x, data.y);
    Matrix<T> rows = data.x;
    rows(5, 1) = 99;
    rows(6, 1) = -3;
    const std::vector<T> all = model.predict(rows);
    Classify<T> classes({.max_iter = 2, .max_leaf_nodes = 4, .min_samples_leaf = 4, .categorical_features = {1}},
                        device);
    classes.fit(data.x, y);
    const Labels labels = classes.predict(rows);
    const Matrix<T> probabilities = classes.predict_proba(rows);
    std::vector<T> one(3);
    for (std::int64_t i = 0; i < 200; ++i) {
      const std::span<const T> row = std::as_const(rows).row(i);
      ASSERT_EQ(model.predict(row), all[static_cast<std::size_t>(i)]) << i;
      ASSERT_EQ(classes.predict(row), labels[static_cast<std::size_t>(i)]) << i;
      classes.predict_proba(row, one);
      ASSERT_TRUE(std::equal(one.begin(), one.end(), probabilities.row(i).begin())) << i;
    }
  }
}

TYPED_TEST(Boosting, two_classes_have_one_tree_a_round_and_probabilities_of_its_score) {
  using T = TypeParam;
  const auto data = make_classification<T>({.n_samples = 150, .n_features = 4, .seed = 3});
  Labels y;
  for (const std::int32_t label : data.labels) y.push_back(label == 0 ? -7 : 12);
  for (const Device& device : devices_under_test()) {
    Classify<T> model({.max_iter = 8, .max_leaf_nodes = 4, .min_samples_leaf = 5}, device);
    model.fit(data.x, y);
    EXPECT_EQ(model.classes(), (Labels{-7, 12}));
    EXPECT_GT(model.score(data.x, y), 0.9);
    const Matrix<T> margin = model.decision_function(data.x);
    const Matrix<T> shares = model.predict_proba(data.x);
    const Labels predicted = model.predict(data.x);
    ASSERT_EQ(margin.columns(), 1);
    ASSERT_EQ(shares.columns(), 2);
    for (std::int64_t i = 0; i < 150; ++i) {
      ASSERT_NEAR(static_cast<double>(shares(i, 1)), 1 / (1 + std::exp(-static_cast<double>(margin(i, 0)))), 1e-6);
      ASSERT_NEAR(static_cast<double>(shares(i, 0) + shares(i, 1)), 1, 1e-6);
      ASSERT_EQ(predicted[static_cast<std::size_t>(i)], margin(i, 0) > 0 ? 12 : -7);
    }
    const double ones = static_cast<double>(std::count(y.begin(), y.end(), 12));
    EXPECT_NEAR(model.baseline()[0], std::log(ones / (150 - ones)), 1e-9);
  }
}

TYPED_TEST(Boosting, more_classes_have_a_tree_each) {
  using T = TypeParam;
  const Blobs<T> data = make_blobs<T>({.n_samples = 120, .centers = 4, .cluster_std = 1, .seed = 2});
  for (const Device& device : devices_under_test()) {
    Classify<T> model({.max_iter = 5, .max_leaf_nodes = 4, .min_samples_leaf = 5}, device);
    model.fit(data.x, data.labels);
    EXPECT_EQ(model.n_iter(), 5);
    EXPECT_EQ(model.baseline().size(), 4U);
    EXPECT_GT(model.score(data.x, data.labels), 0.95);
    const Matrix<T> shares = model.predict_proba(data.x);
    EXPECT_EQ(model.decision_function(data.x).columns(), 4);
    for (std::int64_t i = 0; i < 120; ++i) {
      const auto row = shares.row(i);
      ASSERT_NEAR(static_cast<double>(std::accumulate(row.begin(), row.end(), T(0))), 1, 1e-5);
    }
  }
}

TYPED_TEST(Boosting, stages_end_at_the_prediction) {
  using T = TypeParam;
  const Curve<T> data = curve<T>(100, 2, 0.1);
  for (const Device& device : devices_under_test()) {
    Regress<T> model(small_trees(), device);
    model.fit(data.x, data.y);
    std::vector<T> last;
    std::int64_t stages = 0;
    double before = 1e300;
    model.staged_predict(data.x, [&](std::int64_t round, std::span<const T> predictions) {
      ASSERT_EQ(round, ++stages);
      last.assign(predictions.begin(), predictions.end());
      double error = 0;
      for (std::size_t i = 0; i < last.size(); ++i) error += std::pow(static_cast<double>(last[i] - data.y[i]), 2);
      EXPECT_LT(error, before);
      before = error;
    });
    EXPECT_EQ(stages, 5);
    EXPECT_EQ(last, model.predict(data.x));

    Labels y;
    for (const T value : data.y) y.push_back(value < 2 ? 0 : 1);
    Classify<T> classes({.max_iter = 4, .max_leaf_nodes = 3, .min_samples_leaf = 5}, device);
    classes.fit(data.x, y);
    Labels labels;
    Matrix<T> shares;
    classes.staged_predict(
        data.x, [&](std::int64_t, std::span<const std::int32_t> now) { labels.assign(now.begin(), now.end()); });
    classes.staged_predict_proba(data.x, [&](std::int64_t, const Matrix<T>& now) { shares = now; });
    EXPECT_EQ(labels, classes.predict(data.x));
    EXPECT_EQ(shares, classes.predict_proba(data.x));
  }
}

TYPED_TEST(Boosting, groups_without_a_value_have_their_own_mean) {
  using T = TypeParam;
  // y = 5 where x is missing, else 1 + x.
  Matrix<T> x(200, 1);
  std::vector<T> y;
  for (std::int64_t i = 0; i < 200; ++i) {
    x(i, 0) = i % 4 == 0 ? kNaN<T> : static_cast<T>(i % 10) / 10;
    y.push_back(i % 4 == 0 ? T(5) : 1 + x(i, 0));
  }
  for (const Device& device : devices_under_test()) {
    Regress<T> model({.learning_rate = 0.5, .max_iter = 12, .min_samples_leaf = 5}, device);
    model.fit(x, y);
    EXPECT_NEAR(static_cast<double>(model.predict(Matrix<T>(1, 1, {kNaN<T>}))[0]), 5, 0.01);
    EXPECT_NEAR(static_cast<double>(model.predict(Matrix<T>(1, 1, {T(0.3)}))[0]), 1.3, 0.05);
  }
}

TYPED_TEST(Boosting, categories_without_an_order_need_to_be_named) {
  using T = TypeParam;
  // 20 levels with alternating means: numbers would need a split between any two.
  Matrix<T> x(300, 1);
  std::vector<T> y;
  for (std::int64_t i = 0; i < 300; ++i) {
    x(i, 0) = static_cast<T>(i % 20);
    y.push_back(static_cast<T>((i * 7) % 20 < 10 ? -1 : 1) + static_cast<T>((i % 3) - 1) / 20);
  }
  RegressorOptions options{.max_iter = 30, .max_leaf_nodes = 3, .min_samples_leaf = 10};
  EXPECT_LE(Regress<T>(options, Device::cpu()).fit(x, y).score(x, y), 0.75);
  for (const Device& device : devices_under_test()) {
    options.categorical_features = categorical_features(std::vector<bool>{true});
    Regress<T> categories(options, device);
    EXPECT_GE(categories.fit(x, y).score(x, y), 0.97);
    // A category never seen, and a negative one, are missing values.
    const std::vector<T> other = categories.predict(Matrix<T>(3, 1, {T(77), T(-1), kNaN<T>}));
    EXPECT_EQ(other[0], other[1]);
    EXPECT_EQ(other[0], other[2]);
  }
}

TYPED_TEST(Boosting, columns_of_text_are_categories) {
  const std::vector<std::vector<std::string>> categories = {{}, {"a", "b"}, {}, {"c"}};
  EXPECT_EQ(categorical_features(categories), (std::vector<std::int64_t>{1, 3}));
}

TYPED_TEST(Boosting, monotone_constraints_hold_on_a_grid) {
  using T = TypeParam;
  const Curve<T> data = curve<T>(300, 2, 3);
  for (const Device& device : devices_under_test()) {
    for (const Loss loss : {Loss::squared_error, Loss::absolute_error}) {
      for (const std::int32_t direction : {1, -1}) {
        RegressorOptions options{.loss = loss, .learning_rate = 0.5, .max_iter = 3, .max_leaf_nodes = 8};
        // It rises in the first feature and falls in most of the second.
        options.monotonic_cst = {direction == 1 ? 1 : 0, direction == 1 ? 0 : -1};
        const std::int64_t constrained = direction == 1 ? 0 : 1;
        Regress<T> model(options, device);
        model.fit(data.x, data.y);
        EXPECT_GT(model.score(data.x, data.y), 0.2);
        std::int64_t moves = 0;
        for (int a = 0; a < 8; ++a) {
          Matrix<T> grid(60, 2);
          for (std::int64_t i = 0; i < 60; ++i) {
            grid(i, 1 - constrained) = static_cast<T>(a) / 8;
            grid(i, constrained) = static_cast<T>(i) / 60;
          }
          const std::vector<T> found = model.predict(grid);
          for (std::size_t i = 1; i < 60; ++i) {
            ASSERT_GE(static_cast<T>(direction) * (found[i] - found[i - 1]), T(-1e-5)) << a << " " << i;
            moves += found[i] != found[i - 1] ? 1 : 0;
          }
        }
        EXPECT_GT(moves, 0);
      }
    }
  }
}

TYPED_TEST(Boosting, features_in_different_groups_do_not_interact) {
  using T = TypeParam;
  Curve<T> data = curve<T>(300, 2, 0.1);
  for (std::int64_t i = 0; i < 300; ++i) {
    data.y[static_cast<std::size_t>(i)] = (data.x(i, 0) - T(0.4)) * (data.x(i, 1) - T(0.3)) * 4;
  }
  for (const Device& device : devices_under_test()) {
    RegressorOptions options{.learning_rate = 0.3, .max_iter = 6, .max_leaf_nodes = 6, .min_samples_leaf = 5};
    const double together = Regress<T>(options, device).fit(data.x, data.y).score(data.x, data.y);
    options.interaction_cst = {{0}, {1}};
    Regress<T> apart(options, device);
    apart.fit(data.x, data.y);
    EXPECT_LT(apart.score(data.x, data.y), together);
    // A sum of functions of one feature each: differences in one do not depend on the other.
    const Matrix<T> corners(4, 2, {T(0.1), T(0.2), T(0.9), T(0.2), T(0.1), T(0.8), T(0.9), T(0.8)});
    const std::vector<T> at = apart.predict(corners);
    EXPECT_NEAR(static_cast<double>(at[1] - at[0]), static_cast<double>(at[3] - at[2]), 1e-5);
  }
}

}  // namespace
}  // namespace forja::testing
