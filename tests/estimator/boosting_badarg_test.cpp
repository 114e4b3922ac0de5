// What gradient boosting refuses, in which words; and what looks odd but is not refused.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "forja/boosting.h"
#include "forja/error.h"
#include "support/boosting_models.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using Labels = std::vector<std::int32_t>;
using RegressorOptions = HistGradientBoostingRegressorOptions;
using ClassifierOptions = HistGradientBoostingClassifierOptions;
using Loss = BoostingRegressionLoss;

template <class T>
class BoostingRefuses : public ::testing::Test {
 protected:
  static constexpr T kNaN = std::numeric_limits<T>::quiet_NaN();
  static constexpr T kInfinity = std::numeric_limits<T>::infinity();

  std::string fit(const RegressorOptions& options, const std::vector<T>& y, const std::vector<T>& weight = {}) {
    return refusal<InvalidArgument>([&] { HistGradientBoostingRegressor<T>(options, device_).fit(x_, y, weight); });
  }
  std::string fit(const RegressorOptions& options) { return fit(options, {1, 2, 3, 4}); }
  std::string classify(const ClassifierOptions& options, const Labels& y, const std::vector<T>& weight = {}) {
    return refusal<InvalidArgument>([&] { HistGradientBoostingClassifier<T>(options, device_).fit(x_, y, weight); });
  }

  const Matrix<T> x_{4, 2, {T(1), T(2), T(3), kNaN, T(5), T(6), kInfinity, T(8)}};
  Device device_ = Device::cpu();
};
TYPED_TEST_SUITE(BoostingRefuses, StorageTypes, StorageName);

