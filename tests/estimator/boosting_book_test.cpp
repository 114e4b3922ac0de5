// Gradient boosting on the book's data sets: its figures, the quality of others at equal settings, and the same bits on
// every device.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "forja/boosting.h"
#include "forja/data.h"
#include "forja/generators.h"
#include "forja/metrics.h"
#include "forja/model_selection.h"
#include "support/boosting_models.h"
#include "support/data.h"
#include "support/devices.h"
#include "support/linear_files.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using Labels = std::vector<std::int32_t>;
using RegressorOptions = HistGradientBoostingRegressorOptions;
using ClassifierOptions = HistGradientBoostingClassifierOptions;

bool is_fast(const Device& device) {
  return device.is_cpu() || device.description().find("NVIDIA") != std::string::npos;
}

TEST(BoostingBook, three_trees_of_residuals_predict_what_the_books_do) {
  // Three trees of depth 2, each of what the ones before left: the mean that boosting begins with moves the leaves of
  // the first tree and their splits not at all.
  const auto table = book_table<double>("boosting_toy");
  const Matrix<double> at(3, 1, {-0.4, 0.0, 0.5});
  const std::array<double, 3> expected = {0.49484029, 0.04021166, 0.75026781};
  for (const Device& device : devices_under_test()) {
    RegressorOptions options{.learning_rate = 1, .max_iter = 3, .max_leaf_nodes = {}, .max_depth = 2};
    options.min_samples_leaf = 1;
    options.precision = GradientPrecision::exact;
    HistGradientBoostingRegressor<double> model(options, device);
    model.fit(table.x, table.target);
    const std::vector<double> found = model.predict(at);
    // Leaves are sums of gradients in float: seven digits.
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i], expected[i], 5e-8) << device.name();
  }
}

/// Rows i with i % 5 == fold are the test part.
SplitRows every_fifth(std::int64_t n, std::int64_t fold) {
  SplitRows rows;
  for (std::int64_t i = 0; i < n; ++i) (i % 5 == fold ? rows.test : rows.train).push_back(i);
  return rows;
}

struct Quality {
  double score = 0;  ///< mean over folds: accuracy or R^2
  double error = 0;  ///< log loss or root mean squared error
};

/// Five folds at the defaults, without early stopping.
Quality class_quality(const std::string& name, GradientPrecision precision) {
  const auto table = read_csv<double>(book_csv(name), {.target = "target"});
  const Labels y = table.labels();
  Quality quality;
  for (std::int64_t fold = 0; fold < 5; ++fold) {
    const SplitRows rows = every_fifth(table.x.rows(), fold);
    HistGradientBoostingClassifier<double> model({.precision = precision}, Device::cpu(1));
    model.fit(take_rows(table.x.view(), rows.train), take_rows(std::span<const std::int32_t>(y), rows.train));
    const Matrix<double> x_test = take_rows(table.x.view(), rows.test);
    const Labels y_test = take_rows(std::span<const std::int32_t>(y), rows.test);
    quality.score += model.score(x_test, y_test) / 5;
    quality.error += log_loss(y_test, model.predict_proba(x_test).view(), {}, model.classes()) / 5;
  }
  return quality;
}

Quality number_quality(const std::string& name, GradientPrecision precision) {
  const auto table = read_csv<double>(book_csv(name), {.target = "target"});
  Quality quality;
  for (std::int64_t fold = 0; fold < 5; ++fold) {
    const SplitRows rows = every_fifth(table.x.rows(), fold);
    HistGradientBoostingRegressor<double> model({.precision = precision}, Device::cpu(1));
    model.fit(take_rows(table.x.view(), rows.train), take_rows(std::span<const double>(table.target), rows.train));
    const Matrix<double> x_test = take_rows(table.x.view(), rows.test);
    const std::vector<double> y_test = take_rows(std::span<const double>(table.target), rows.test);
    quality.score += model.score(x_test, y_test) / 5;
    quality.error += root_mean_squared_error(y_test, model.predict(x_test)) / 5;
  }
  return quality;
}

// Of the same folds and settings (100 rounds, 31 leaves, 20 rows a leaf, rate 0.1), scikit-learn 1.9.1 and LightGBM
// 4.7.0. The tolerances are a few test rows, and the spread between those two.
TEST(BoostingBook, quality_is_that_of_others_at_equal_settings) {
  const Quality cancer = class_quality("breast_cancer", GradientPrecision::quantised);
  EXPECT_NEAR(cancer.score, 0.9675, 0.0075);  // 0.9667 and 0.9684
  EXPECT_NEAR(cancer.error, 0.1117, 0.02);    // 0.1105 and 0.1128
  for (const GradientPrecision precision : {GradientPrecision::quantised, GradientPrecision::exact}) {
    const Quality wine = class_quality("wine", precision);
    EXPECT_NEAR(wine.score, 0.966, 0.02);  // 0.9605 and 0.9716
    EXPECT_NEAR(wine.error, 0.108, 0.04);  // 0.0887 and 0.1273
    const Quality diabetes = number_quality("diabetes", precision);
    EXPECT_NEAR(diabetes.score, 0.398, 0.02);  // 0.3936 and 0.4029
    EXPECT_NEAR(diabetes.error, 59.3, 1);      // 59.52 and 59.05
  }
}

template <class T>
class BoostingBits : public ::testing::Test {};
TYPED_TEST_SUITE(BoostingBits, StorageTypes, StorageName);

