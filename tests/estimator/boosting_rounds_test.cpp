// How gradient boosting goes from round to round: when it ends, what rows, weights and chance do to it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "forja/boosting.h"
#include "forja/error.h"
#include "forja/generators.h"
#include "support/boosting_models.h"
#include "support/devices.h"
#include "support/recorder.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using Labels = std::vector<std::int32_t>;
using RegressorOptions = HistGradientBoostingRegressorOptions;
using ClassifierOptions = HistGradientBoostingClassifierOptions;

template <class T>
class BoostingRounds : public ::testing::Test {};
TYPED_TEST_SUITE(BoostingRounds, StorageTypes, StorageName);

TYPED_TEST(BoostingRounds, early_stopping_is_automatic_above_ten_thousand_rows) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    if (!device.is_cpu() && device.description().find("NVIDIA") == std::string::npos) continue;  // too slow to emulate
    for (const std::int64_t n : {10'000, 10'001}) {
      const Curve<T> data = curve<T>(n, 1, 0.1);
      Regress<T> model({.max_iter = 3, .max_leaf_nodes = 4}, device);
      model.fit(data.x, data.y);
      EXPECT_EQ(model.train_score().size(), n > 10'000 ? 4U : 0U) << n;
      EXPECT_EQ(model.validation_score().size(), n > 10'000 ? 4U : 0U) << n;
    }
  }
}

TYPED_TEST(BoostingRounds, early_stopping_ends_a_fit_that_gets_no_better) {
  using T = TypeParam;
  const Curve<T> data = curve<T>(120, 2, 6);
  for (const Device& device : devices_under_test()) {
    for (const BoostingRegressionScoring scoring :
         {BoostingRegressionScoring::loss, BoostingRegressionScoring::r2,
          BoostingRegressionScoring::neg_mean_squared_error, BoostingRegressionScoring::neg_mean_absolute_error}) {
      RegressorOptions options{.learning_rate = 1, .max_iter = 60, .max_leaf_nodes = 3, .min_samples_leaf = 3};
      options.early_stopping = EarlyStopping::on;
      options.validation_fraction = 0.25;
      options.n_iter_no_change = 2;
      options.scoring = scoring;
      Regress<T> model(options, device);
      model.fit(data.x, data.y);
      EXPECT_TRUE(model.converged());
      EXPECT_LT(model.n_iter(), 40);
      EXPECT_EQ(std::ssize(model.validation_score()), model.n_iter() + 1);
      EXPECT_EQ(std::ssize(model.train_score()), model.n_iter() + 1);
      EXPECT_GT(model.train_score().back(), model.train_score().front());
      options.validation_fraction = {};
      options.max_iter = 2;
      Regress<T> by_training(options, device);
      by_training.fit(data.x, data.y);
      EXPECT_FALSE(by_training.converged());
      EXPECT_TRUE(by_training.validation_score().empty());
      if (scoring == BoostingRegressionScoring::r2) {
        EXPECT_NEAR(by_training.train_score().back(), by_training.score(data.x, data.y), 1e-5);
      }
    }
  }
}

TYPED_TEST(BoostingRounds, the_observer_sees_losses_and_can_end_a_fit) {
  using T = TypeParam;
  const Curve<T> data = curve<T>(100, 2, 0.1);
  for (const Device& device : devices_under_test()) {
    Regress<T> model(small_trees(), device);
    Recorder all;
    model.fit(data.x, data.y, {}, &all);
    ASSERT_EQ(all.seen.size(), 5U);
    EXPECT_EQ(all.seen[0].call, "HistGradientBoostingRegressor::fit");
    EXPECT_EQ(all.seen[4].iteration, 5);
    for (std::size_t i = 1; i < 5; ++i) EXPECT_LT(all.seen[i].loss, all.seen[i - 1].loss);
    double loss = 0;
    const std::vector<T> found = model.predict(data.x);
    for (std::size_t i = 0; i < 100; ++i) loss += std::pow(static_cast<double>(found[i] - data.y[i]), 2) / 200;
    EXPECT_NEAR(all.seen[4].loss, loss, 1e-5);
    const std::string before = saved(model);
    Recorder some(3);
    EXPECT_THROW(model.fit(data.x, data.y, {}, &some), Cancelled);
    EXPECT_EQ(some.seen.size(), 3U);
    EXPECT_EQ(saved(model), before);
  }
}