TYPED_TEST(BoostingRefuses, options_out_of_range) {
  for (const Device& device : devices_under_test()) {
    this->device_ = device;
    const auto fit = [&](auto change) {
      RegressorOptions options{.max_iter = 1};
      change(options);
      return this->fit(options);
    };
    const std::string name = "HistGradientBoostingRegressor::fit: ";
    EXPECT_EQ(fit([](auto& o) { o.learning_rate = 0; }),
              name + "learning_rate = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit([](auto& o) { o.max_iter = 0; }), name + "max_iter = 0 but it must be an integer of at least 1");
    EXPECT_EQ(fit([](auto& o) { o.max_leaf_nodes = 1; }),
              name + "max_leaf_nodes = 1 but it must be an integer of at least 2 or \"none\"");
    EXPECT_EQ(fit([](auto& o) { o.max_depth = 0; }),
              name + "max_depth = 0 but it must be an integer of at least 1 or \"none\"");
    EXPECT_EQ(fit([](auto& o) { o.max_bins = 256; }), name + "max_bins = 256 but it must be an integer from 2 to 255");
    EXPECT_EQ(fit([](auto& o) { o.max_features = 0; }),
              name + "max_features = 0 but it must be a number above 0, up to 1");
    EXPECT_EQ(fit([](auto& o) { o.subsample = 1.5; }),
              name + "subsample = 1.5 but it must be a number above 0, up to 1");
    EXPECT_EQ(fit([](auto& o) { o.quantile = -0.5; }), name + "quantile = -0.5 but it must be a number from 0 to 1");
    EXPECT_EQ(fit([](auto& o) { o.huber_delta = 0; }), name + "huber_delta = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit([](auto& o) { o.tweedie_power = 2; }),
              name + "tweedie_power = 2 but it must be a number above 1, below 2");
    EXPECT_EQ(fit([](auto& o) { o.validation_fraction = 1; }),
              name + "validation_fraction = 1 but it must be a number above 0, below 1, or \"none\"");
    EXPECT_EQ(fit([](auto& o) { o.categorical_features = {2}; }),
              name + "categorical_features has feature 2 but x has 2 columns");
    EXPECT_EQ(fit([](auto& o) { o.categorical_features = {1, 1}; }), name + "categorical_features has 1 twice");
    EXPECT_EQ(fit([](auto& o) { o.categorical_features = {0}; }),
              name + "x(3, 0) = inf but feature 0 is categorical: whole numbers or NaN");
    EXPECT_EQ(fit([](auto& o) { o.monotonic_cst = {1}; }), name + "monotonic_cst has 1 values but x has 2 columns");
    EXPECT_EQ(fit([](auto& o) { o.monotonic_cst = {1, 2}; }), name + "monotonic_cst has 2 but it must be -1, 0 or 1");
    const auto rising_category = [](auto& o) {
      o.monotonic_cst = {0, 1};
      o.categorical_features = {1};
    };
    EXPECT_EQ(fit(rising_category), name + "monotonic_cst has 1 for feature 1 but it is categorical");
    EXPECT_EQ(fit([](auto& o) {
                o.interaction_cst = {{0}, {-1}};
              }),
              name + "interaction_cst has feature -1 but x has 2 columns");
    EXPECT_EQ(fit([](auto& o) {
                o.early_stopping = EarlyStopping::on;
                o.validation_fraction = 0.99;
              }),
              name + "early stopping: train_test_split: test_size = 0.99 of 4 rows leaves none to train on");
  }
}

TYPED_TEST(BoostingRefuses, targets_and_weights_that_do_not_fit) {
  using T = TypeParam;
  const std::string name = "HistGradientBoostingRegressor::fit: ";
  for (const Device& device : devices_under_test()) {
    this->device_ = device;
    const auto of = [](Loss loss) { return RegressorOptions{.loss = loss, .max_iter = 1}; };
    EXPECT_EQ(this->fit({}, {1, 2, 3}), name + "y has 3 values but x has 4 rows");
    EXPECT_EQ(this->fit({}, {1, 2, this->kNaN, 3}), name + "y(2) = nan but it must be finite");
    EXPECT_EQ(this->fit({}, {1, T(1e38), 1, 3}).substr(0, name.size() + 4), name + "y(1)");
    EXPECT_EQ(this->fit({}, {1, 2, 3, 4}, {0, 0, 0, 0}), name + "the rows to learn from weigh 0");
    EXPECT_EQ(this->fit({}, {1, 2, 3, 4}, {1, -1, 1, 1}),
              name + "sample_weight(1) = -1 but weights must be finite and at least 0");
    EXPECT_EQ(this->fit({}, {0, 0, 0, 0}, {1, T(2e37), 1, 1}).substr(0, name.size() + 12), name + "row 1 weighs");
    EXPECT_EQ(this->fit(of(Loss::poisson), {1, -2, 3, 4}),
              name + "y(1) = -2 but loss = \"poisson\" needs targets of at least 0");
    EXPECT_EQ(this->fit(of(Loss::poisson), {0, 0, 0, 0}),
              name + "the targets to learn from sum to 0 but loss = \"poisson\" needs a positive sum");
    EXPECT_EQ(this->fit(of(Loss::gamma), {1, 0, 3, 4}), name + "y(1) = 0 but loss = \"gamma\" needs positive targets");
    EXPECT_EQ(this->fit(of(Loss::tweedie), {1, 2, 3, -4}),
              name + "y(3) = -4 but loss = \"tweedie\" needs targets of at least 0");
    EXPECT_EQ(this->fit(of(Loss::tweedie), {1, 2, 3, 0}), "not refused");
  }
}

TYPED_TEST(BoostingRefuses, labels_that_do_not_fit) {
  const std::string name = "HistGradientBoostingClassifier::fit: ";
  for (const Device& device : devices_under_test()) {
    this->device_ = device;
    EXPECT_EQ(this->classify({}, {1, 1, 1, 1}), name + "y has 1 class, 1, but at least 2 are needed");
    EXPECT_EQ(this->classify({}, {1, 2}), name + "y has 2 labels but x has 4 rows");
    EXPECT_EQ(this->classify({}, {5, 5, 6, 6}, {0, 0, 1, 1}), name + "the rows of class 5 weigh 0");
    ClassifierOptions options{.max_iter = 1};
    options.class_weights = {{7, 1.0}};
    EXPECT_EQ(this->classify(options, {5, 5, 6, 6}), name + "class_weights has 7, which is none of the 2 classes");
    options.class_weights = {};
    options.monotonic_cst = {1, 0};
    EXPECT_EQ(this->classify(options, {5, 5, 6, 7}), name + "monotonic_cst needs two classes but y has 3");
    EXPECT_EQ(this->classify(options, {5, 5, 6, 6}), "not refused");
    options.early_stopping = EarlyStopping::on;
    EXPECT_EQ(this->classify(options, {5, 6, 6, 6}),
              name + "early stopping: train_test_split: stratify has label 5 in 1 row but each needs 2");
  }
}

TYPED_TEST(BoostingRefuses, rows_that_do_not_fit) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    HistGradientBoostingRegressor<T> model({.max_iter = 2, .min_samples_leaf = 1}, device);
    const std::vector<T> y = {1, 2, 3, 4};
    EXPECT_EQ(refusal<NotFitted>([&] { (void)model.predict(this->x_); }),
              "HistGradientBoostingRegressor::predict: call fit first");
    EXPECT_EQ(refusal<NotFitted>([&] { (void)model.n_iter(); }),
              "HistGradientBoostingRegressor::n_iter: call fit first");
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.fit(Matrix<T>(0, 2), {}); }),
              "HistGradientBoostingRegressor::fit: x is empty (0 x 2)");
    model.fit(this->x_, y);
    const std::string before = saved(model);
    EXPECT_EQ(refusal<InvalidArgument>([&] { (void)model.predict(Matrix<T>(1, 3)); }),
              "HistGradientBoostingRegressor::predict: x has 3 columns but the model was fitted with 2");
    EXPECT_EQ(refusal<InvalidArgument>([&] { (void)model.predict(std::span<const T>(y)); }),
              "HistGradientBoostingRegressor::predict: x has 4 columns but the model was fitted with 2");
    EXPECT_NE(refusal<InvalidArgument>([&] { (void)model.score(this->x_, std::vector<T>(3)); }), "not refused");
    EXPECT_NE(refusal<InvalidArgument>([&] { model.fit(this->x_, std::vector<T>(3)); }), "not refused");
    EXPECT_EQ(saved(model), before);

    EXPECT_EQ(refusal<InvalidArgument>([&] { BinnedMatrix<T>(this->x_, {.max_bins = 1}, {}, device); }),
              "BinnedMatrix: max_bins = 1 but it must be an integer from 2 to 255");
    // Rows that are nowhere: refused before any is read.
    const T one[2] = {};
    const MatrixView<const T> endless(one, std::int64_t{1} << 32, 2);
    EXPECT_EQ(refusal<InvalidArgument>([&] { BinnedMatrix<T>(endless, {}, {}, device); }),
              "BinnedMatrix: x has 4294967296 rows but at most 4294967295 are possible");
    const BinnedMatrix<T> bins(this->x_, {}, {}, device);
    EXPECT_EQ(refusal<InvalidArgument>([&] { (void)bins.n_bins(2); }),
              "BinnedMatrix::n_bins: feature = 2 but there are 2 columns");
    for (const Device& other : devices_under_test()) {
      if (&other.backend() == &device.backend()) continue;
      HistGradientBoostingRegressor<T> elsewhere({}, other);
      EXPECT_EQ(refusal<InvalidArgument>([&] { elsewhere.fit(bins, y); }),
                "HistGradientBoostingRegressor::fit: x lies on " + device.name() + " but the computation is on " +
                    other.name());
    }
  }
}

