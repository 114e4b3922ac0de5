// What SGDClassifier and SGDRegressor refuse, in which words; and that a refusal changes nothing.

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/sgd.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::SGDClassifier;
using forja::SGDClassifierOptions;
using forja::SGDLoss;
using forja::SGDRegressor;
using forja::SGDRegressorOptions;
using forja::testing::devices_under_test;
using forja::testing::refusal;
using Labels = std::vector<std::int32_t>;

template <class T>
class SgdRefuses : public ::testing::Test {
 protected:
  std::string fit(const Device& device, const SGDClassifierOptions& options, const Labels& y,
                  const std::vector<T>& weight = {}) {
    return refusal<forja::InvalidArgument>([&] { SGDClassifier<T>(options, device).fit(x_, y, weight); });
  }
  std::string fit(const Device& device, const SGDRegressorOptions& options, const std::vector<T>& y) {
    return refusal<forja::InvalidArgument>([&] { SGDRegressor<T>(options, device).fit(x_, y); });
  }

  const Matrix<T> x_{3, 1, {T(1), T(2), T(3)}};
  const Labels y_{0, 1, 1};
};
TYPED_TEST_SUITE(SgdRefuses, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(SgdRefuses, options_out_of_range) {
  for (const Device& device : devices_under_test()) {
    const auto fit = [&](const SGDClassifierOptions& options) { return this->fit(device, options, this->y_); };
    EXPECT_EQ(fit({.alpha = -1}), "SGDClassifier::fit: alpha = -1 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.alpha = 0}), "SGDClassifier::fit: learning_rate = \"optimal\" but alpha = 0: it must be above 0");
    EXPECT_EQ(fit({.l1_ratio = 2}), "SGDClassifier::fit: l1_ratio = 2 but it must be a number from 0 to 1");
    EXPECT_EQ(fit({.max_iter = 0}), "SGDClassifier::fit: max_iter = 0 but it must be an integer of at least 1");
    EXPECT_EQ(fit({.tol = -1}),
              "SGDClassifier::fit: tol = -1 but it must be a finite number of at least 0 or \"none\"");
    EXPECT_EQ(fit({.eta0 = 0}), "SGDClassifier::fit: eta0 = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.validation_fraction = 1}),
              "SGDClassifier::fit: validation_fraction = 1 but it must be a number above 0 and below 1");
    EXPECT_EQ(fit({.class_weights = {{1, -2}}}),
              "SGDClassifier::fit: class_weights of 1 is -2 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.class_weights = {{5, 2}}}),
              "SGDClassifier::fit: class_weights has 5, which is none of the 2 classes");
    EXPECT_EQ(this->fit(device, SGDRegressorOptions{.loss = SGDLoss::hinge}, {1, 2, 3}),
              "SGDRegressor::fit: loss = 4 but it must be one of squared_error, huber, epsilon_insensitive, "
              "squared_epsilon_insensitive");
  }
}

TYPED_TEST(SgdRefuses, rows_labels_and_weights_that_do_not_fit) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    EXPECT_EQ(this->fit(device, SGDClassifierOptions{}, {0, 1}), "SGDClassifier::fit: y has 2 labels but x has 3 rows");
    EXPECT_EQ(this->fit(device, SGDClassifierOptions{}, {4, 4, 4}),
              "SGDClassifier::fit: y has 1 class, 4, but at least 2 are needed");
    EXPECT_EQ(this->fit(device, SGDClassifierOptions{}, this->y_, {0, 0, 0}),
              "SGDClassifier::fit: all 3 weights are 0");
    EXPECT_EQ(this->fit(device, SGDRegressorOptions{}, {T(1)}), "SGDRegressor::fit: y is 1 x 1 but x has 3 rows");
    const std::string grown = refusal<forja::InvalidArgument>([&] {
      SGDRegressor<T>({.tol = std::nullopt, .learning_rate = forja::LearningRate::constant, .eta0 = 1e9}, device)
          .fit(this->x_, std::vector<T>{1, 2, 4});
    });
    EXPECT_NE(grown.find("SGDRegressor::fit: the loss is not finite after"), std::string::npos) << grown;
  }
}

TYPED_TEST(SgdRefuses, partial_fits_that_do_not_go_together) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    SGDClassifier<T> model({}, device);
    model.partial_fit(this->x_, this->y_, Labels{0, 1, 2});
    const Matrix<T> before = model.coef();
    const auto refused = [&](const auto& call) { return refusal<forja::InvalidArgument>(call); };
    EXPECT_EQ(refused([&] {
                model.partial_fit(this->x_, Labels{0, 1, 3});
              }),
              "SGDClassifier::partial_fit: y has 3 in row 2, which is none of the 3 classes");
    EXPECT_EQ(refused([&] {
                model.partial_fit(this->x_, this->y_, Labels{0, 1});
              }),
              "SGDClassifier::partial_fit: 2 classes are not the 3 of the calls before");
    EXPECT_EQ(refused([&] { model.partial_fit(Matrix<T>(3, 2), this->y_); }),
              "SGDClassifier::partial_fit: x has 2 columns but the model was fitted with 1");
    EXPECT_EQ(
        refused([&] { SGDRegressor<T>({.early_stopping = true}, device).partial_fit(this->x_, std::vector<T>(3)); }),
        "SGDRegressor::partial_fit: early_stopping needs all rows");
    EXPECT_EQ(model.coef(), before);
  }
}

TYPED_TEST(SgdRefuses, use_before_fit_and_probabilities_of_a_hinge) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    SGDClassifier<T> model({}, device);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.predict(this->x_); }), "SGDClassifier::predict: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.loss(); }), "SGDClassifier::loss: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { SGDRegressor<T>({}, device).n_iter(); }),
              "SGDRegressor::n_iter: call fit first");
    model.fit(this->x_, this->y_);
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.predict_proba(this->x_); }),
              "SGDClassifier::predict_proba: only log_loss and modified_huber have probabilities");
  }
}

TYPED_TEST(SgdRefuses, parameters_by_wrong_names_or_values) {
  SGDClassifier<TypeParam> model;
  EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
              model.set_params({{"penalty", std::string("l3")}});
            }),
            "SGDClassifier::set_params: penalty = \"l3\" but it must be one of none, l2, l1, elasticnet");
  model.set_params({{"tol", std::string("none")}, {"loss", std::string("log_loss")}});
  EXPECT_EQ(model.options().tol, std::nullopt);
  EXPECT_EQ(model.options().loss, SGDLoss::log_loss);
}

}  // namespace
