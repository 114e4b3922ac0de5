// What GradientDescentRegressor and GradientDescentClassifier refuse, in which words.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/gradient_descent.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::GradientDescentClassifier;
using forja::GradientDescentOptions;
using forja::GradientDescentRegressor;
using forja::LearningSchedule;
using forja::Matrix;
using forja::SGDLoss;
using forja::testing::devices_under_test;
using forja::testing::refusal;
using Labels = std::vector<std::int32_t>;

template <class T>
class GradientDescentRefuses : public ::testing::Test {
 protected:
  std::string fit(const Device& device, const GradientDescentOptions& options) {
    return refusal<forja::InvalidArgument>([&] { GradientDescentClassifier<T>(options, device).fit(x_, y_); });
  }
  std::string regress(const Device& device, const GradientDescentOptions& options, const std::vector<T>& y) {
    return refusal<forja::InvalidArgument>([&] { GradientDescentRegressor<T>(options, device).fit(x_, y); });
  }

  const Matrix<T> x_{3, 1, {T(1), T(2), T(3)}};
  const Labels y_{0, 1, 1};
};
TYPED_TEST_SUITE(GradientDescentRefuses, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(GradientDescentRefuses, options_out_of_range) {
  for (const Device& device : devices_under_test()) {
    const auto fit = [&](const GradientDescentOptions& options) { return this->fit(device, options); };
    const std::string call = "GradientDescentClassifier::fit: ";
    EXPECT_EQ(fit({.alpha = -1}), call + "alpha = -1 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.batch_size = -1}), call + "batch_size = -1 but it must be an integer of at least 0");
    EXPECT_EQ(fit({.max_iter = 0}), call + "max_iter = 0 but it must be an integer of at least 1");
    EXPECT_EQ(fit({.momentum = 1}), call + "momentum = 1 but it must be a number of at least 0 and below 1");
    EXPECT_EQ(fit({.beta_2 = -0.5}), call + "beta_2 = -0.5 but it must be a number of at least 0 and below 1");
    EXPECT_EQ(fit({.optimizer_epsilon = 0}), call + "optimizer_epsilon = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.clip_value = -1}),
              call + "clip_value = -1 but it must be a finite number of at least 0 or \"none\"");
    EXPECT_EQ(fit({.clip_value = 0}), call + "clip_value = 0 but it must be above 0");
    EXPECT_EQ(fit({.clip_norm = 0}), call + "clip_norm = 0 but it must be above 0");
    EXPECT_EQ(fit({.eta0 = 0}), call + "eta0 = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.schedule_steps = -1}), call + "schedule_steps = -1 but it must be an integer of at least 0");
    EXPECT_EQ(fit({.decay = 1}), call + "decay = 1 but it must be a number above 0 and below 1");
    EXPECT_EQ(fit({.t1 = 0}), call + "t1 = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.plateau_factor = 0}), call + "plateau_factor = 0 but it must be a number above 0 and below 1");
    EXPECT_EQ(fit({.learning_rate = LearningSchedule::piecewise_constant}),
              call + "piecewise constant rate: 0 rates for 0 boundaries: one more is needed");
    EXPECT_EQ(fit({.learning_rate = LearningSchedule::piecewise_constant, .rates = {-1}}),
              call + "rates has -1 but it must be a finite number above 0");
    EXPECT_EQ(this->regress(device, {.loss = SGDLoss::multinomial}, {1, 2, 3}),
              "GradientDescentRegressor::fit: loss = 9 but it must be one of automatic, squared_error, huber, "
              "epsilon_insensitive, squared_epsilon_insensitive");
  }
}

TYPED_TEST(GradientDescentRefuses, data_that_do_not_fit_and_rates_that_are_too_great) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    EXPECT_EQ(this->regress(device, {}, {T(1)}), "GradientDescentRegressor::fit: y is 1 x 1 but x has 3 rows");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
                GradientDescentClassifier<T>({}, device).fit(this->x_, Labels{4, 4, 4});
              }),
              "GradientDescentClassifier::fit: y has 1 class, 4, but at least 2 are needed");
    const std::string grown = this->regress(device, {.tol = std::nullopt, .eta0 = 1e9}, {1, 2, 4});
    EXPECT_NE(grown.find("GradientDescentRegressor::fit: the loss is not finite after"), std::string::npos) << grown;
    const std::string weights = this->regress(device, {.max_iter = 1, .eta0 = 1e308}, {1, 2, 4});
    EXPECT_NE(weights.find("GradientDescentRegressor::fit: the weights are not finite after 1"), std::string::npos)
        << weights;
  }
}