TYPED_TEST(BoostingRounds, a_warm_start_goes_on_where_the_fit_before_ended) {
  using T = TypeParam;
  Curve<T> data = curve<T>(150, 2, 0.5);
  for (std::int64_t i = 0; i < 150; i += 7) data.x(i, 0) = kNaN<T>;
  for (const Device& device : devices_under_test()) {
    RegressorOptions options = small_trees();
    options.subsample = 0.7;
    options.max_features = 0.5;
    options.warm_start = true;
    Regress<T> at_once(options, device);
    at_once.fit(data.x, data.y);
    options.max_iter = 2;
    Regress<T> in_steps(options, device);
    in_steps.fit(data.x, data.y);
    EXPECT_EQ(in_steps.n_iter(), 2);
    Regress<T> over_bins = in_steps;
    for (Regress<T>* model : {&in_steps, &over_bins}) model->set_params({{"max_iter", std::int64_t{5}}});
    in_steps.fit(data.x, data.y);
    EXPECT_EQ(saved(in_steps), saved(at_once));
    over_bins.fit(BinnedMatrix<T>(data.x, {}, {}, device), data.y);
    EXPECT_EQ(saved(over_bins), saved(at_once));
  }
}

TYPED_TEST(BoostingRounds, rows_in_bins_give_the_same_model) {
  using T = TypeParam;
  Curve<T> data = curve<T>(150, 2, 0.5);
  for (std::int64_t i = 0; i < 150; i += 7) data.x(i, 1) = kNaN<T>;
  Labels y;
  for (const T value : data.y) y.push_back(value < 1 ? 0 : (value < 2 ? 1 : 2));
  for (const Device& device : devices_under_test()) {
    const BinnedMatrix<T> bins(data.x, {.max_bins = 16}, {}, device);
    EXPECT_EQ(bins.rows(), 150);
    EXPECT_EQ(bins.columns(), 2);
    EXPECT_EQ(bins.n_bins(1), 16);
    RegressorOptions options = small_trees();
    options.max_bins = 16;
    Regress<T> from_rows(options, device);
    Regress<T> from_bins(options, device);
    EXPECT_EQ(saved(from_bins.fit(bins, data.y)), saved(from_rows.fit(data.x, data.y)));
    const ClassifierOptions of_classes{.max_iter = 1, .max_leaf_nodes = 4, .max_bins = 16};
    Classify<T> classes_from_rows(of_classes, device);
    Classify<T> classes_from_bins(of_classes, device);
    EXPECT_EQ(saved(classes_from_bins.fit(bins, y)), saved(classes_from_rows.fit(data.x, y)));
    const DeviceMatrix<T> there(data.x, device);
    EXPECT_EQ(saved(Regress<T>(options, device).fit(there, data.y)), saved(from_rows));
    EXPECT_EQ(from_rows.predict(there), from_rows.predict(data.x));
  }
}

TYPED_TEST(BoostingRounds, a_row_of_weight_two_is_two_rows_and_one_of_weight_zero_none) {
  using T = TypeParam;
  const Curve<T> data = curve<T>(80, 2, 0.5);
  Matrix<T> twice(120, 2);
  std::vector<T> y;
  std::vector<T> weight;
  Matrix<T> once(80, 2);
  std::vector<T> y_once;
  for (std::int64_t i = 0, next = 0; i < 80; ++i) {
    const int copies = i % 4 == 3 ? 0 : 2;
    weight.push_back(static_cast<T>(copies));
    for (int c = 0; c < copies; ++c, ++next) {
      std::copy_n(data.x.row(i).data(), 2, twice.row(next).data());
      y.push_back(data.y[static_cast<std::size_t>(i)]);
    }
  }
  for (const Device& device : devices_under_test()) {
    // Of one row a leaf, so that the number of rows does not tell.
    RegressorOptions options{.max_iter = 5, .max_leaf_nodes = 6, .min_samples_leaf = 1};
    options.precision = GradientPrecision::exact;
    Regress<T> weighted(options, device);
    Regress<T> repeated(options, device);
    weighted.fit(data.x, data.y, weight);
    repeated.fit(twice, y);
    const std::vector<T> a = weighted.predict(data.x);
    const std::vector<T> b = repeated.predict(data.x);
    // Both have the same bins and sums, but for 31 bits of the gradients.
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(static_cast<double>(a[i]), static_cast<double>(b[i]), 1e-5);
  }
}