/// With its category and its blanks.
template <class T>
Table<T> housing() {
  return read_csv<T>(*data_dir() / "tabular" / "housing.csv", {.target = "median_house_value"});
}

/// Model files of one thread, several, and every other device.
template <class T, class Model, class Options, class Y>
void expect_same_bits(const Options& options, const Matrix<T>& x, const std::vector<Y>& y) {
  Model one(options, Device::cpu(1));
  const std::string expected = saved(one.fit(x, y));
  Model three(options, Device::cpu(3));
  EXPECT_TRUE(saved(three.fit(x, y)) == expected);
  for (const Device& device : devices_under_test()) {
    Model model(options, device);
    EXPECT_TRUE(saved(model.fit(x, y)) == expected) << device.name();
    EXPECT_EQ(model.predict(x), one.predict(x)) << device.name();
  }
}

TYPED_TEST(BoostingBits, are_the_same_on_every_device_for_classes) {
  using T = TypeParam;
  for (const char* name : {"breast_cancer", "wine", "iris", "digits", "moons_100", "moons_100_test", "blobs_2000"}) {
    SCOPED_TRACE(name);
    const auto table = read_csv<T>(book_csv(name), {.target = "target"});
    for (const auto precision : {GradientPrecision::quantised, GradientPrecision::exact}) {
      ClassifierOptions options{
          .max_iter = table.x.columns() > 30 ? 1 : 2, .max_leaf_nodes = 3, .min_samples_leaf = 4, .subsample = 0.8};
      options.precision = precision;
      expect_same_bits<T, HistGradientBoostingClassifier<T>>(options, table.x, table.labels());
    }
  }
}

TYPED_TEST(BoostingBits, are_the_same_on_every_device_for_numbers) {
  using T = TypeParam;
  using Loss = BoostingRegressionLoss;
  for (const char* name : {"diabetes", "linear_toy", "quadratic_toy", "boosting_toy", "regularised_toy"}) {
    SCOPED_TRACE(name);
    auto table = read_csv<T>(book_csv(name), {.target = std::string(name) == "diabetes" ? "target" : "y"});
    for (const auto loss : {Loss::squared_error, Loss::absolute_error, Loss::huber, Loss::poisson, Loss::tweedie}) {
      RegressorOptions options{.loss = loss, .max_iter = 2, .max_leaf_nodes = 4, .min_samples_leaf = 4};
      options.growth = loss == Loss::huber ? TreeGrowth::depth_wise : TreeGrowth::leaf_wise;
      options.precision = loss == Loss::huber ? GradientPrecision::exact : GradientPrecision::quantised;
      options.early_stopping = EarlyStopping::on;
      std::vector<T> y = table.target;
      for (T& value : y) value = std::fabs(value);
      expect_same_bits<T, HistGradientBoostingRegressor<T>>(options, table.x, y);
    }
  }
}

TYPED_TEST(BoostingBits, are_the_same_of_made_up_rows) {
  using T = TypeParam;
  const auto made = make_classification<T>({.n_samples = 3000, .n_classes = 3, .n_clusters_per_class = 1, .seed = 5});
  const ClassifierOptions classes{.max_iter = 2, .max_leaf_nodes = 8, .subsample = 0.7};
  expect_same_bits<T, HistGradientBoostingClassifier<T>>(classes, made.x, made.labels);
}

TYPED_TEST(BoostingBits, are_the_same_of_housing) {
  using T = TypeParam;
  if (!data_dir()) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  const Table<T> table = housing<T>();
  const RegressorOptions numbers{
      .max_iter = 2, .max_leaf_nodes = 16, .categorical_features = categorical_features(table.categories)};
  expect_same_bits<T, HistGradientBoostingRegressor<T>>(numbers, table.x, table.target);
}

/// Strata of the book: median income in five ranges.
std::int32_t income_range(double income) {
  const std::array<double, 4> ends = {1.5, 3, 4.5, 6};
  return static_cast<std::int32_t>(std::lower_bound(ends.begin(), ends.end(), income) - ends.begin());
}

TEST(BoostingBook, housing_has_the_books_error) {
  if (!data_dir()) GTEST_SKIP() << "FORJA_DATA_DIR is not set";
  const Table<float> table = housing<float>();
  Labels range;
  const std::int64_t income = table.column("median_income");
  for (std::int64_t i = 0; i < table.x.rows(); ++i) {
    range.push_back(income_range(static_cast<double>(table.x(i, income))));
  }
  const SplitRows parts = train_test_split(
      table.x.rows(), {.test_size = 0.2, .stratify = std::span<const std::int32_t>(range), .seed = 42});
  const Matrix<float> x = take_rows(table.x.view(), parts.train);
  const std::vector<float> y = take_rows(std::span<const float>(table.target), parts.train);
  for (const Device& device : devices_under_test()) {
    if (!is_fast(device)) continue;
    HistGradientBoostingRegressor<float> model({.categorical_features = categorical_features(table.categories)},
                                               device);
    double error = 0;
    for (const SplitRows& fold : KFold({.n_splits = 10}).split(x.rows())) {
      model.fit(take_rows(x.view(), fold.train), take_rows(std::span<const float>(y), fold.train));
      error += root_mean_squared_error(take_rows(std::span<const float>(y), fold.test),
                                       model.predict(take_rows(x.view(), fold.test))) /
               10;
    }
    EXPECT_GT(error, 46'500);
    EXPECT_LT(error, 48'700);
  }
}

}  // namespace
}  // namespace forja::testing
