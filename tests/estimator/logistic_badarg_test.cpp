// What LogisticRegression refuses, in which words; and that a refusal changes nothing.

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/logistic_regression.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LogisticRegression;
using forja::LogisticRegressionOptions;
using forja::Matrix;
using forja::testing::devices_under_test;
using forja::testing::refusal;
using Labels = std::vector<std::int32_t>;

template <class T>
class LogisticRefuses : public ::testing::Test {
 protected:
  std::string fit(const Device& device, const LogisticRegressionOptions& options, const Matrix<T>& x, const Labels& y,
                  const std::vector<T>& weight = {}) {
    return refusal<forja::InvalidArgument>([&] { LogisticRegression<T>(options, device).fit(x, y, weight); });
  }

  const Matrix<T> x_{3, 1, {T(1), T(2), T(3)}};
  const Labels y_{0, 1, 1};
};
TYPED_TEST_SUITE(LogisticRefuses, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(LogisticRefuses, options_out_of_range) {
  for (const Device& device : devices_under_test()) {
    const auto fit = [&](const LogisticRegressionOptions& options) {
      return this->fit(device, options, this->x_, this->y_);
    };
    EXPECT_EQ(fit({.l1_ratio = 1.5}), "LogisticRegression::fit: l1_ratio = 1.5 but it must be a number from 0 to 1");
    EXPECT_EQ(fit({.class_weights = {{1, -2}}}),
              "LogisticRegression::fit: class_weights of 1 is -2 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.class_weights = {{1, 0}}}), "LogisticRegression::fit: the rows of class 1 weigh 0");
    EXPECT_EQ(fit({.penalty = forja::LogisticPenalty::l1, .solver = forja::LogisticSolver::newton_cholesky}),
              "LogisticRegression::fit: solver = \"newton-cholesky\" but penalty = \"l1\": it must be l2 or none");
    EXPECT_EQ(fit({.C = 0}), "LogisticRegression::fit: C = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.C = std::numeric_limits<double>::infinity()}),
              "LogisticRegression::fit: C = inf but it must be a finite number above 0");
    EXPECT_EQ(fit({.tol = -1}), "LogisticRegression::fit: tol = -1 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.max_iter = 0}), "LogisticRegression::fit: max_iter = 0 but it must be an integer of at least 1");
  }
}

TYPED_TEST(LogisticRefuses, rows_labels_and_weights_that_do_not_fit) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    EXPECT_EQ(this->fit(device, {}, Matrix<T>(), {}), "LogisticRegression::fit: x is empty (0 x 0)");
    Matrix<T> holed = this->x_;
    holed(1, 0) = std::numeric_limits<T>::quiet_NaN();
    EXPECT_EQ(this->fit(device, {}, holed, this->y_), "LogisticRegression::fit: x has NaN in row 1, column 0");
    EXPECT_EQ(this->fit(device, {}, this->x_, {0, 1}), "LogisticRegression::fit: y has 2 labels but x has 3 rows");
    EXPECT_EQ(this->fit(device, {}, this->x_, {4, 4, 4}),
              "LogisticRegression::fit: y has 1 class, 4, but at least 2 are needed");
    EXPECT_EQ(this->fit(device, {}, this->x_, this->y_, {1, 1}),
              "LogisticRegression::fit: sample_weight has 2 values but x has 3 rows");
    EXPECT_EQ(this->fit(device, {}, this->x_, this->y_, {0, 1, 1}),
              "LogisticRegression::fit: the rows of class 0 weigh 0");
  }
}

TYPED_TEST(LogisticRefuses, use_before_fit_and_other_columns) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    LogisticRegression<T> model({}, device);
    const auto early = [](const auto& call) { return refusal<forja::NotFitted>(call); };
    EXPECT_EQ(early([&] { model.predict(this->x_); }), "LogisticRegression::predict: call fit first");
    EXPECT_EQ(early([&] { model.predict_proba(this->x_); }), "LogisticRegression::predict_proba: call fit first");
    EXPECT_EQ(early([&] { model.score(this->x_, this->y_); }), "LogisticRegression::score: call fit first");
    EXPECT_EQ(early([&] { model.coef(); }), "LogisticRegression::coef: call fit first");
    EXPECT_EQ(early([&] { model.converged(); }), "LogisticRegression::converged: call fit first");
    model.fit(this->x_, this->y_);
    const Matrix<T> before = model.coef();
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.decision_function(Matrix<T>(1, 2)); }),
              "LogisticRegression::decision_function: x has 2 columns but the model was fitted with 1");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.score(this->x_, Labels{0}); }),
              "LogisticRegression::score: y has 1 labels but x has 3 rows");
    EXPECT_THROW(model.fit(this->x_, Labels{1, 1, 1}), forja::InvalidArgument);
    EXPECT_EQ(model.coef(), before);
  }
}

TYPED_TEST(LogisticRefuses, parameters_by_wrong_names_or_values) {
  LogisticRegression<TypeParam> model;
  EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
              model.set_params({{"penalty", std::string("l3")}});
            }),
            "LogisticRegression::set_params: penalty = \"l3\" but it must be one of l2, none, l1, elasticnet");
  model.set_params({{"C", std::int64_t{3}}, {"penalty", std::string("none")}});
  EXPECT_EQ(model.options().C, 3);
  EXPECT_EQ(model.get_params().at("penalty"), forja::ParamValue(std::string("none")));
}

}  // namespace