TYPED_TEST(BoostingRounds, balanced_classes_weigh_the_same) {
  using T = TypeParam;
  const auto data = make_classification<T>({.n_samples = 200, .n_features = 4, .weights = {0.9}, .seed = 5});
  for (const Device& device : devices_under_test()) {
    ClassifierOptions options{.max_iter = 3, .max_leaf_nodes = 3, .min_samples_leaf = 5};
    Classify<T> plain(options, device);
    plain.fit(data.x, data.labels);
    options.class_weight = ClassWeight::balanced;
    Classify<T> balanced(options, device);
    balanced.fit(data.x, data.labels);
    EXPECT_LT(plain.baseline()[0], -1);
    EXPECT_NEAR(balanced.baseline()[0], 0, 1e-6);
    options.class_weight = ClassWeight::uniform;
    options.class_weights = {{1, 3.0}};
    Classify<T> given(options, device);
    given.fit(data.x, data.labels);
    EXPECT_NEAR(given.baseline()[0], plain.baseline()[0] + std::log(3), 1e-6);
  }
}

TYPED_TEST(BoostingRounds, subsample_and_max_features_change_with_the_seed_alone) {
  using T = TypeParam;
  const Curve<T> data = curve<T>(150, 4, 0.5);
  for (const Device& device : devices_under_test()) {
    RegressorOptions options = small_trees();
    options.max_iter = 2;
    const std::string plain = saved(Regress<T>(options, device).fit(data.x, data.y));
    options.subsample = 0.5;
    const std::string bag = saved(Regress<T>(options, device).fit(data.x, data.y));
    options.max_features = 0.3;
    Regress<T> one(options, device);
    const std::string both = saved(one.fit(data.x, data.y));
    EXPECT_EQ(saved(one.fit(data.x, data.y)), both);
    EXPECT_NE(bag, plain);
    EXPECT_NE(bag, both);
    options.seed = 1;
    Regress<T> other(options, device);
    EXPECT_NE(other.fit(data.x, data.y).predict(data.x), one.predict(data.x));
  }
}

TYPED_TEST(BoostingRounds, penalties_and_limits_make_trees_smaller) {
  using T = TypeParam;
  const Curve<T> data = curve<T>(150, 2, 0.5);
  const auto nodes = [&](const RegressorOptions& options, const Device& device) {
    Regress<T> model(options, device);
    std::int64_t round = 0;
    model.fit(data.x, data.y).staged_predict(data.x, [&](std::int64_t now, auto) { round = now; });
    EXPECT_EQ(round, options.max_iter);
    const std::vector<T> found = model.predict(data.x);
    std::vector<T> different(found);
    std::sort(different.begin(), different.end());
    return std::unique(different.begin(), different.end()) - different.begin();
  };
  for (const Device& device : devices_under_test()) {
    const RegressorOptions plain{.max_iter = 1, .max_leaf_nodes = {}, .min_samples_leaf = 2};
    const auto all = nodes(plain, device);
    EXPECT_GT(all, 20);
    const auto with = [&](auto change) {
      RegressorOptions options = plain;
      change(options);
      return nodes(options, device);
    };
    EXPECT_EQ(with([](auto& o) { o.max_leaf_nodes = 7; }), 7);
    EXPECT_EQ(with([](auto& o) { o.max_depth = 2; }), 4);
    EXPECT_EQ(with([](auto& o) {
                o.max_depth = 2;
                o.growth = TreeGrowth::depth_wise;
              }),
              4);
    EXPECT_LT(with([](auto& o) { o.min_samples_leaf = 40; }), 4);
    EXPECT_LT(with([](auto& o) { o.min_sum_hessian_in_leaf = 40; }), 4);
    EXPECT_LT(with([](auto& o) { o.min_gain_to_split = 5; }), all / 2);
    EXPECT_LT(with([](auto& o) { o.l1_regularization = 10; }), all);
    EXPECT_LT(with([](auto& o) { o.max_bins = 3; }), 10);
  }
}