TYPED_TEST(GradientDescentRefuses, calls_that_do_not_go_together) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    const auto refused = [&](const auto& call) { return refusal<forja::InvalidArgument>(call); };
    GradientDescentClassifier<T> model({.loss = SGDLoss::hinge, .max_iter = 2, .warm_start = true}, device);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.validation_loss(); }),
              "GradientDescentClassifier::validation_loss: call fit first");
    model.fit(this->x_, this->y_);
    const Matrix<T> before = model.coef();
    EXPECT_EQ(refused([&] { model.fit(Matrix<T>(3, 2), this->y_); }),
              "GradientDescentClassifier::fit: x has 2 columns but the model was fitted with 1");
    EXPECT_EQ(refused([&] {
                model.fit(this->x_, Labels{0, 1, 3});
              }),
              "GradientDescentClassifier::fit: y has 3 in row 2, which is none of the 2 classes");
    EXPECT_EQ(refused([&] { model.predict_proba(this->x_); }),
              "GradientDescentClassifier::predict_proba: only multinomial, log_loss and modified_huber have "
              "probabilities");
    EXPECT_EQ(model.coef(), before);
    EXPECT_EQ(model.validation_loss(), std::nullopt);
    GradientDescentRegressor<T> regressor({.max_iter = 2, .warm_start = true}, device);
    regressor.fit(this->x_, std::vector<T>{1, 2, 3});
    EXPECT_EQ(refused([&] { regressor.fit(this->x_, Matrix<T>(3, 2).view()); }),
              "GradientDescentRegressor::fit: y has 2 columns but the model has 1 targets");
    EXPECT_EQ(
        refused([&] {
          GradientDescentRegressor<T>({.early_stopping = true}, device).partial_fit(this->x_, std::vector<T>{1, 2, 3});
        }),
        "GradientDescentRegressor::partial_fit: early_stopping needs all rows");
  }
}

TYPED_TEST(GradientDescentRefuses, weights_of_classes_that_are_none) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    const auto fit = [&](const GradientDescentOptions& options) {
      return refusal<forja::InvalidArgument>(
          [&] { GradientDescentClassifier<T>(options, device).fit(this->x_, this->y_); });
    };
    EXPECT_EQ(fit({.class_weights = {{0, -1.0}}}),
              "GradientDescentClassifier::fit: class_weights of 0 is -1 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.class_weights = {{7, 1.0}}}),
              "GradientDescentClassifier::fit: class_weights has 7, which is none of the 2 classes");
    EXPECT_EQ(fit({.class_weight = static_cast<forja::ClassWeight>(5)}),
              "GradientDescentClassifier::fit: class_weight = 5 but it must be one of uniform, balanced");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
                GradientDescentClassifier<T>({.class_weight = forja::ClassWeight::balanced}, device)
                    .partial_fit(this->x_, this->y_);
              }),
              "GradientDescentClassifier::partial_fit: class_weight = \"balanced\" needs all rows");
    EXPECT_EQ(this->regress(device, {.class_weight = forja::ClassWeight::balanced}, {1, 2, 3}),
              "GradientDescentRegressor::fit: class_weight = \"balanced\" but y has numbers, not classes");
    EXPECT_EQ(this->regress(device, {.class_weights = {{1, 2.0}}}, {1, 2, 3}),
              "GradientDescentRegressor::fit: class_weights are given but y has numbers, not classes");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { GradientDescentRegressor<T>({}, device).gradient_norm(); }),
              "GradientDescentRegressor::gradient_norm: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { GradientDescentClassifier<T>({}, device).gradient_norm(); }),
              "GradientDescentClassifier::gradient_norm: call fit first");
  }
}

TYPED_TEST(GradientDescentRefuses, parameters_by_wrong_names_or_values) {
  GradientDescentClassifier<TypeParam> model;
  EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
              model.set_params({{"optimizer", std::string("lion")}});
            }),
            "GradientDescentClassifier::set_params: optimizer = \"lion\" but it must be one of sgd, momentum, "
            "nesterov, adagrad, rmsprop, adam, adamax, nadam, adamw");
  EXPECT_NE(refusal<forja::InvalidArgument>([&] {
              model.set_params({{"loss", std::string("absolute")}});
            }).find("loss = \"absolute\" but it must be one of automatic, squared_error"),
            std::string::npos);
  model.set_params({{"loss", std::string("huber")}, {"tol", std::string("none")}});
  EXPECT_EQ(model.options().loss, SGDLoss::huber);
  model.set_params({{"loss", std::string("automatic")}});
  EXPECT_EQ(model.options().loss, std::nullopt);
}

}  // namespace