TYPED_TEST(BoostingRefuses, warm_starts_that_do_not_fit) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    const std::vector<T> y = {1, 2, 3, 4};
    HistGradientBoostingRegressor<T> model({.max_iter = 3, .warm_start = true}, device);
    model.fit(this->x_, y);
    const std::string name = "HistGradientBoostingRegressor::fit: ";
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.fit(Matrix<T>(4, 1), y); }),
              name + "x has 1 columns but the model was fitted with 2");
    const BinnedMatrix<T> other(Matrix<T>(4, 2), {}, {}, device);
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.fit(other, y); }),
              name + "warm_start goes on from a model of other bins than those of x");
    model.set_params({{"max_iter", std::int64_t{2}}});
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.fit(this->x_, y); }),
              name + "max_iter = 2 but the model that warm_start goes on from has 3 rounds");
    HistGradientBoostingClassifier<T> classes({.max_iter = 1, .warm_start = true}, device);
    classes.fit(this->x_, Labels{0, 0, 1, 1});
    EXPECT_EQ(refusal<InvalidArgument>([&] {
                classes.fit(this->x_, Labels{0, 0, 2, 2});
              }),
              "HistGradientBoostingClassifier::fit: warm_start goes on from a model of other classes than those of y");
    EXPECT_EQ(refusal<InvalidArgument>([&] {
                std::vector<T> out(3);
                classes.predict_proba(this->x_.view().row(0), out);
              }),
              "HistGradientBoostingClassifier::predict_proba: out has 3 values but there are 2 classes");
  }
}

/// An objective that gives what it is told to.
class Given : public BoostingObjective {
 public:
  Given(double start, double gradient, double hessian) : start_(start), gradient_(gradient), hessian_(hessian) {}
  std::vector<double> baseline(std::span<const double>, std::span<const double>, std::int64_t) const override {
    return {start_};
  }
  void gradients(std::span<const double>, MatrixView<const double>, MatrixView<double> gradient,
                 MatrixView<double> hessian) const override {
    gradient(0, 0) = gradient_;
    hessian(0, 0) = hessian_;
  }
  double loss(double, std::span<const double>) const override { return 0; }

 private:
  double start_;
  double gradient_;
  double hessian_;
};

TYPED_TEST(BoostingRefuses, objectives_that_are_not_finite) {
  const std::string name = "HistGradientBoostingRegressor::fit: the objective's ";
  for (const Device& device : devices_under_test()) {
    this->device_ = device;
    const auto fit = [&](double start, double gradient, double hessian) {
      RegressorOptions options{.max_iter = 1};
      options.objective = std::make_shared<Given>(start, gradient, hessian);
      return this->fit(options);
    };
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(fit(0, 1, 1), "not refused");
    EXPECT_EQ(fit(nan, 1, 1), name + "baseline is nan");
    EXPECT_EQ(fit(0, nan, 1).substr(0, name.size() + 24), name + "gradient of row 0 is nan");
    EXPECT_EQ(fit(0, 1e38, 1).substr(0, name.size() + 17), name + "gradient of row 0");
    EXPECT_EQ(fit(0, 1, -1).substr(0, name.size() + 22), name + "hessian of row 0 is -1");
    ClassifierOptions options{.max_iter = 1};
    options.objective = std::make_shared<Given>(0, 1, 1);
    EXPECT_EQ(this->classify(options, {0, 1, 2, 2}),
              "HistGradientBoostingClassifier::fit: the objective's baseline has 1 values but there are 3 outputs");
  }
}