/// Squared error, and each score's start at 0.
class HalfSquare : public BoostingObjective {
 public:
  std::vector<double> baseline(std::span<const double>, std::span<const double>, std::int64_t outputs) const override {
    return std::vector<double>(static_cast<std::size_t>(outputs));
  }
  void gradients(std::span<const double> y, MatrixView<const double> scores, MatrixView<double> gradient,
                 MatrixView<double> hessian) const override {
    for (std::int64_t i = 0; i < scores.rows(); ++i) {
      for (std::int64_t k = 0; k < scores.columns(); ++k) {
        const double target = y[static_cast<std::size_t>(i)];
        const double wanted = scores.columns() == 1 ? target : (static_cast<double>(k) == target ? 1.0 : -1.0);
        gradient(i, k) = scores(i, k) - wanted;
        hessian(i, k) = 1;
      }
    }
  }
  double loss(double y, std::span<const double> scores) const override { return (scores[0] - y) * (scores[0] - y) / 2; }
};

TYPED_TEST(BoostingRounds, an_objective_of_ones_own_takes_the_place_of_the_loss) {
  using T = TypeParam;
  Curve<T> data = curve<T>(100, 2, 0.1);
  // Targets of mean 0, so that both begin with the same scores.
  const T mean = std::accumulate(data.y.begin(), data.y.end(), T(0)) / 100;
  for (T& value : data.y) value -= mean;
  std::vector<T> weight;
  weight.reserve(100);
  for (int i = 0; i < 100; ++i) weight.push_back(static_cast<T>(1 + i % 2));
  const Blobs<T> blobs = make_blobs<T>({.n_samples = 90, .centers = 3, .seed = 2});
  for (const Device& device : devices_under_test()) {
    RegressorOptions options = small_trees();
    options.precision = GradientPrecision::exact;
    options.early_stopping = EarlyStopping::on;
    options.validation_fraction = {};
    Regress<T> own(options, device);
    own.fit(data.x, data.y);
    options.objective = std::make_shared<HalfSquare>();
    Regress<T> custom(options, device);
    custom.fit(data.x, data.y);
    EXPECT_EQ(custom.baseline()[0], 0);
    const std::vector<T> a = own.predict(data.x);
    const std::vector<T> b = custom.predict(data.x);
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(static_cast<double>(a[i]), static_cast<double>(b[i]), 1e-4);
    EXPECT_NEAR(custom.train_score().back(), own.train_score().back(), 1e-4);
    Recorder seen;
    custom.fit(data.x, data.y, weight, &seen);
    EXPECT_LT(seen.seen.back().loss, seen.seen.front().loss);

    ClassifierOptions classes{.max_iter = 2, .max_leaf_nodes = 4, .min_samples_leaf = 5};
    classes.objective = std::make_shared<HalfSquare>();
    Classify<T> labels(classes, device);
    EXPECT_GT(labels.fit(blobs.x, blobs.labels).score(blobs.x, blobs.labels), 0.9);
    EXPECT_EQ(labels.baseline(), std::vector<double>(3));
  }
}

TYPED_TEST(BoostingRounds, single_rows_are_safe_from_many_threads) {
  using T = TypeParam;
  const Curve<T> data = curve<T>(100, 2, 0.1);
  Regress<T> model(small_trees(), Device::cpu());
  model.fit(data.x, data.y);
  const std::vector<T> expected = model.predict(data.x);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < 100; ++i) {
        wrong[t] += model.predict(data.x.view().row(i)) != expected[static_cast<std::size_t>(i)] ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

}  // namespace
}  // namespace forja::testing