TYPED_TEST(BoostingRefuses, parameters_by_name_are_checked_and_all_or_none_are_set) {
  using T = TypeParam;
  HistGradientBoostingRegressor<T> model;
  EXPECT_EQ(refusal<InvalidArgument>([&] {
              model.set_params({{"max_iter", std::int64_t{5}}, {"tol", -1.0}});
            }),
            "HistGradientBoostingRegressor::set_params: tol = -1 but it must be a finite number of at least 0");
  EXPECT_EQ(model.options().max_iter, 100);
  model.set_params({{"loss", std::string("poisson")},
                    {"max_leaf_nodes", std::string("none")},
                    {"max_bins", std::int64_t{63}},
                    {"growth", std::string("depth_wise")},
                    {"validation_fraction", std::string("none")},
                    {"early_stopping", std::string("off")},
                    {"precision", std::string("exact")}});
  EXPECT_EQ(model.options().loss, Loss::poisson);
  EXPECT_FALSE(model.options().max_leaf_nodes);
  EXPECT_EQ(model.options().max_bins, 63);
  EXPECT_EQ(model.options().growth, TreeGrowth::depth_wise);
  EXPECT_FALSE(model.options().validation_fraction);
  EXPECT_EQ(model.get_params().at("early_stopping"), ParamValue(std::string("off")));
  HistGradientBoostingClassifier<T> classes;
  classes.set_params({{"scoring", std::string("accuracy")}, {"class_weight", std::string("balanced")}});
  EXPECT_EQ(classes.options().scoring, BoostingClassificationScoring::accuracy);
  EXPECT_EQ(classes.options().class_weight, ClassWeight::balanced);
}

TYPED_TEST(BoostingRefuses, nothing_of_what_is_degenerate_but_can_be_learned) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const std::vector<Loss> losses = {Loss::squared_error, Loss::absolute_error, Loss::huber,  Loss::quantile,
                                      Loss::poisson,       Loss::gamma,          Loss::tweedie};
    for (const Loss loss : losses) {
      // Equal targets, a constant column, one of nothing but missing values, and one that could tell rows apart.
      Matrix<T> x(6, 3);
      for (std::int64_t i = 0; i < 6; ++i) {
        x(i, 0) = 3;
        x(i, 1) = this->kNaN;
        x(i, 2) = static_cast<T>(i);
      }
      RegressorOptions options{.loss = loss, .max_iter = 2, .min_samples_leaf = 2};
      HistGradientBoostingRegressor<T> model(options, device);
      model.fit(x, std::vector<T>(6, T(2)));
      for (const T value : model.predict(x)) EXPECT_NEAR(static_cast<double>(value), 2, 1e-5);
      EXPECT_EQ(model.feature_importances(), std::vector<double>(3));
      // One row.
      model.fit(Matrix<T>(1, 1, {T(1)}), std::vector<T>{T(7)});
      EXPECT_NEAR(static_cast<double>(model.predict(Matrix<T>(1, 1, {T(9)}))[0]), 7, 1e-5);
      // One of the targets is far from all others: e^score must not overflow.
      model.fit(x, std::vector<T>{1, 1, 1, 1, 1, T(1e6)});
      for (const T value : model.predict(x)) EXPECT_TRUE(std::isfinite(value));
    }
    // Infinities are values like others.
    Matrix<T> x(40, 1);
    std::vector<T> y;
    for (std::int64_t i = 0; i < 40; ++i) {
      x(i, 0) = i % 2 == 0 ? this->kInfinity : (i % 4 == 1 ? -this->kInfinity : this->kNaN);
      y.push_back(i % 2 == 0 ? T(1) : (i % 4 == 1 ? T(-1) : T(5)));
    }
    HistGradientBoostingRegressor<T> model({.learning_rate = 1, .max_iter = 2, .min_samples_leaf = 2}, device);
    model.fit(x, y);
    EXPECT_NEAR(model.score(x, y), 1, 1e-5);
    // Huge weights.
    HistGradientBoostingRegressor<T> heavy({.max_iter = 3, .min_samples_leaf = 2}, device);
    heavy.fit(x, y, std::vector<T>(40, T(1e30)));
    EXPECT_GT(heavy.score(x, y), 0.3);
  }
}

}  // namespace
}  // namespace forja::testing
