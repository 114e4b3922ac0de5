// Metrics against scikit-learn's figures (1.9) on the same small data, and what they refuse.

#include "forja/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "forja/error.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Average;
using forja::InvalidArgument;
using forja::Matrix;
using forja::testing::refusal;
using Labels = std::vector<std::int32_t>;
using Doubles = std::vector<double>;

const Labels kTrue = {0, 2, 1, 2, 0, 1, 1, 2};
const Labels kPredicted = {0, 1, 1, 2, 0, 2, 1, 2};
const Doubles kWeight = {1, 2, 0.5, 1, 3, 1, 0, 2};
/// A few roundings of a sum of eight numbers.
constexpr double kExact = 1e-14;

TEST(LabelMetrics, accuracy_is_the_share_of_right_rows) {
  EXPECT_EQ(forja::accuracy_score(kTrue, kPredicted), 0.75);
  EXPECT_NEAR(forja::accuracy_score(kTrue, kPredicted, kWeight), 0.7142857142857143, kExact);
  EXPECT_NEAR(forja::accuracy_score(kTrue, kPredicted, std::vector<float>(kWeight.begin(), kWeight.end())),
              0.7142857142857143, kExact);
}

TEST(LabelMetrics, confusion_counts_rows_of_each_label_by_prediction) {
  const auto plain = forja::confusion_matrix(kTrue, kPredicted);
  EXPECT_EQ(plain.labels, (Labels{0, 1, 2}));
  EXPECT_EQ(plain.counts, Matrix<double>(3, 3, {2, 0, 0, 0, 2, 1, 0, 1, 2}));
  EXPECT_EQ(forja::confusion_matrix(kTrue, kPredicted, kWeight).counts,
            Matrix<double>(3, 3, {4, 0, 0, 0, 0.5, 1, 0, 2, 3}));
  const auto strange = forja::confusion_matrix(Labels{-5, 7}, Labels{-5, 100});
  EXPECT_EQ(strange.labels, (Labels{-5, 7, 100}));
  EXPECT_EQ(strange.counts, Matrix<double>(3, 3, {1, 0, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(LabelMetrics, averages_over_labels_are_those_of_scikit_learn) {
  const auto near = [](double got, double expected) { EXPECT_NEAR(got, expected, kExact); };
  near(forja::precision_score(kTrue, kPredicted, {.average = Average::macro}), 0.7777777777777777);
  near(forja::recall_score(kTrue, kPredicted, {.average = Average::macro}), 0.7777777777777777);
  near(forja::f1_score(kTrue, kPredicted, {.average = Average::micro}), 0.75);
  near(forja::precision_score(kTrue, kPredicted, {.average = Average::macro, .sample_weight = kWeight}), 0.65);
  near(forja::recall_score(kTrue, kPredicted, {.average = Average::macro, .sample_weight = kWeight}),
       0.6444444444444444);
  near(forja::f1_score(kTrue, kPredicted, {.average = Average::macro, .sample_weight = kWeight}), 0.6388888888888888);
  near(forja::precision_score(kTrue, kPredicted, {.average = Average::micro, .sample_weight = kWeight}),
       0.7142857142857143);
  near(forja::precision_score(kTrue, kPredicted, {.average = Average::weighted, .sample_weight = kWeight}),
       0.7666666666666667);
  near(forja::recall_score(kTrue, kPredicted, {.average = Average::weighted, .sample_weight = kWeight}),
       0.7142857142857143);
  near(forja::f1_score(kTrue, kPredicted, {.average = Average::weighted, .sample_weight = kWeight}),
       0.7341269841269841);
}

TEST(LabelMetrics, binary_scores_are_of_the_positive_label) {
  const Labels y_true = {1, 1, 1, 0, 0, 0, 0};
  const Labels y_pred = {1, 1, 0, 1, 0, 0, 0};
  EXPECT_NEAR(forja::precision_score(y_true, y_pred), 2.0 / 3, kExact);
  EXPECT_NEAR(forja::recall_score(y_true, y_pred), 2.0 / 3, kExact);
  EXPECT_NEAR(forja::f1_score(y_true, y_pred), 2.0 / 3, kExact);
  EXPECT_EQ(forja::precision_score(y_true, y_pred, {.pos_label = 0}), 0.75);
}

TEST(LabelMetrics, nothing_divided_by_nothing_is_what_was_asked_for) {
  const Labels y_true = {0, 0, 1};
  const Labels none = {0, 0, 0};
  EXPECT_EQ(forja::precision_score(y_true, none), 0);
  EXPECT_EQ(forja::precision_score(y_true, none, {.zero_division = 1}), 1);
  EXPECT_EQ(forja::recall_score(y_true, none, {.zero_division = 1}), 0);
  EXPECT_EQ(refusal<InvalidArgument>([&] { forja::recall_score(y_true, none, {.zero_division = 2}); }),
            "recall_score: zero_division = 2 but it must be a number from 0 to 1");
}

TEST(LabelMetrics, binary_needs_two_labels_and_a_positive_one_among_them) {
  EXPECT_EQ(refusal<InvalidArgument>([] { forja::f1_score(kTrue, kPredicted); }),
            "f1_score: average = binary but there are 3 labels: choose another average");
  EXPECT_EQ(refusal<InvalidArgument>([] {
              forja::f1_score(Labels{3, 4}, Labels{3, 3});
            }),
            "f1_score: pos_label = 1 but the labels are 3, 4");
}

template <class T>
class ProbabilityMetrics : public ::testing::Test {
 protected:
  const Matrix<T> probabilities_{
      8, 3, {T(0.7), T(0.2),  T(0.1),  T(0.1), T(0.3), T(0.6), T(0.2), T(0.6), T(0.2), T(0),   T(0),   T(1),
             T(0.5), T(0.25), T(0.25), T(0.3), T(0.3), T(0.4), T(0),   T(1),   T(0),   T(0.1), T(0.1), T(0.8)}};
  /// The probabilities are rounded to T.
  static constexpr double kTolerance = sizeof(T) == 4 ? 1e-6 : 1e-14;
};
TYPED_TEST_SUITE(ProbabilityMetrics, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(ProbabilityMetrics, log_loss_is_that_of_scikit_learn) {
  using T = TypeParam;
  EXPECT_NEAR(forja::log_loss(kTrue, this->probabilities_), 0.43732371595885067, this->kTolerance);
  EXPECT_NEAR(forja::log_loss(kTrue, this->probabilities_, kWeight), 0.5108038525702763, this->kTolerance);
  EXPECT_NEAR(forja::log_loss(Labels{0, 1, 1}, std::vector<T>{T(0.1), T(0.9), T(1)}), 0.07024034377188426,
              this->kTolerance);
  // What is surely wrong counts as T's epsilon.
  const double sure = sizeof(T) == 4 ? 5.314128398895264 : 12.014551129705717;
  EXPECT_NEAR(forja::log_loss(Labels{0, 1, 0}, Matrix<T>(3, 2, {1, 0, 0, 1, 0, 1})), sure, this->kTolerance);
  EXPECT_NEAR(forja::log_loss(Labels{0, 1, 0}, std::vector<T>{0, 1, 1}), sure, this->kTolerance);
}

TYPED_TEST(ProbabilityMetrics, labels_that_do_not_occur_are_named) {
  using T = TypeParam;
  const Labels all = {0, 5, 9};
  const Matrix<T> y_prob(2, 3, {T(0.5), T(0.25), T(0.25), T(0.5), T(0), T(0.5)});
  EXPECT_NEAR(forja::log_loss(Labels{0, 9}, y_prob, {}, all), std::log(2.0), this->kTolerance);
  EXPECT_NEAR(forja::log_loss(Labels{9, 9}, std::vector<T>{T(0.5), T(0.5)}, {}, Labels{0, 9}), std::log(2.0),
              this->kTolerance);
  const auto refused = [&](const Labels& y_true, const Labels& labels) {
    return refusal<InvalidArgument>([&] { forja::log_loss(y_true, y_prob, {}, labels); });
  };
  EXPECT_EQ(refused({0, 9}, {}), "log_loss: y_prob has 3 columns but there are 2 labels");
  EXPECT_EQ(refused({9, 9}, {}), "log_loss: y_true has 1 label, 9, but at least 2 are needed");
  EXPECT_EQ(refused({0, 7}, all), "log_loss: y_true has 7, which is not in labels");
}

TYPED_TEST(ProbabilityMetrics, what_is_no_probability_is_refused) {
  using T = TypeParam;
  const auto refused = [](const auto& y_prob) {
    return refusal<InvalidArgument>([&] { forja::log_loss(Labels{0, 1}, y_prob); });
  };
  EXPECT_EQ(refused(Matrix<T>(2, 2, {T(0.5), T(0.5), T(-0.5), T(1)})),
            "log_loss: y_prob has -0.5 in row 1 but probabilities are from 0 to 1");
  EXPECT_EQ(refused(Matrix<T>(2, 2, {T(0.5), T(0.25), T(0.5), T(0.5)})),
            "log_loss: row 0 of y_prob sums to 0.75 but it must sum to 1");
  EXPECT_EQ(refused(std::vector<T>{T(0.5), std::numeric_limits<T>::quiet_NaN()}),
            "log_loss: y_prob has nan in row 1 but probabilities are from 0 to 1");
  EXPECT_EQ(refused(std::vector<T>{T(0.5)}), "log_loss: y_prob has 1 values but y_true has 2");
}

TYPED_TEST(ProbabilityMetrics, roc_auc_counts_pairs_in_the_right_order_and_ties_half) {
  using T = TypeParam;
  const Labels y_true = {0, 0, 1, 1, 1, 0};
  const std::vector<T> y_score = {T(0.1), T(0.4), T(0.35), T(0.8), T(0.4), T(0.4)};
  EXPECT_NEAR(forja::roc_auc_score(y_true, y_score), 2.0 / 3, kExact);
  EXPECT_NEAR(forja::roc_auc_score(y_true, y_score, Doubles{1, 2, 0.5, 1, 3, 1}), 2.0 / 3, kExact);
  double pairs = 0;
  for (const std::size_t positive : {2, 3, 4}) {
    for (const std::size_t other : {0, 1, 5}) {
      pairs += y_score[positive] > y_score[other] ? 1 : (y_score[positive] == y_score[other] ? 0.5 : 0);
    }
  }
  EXPECT_NEAR(forja::roc_auc_score(y_true, y_score), pairs / 9, kExact);
  EXPECT_EQ(forja::roc_auc_score(Labels{-1, 1}, std::vector<T>{T(1), T(2)}), 1);
  EXPECT_EQ(forja::roc_auc_score(Labels{-1, 1}, std::vector<T>{T(2), T(1)}), 0);
}

TYPED_TEST(ProbabilityMetrics, roc_auc_needs_two_labels_that_weigh_something) {
  using T = TypeParam;
  const std::vector<T> scores = {T(1), T(2), T(3)};
  const auto refused = [&](const Labels& y_true, const Doubles& weights) {
    return refusal<InvalidArgument>([&] { forja::roc_auc_score(y_true, scores, weights); });
  };
  EXPECT_EQ(refused({1, 1, 1}, {}), "roc_auc_score: y_true has 1 labels but 2 are needed");
  EXPECT_EQ(refused({1, 2, 3}, {}), "roc_auc_score: y_true has 3 labels but 2 are needed");
  EXPECT_EQ(refused({0, 4, 0}, {1, 0, 1}), "roc_auc_score: the rows of label 4 weigh 0");
  EXPECT_EQ(refusal<InvalidArgument>([] {
              forja::roc_auc_score(Labels{0, 1}, std::vector<T>{T(1), std::numeric_limits<T>::infinity()});
            }),
            "roc_auc_score: y_score(1) = inf but every value must be finite");
}

template <class T>
class RegressionMetrics : public ::testing::Test {
 protected:
  const std::vector<T> true_ = {T(3), T(-0.5), T(2), T(7)};
  const std::vector<T> predicted_ = {T(2.5), T(0), T(2), T(8)};
  const Doubles weight_ = {1, 2, 0.5, 1};
};
TYPED_TEST_SUITE(RegressionMetrics, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(RegressionMetrics, figures_are_those_of_scikit_learn) {
  const auto& y = this->true_;
  const auto& p = this->predicted_;
  EXPECT_NEAR(forja::r2_score(y, p), 0.9486081370449679, kExact);
  EXPECT_NEAR(forja::mean_squared_error(y, p), 0.375, kExact);
  EXPECT_NEAR(forja::mean_absolute_error(y, p), 0.5, kExact);
  EXPECT_NEAR(forja::root_mean_squared_error(y, p), 0.6123724356957945, kExact);
  EXPECT_NEAR(forja::r2_score(y, p, this->weight_), 0.9542815674891146, kExact);
  EXPECT_NEAR(forja::mean_squared_error(y, p, this->weight_), 0.3888888888888889, kExact);
  EXPECT_NEAR(forja::mean_absolute_error(y, p, this->weight_), 0.5555555555555556, kExact);
  EXPECT_NEAR(forja::root_mean_squared_error(y, p, this->weight_), 0.6236095644623235, kExact);
}

TYPED_TEST(RegressionMetrics, several_targets_count_alike) {
  using T = TypeParam;
  const Matrix<T> y(3, 2, {T(0.5), T(1), T(-1), T(1), T(7), T(-6)});
  const Matrix<T> p(3, 2, {T(0), T(2), T(-1), T(2), T(8), T(-5)});
  EXPECT_NEAR(forja::r2_score(y, p), 0.9368005266622779, kExact);
  EXPECT_NEAR(forja::mean_squared_error(y, p), 0.7083333333333334, kExact);
  EXPECT_NEAR(forja::mean_absolute_error(y, p), 0.75, kExact);
  EXPECT_NEAR(forja::root_mean_squared_error(y, p), 0.8227486121839513, kExact);
}

TYPED_TEST(RegressionMetrics, a_constant_target_scores_one_when_met_and_else_nothing) {
  using T = TypeParam;
  EXPECT_EQ(forja::r2_score(std::vector<T>{1, 1, 1}, std::vector<T>{1, 1, 1}), 1);
  EXPECT_EQ(forja::r2_score(std::vector<T>{1, 1, 1}, std::vector<T>{1, 1, 2}), 0);
}

TYPED_TEST(RegressionMetrics, a_far_mean_costs_no_digits) {
  using T = TypeParam;
  // Sums of squares of 1e6 would lose the spread of 1 in single precision.
  std::vector<T> y;
  std::vector<T> p;
  for (int i = 0; i < 1000; ++i) {
    y.push_back(T(1e6) + static_cast<T>(i % 2));
    p.push_back(T(1e6) + T(0.5));
  }
  EXPECT_NEAR(forja::r2_score(y, p), 0, 1e-12);
  EXPECT_NEAR(forja::mean_squared_error(y, p), 0.25, 1e-12);
}

TYPED_TEST(RegressionMetrics, input_that_does_not_fit_is_refused) {
  using T = TypeParam;
  const auto refused = [](const auto& y, const auto& p, const Doubles& weight = {}) {
    return refusal<InvalidArgument>([&] { forja::r2_score(y, p, weight); });
  };
  using Values = std::vector<T>;
  EXPECT_EQ(refused(Values{}, Values{}), "r2_score: y_true is empty");
  EXPECT_EQ(refused(Values{1, 2}, Values{1}), "r2_score: y_pred has 1 values but y_true has 2");
  EXPECT_EQ(refused(Values{1}, Values{1}), "r2_score: y_true has 1 value but at least 2 are needed");
  EXPECT_EQ(refused(Matrix<T>(2, 2), Matrix<T>(2, 3)), "r2_score: y_pred has 3 columns but y_true has 2");
  EXPECT_EQ(refused(Matrix<T>(2, 0), Matrix<T>(2, 0)), "r2_score: y_pred has 0 columns but y_true has 0");
  EXPECT_EQ(refused(Values{1, std::numeric_limits<T>::quiet_NaN()}, Values{1, 2}),
            "r2_score: y_true(1) = nan but every value must be finite");
  EXPECT_EQ(refused(Values{1, 2}, Values{1, -std::numeric_limits<T>::infinity()}),
            "r2_score: y_pred(1) = -inf but every value must be finite");
  EXPECT_EQ(refused(Values{1, 2}, Values{1, 2}, {1}), "r2_score: sample_weight has 1 values but y_true has 2");
  EXPECT_EQ(refused(Values{1, 2}, Values{1, 2}, {1, -1}),
            "r2_score: sample_weight(1) = -1 but weights must be finite and at least 0");
  EXPECT_EQ(refused(Values{1, 2}, Values{1, 2}, {0, 0}), "r2_score: sample_weight sums to 0");
}

TEST(LabelMetrics, input_that_does_not_fit_is_refused) {
  EXPECT_EQ(refusal<InvalidArgument>([] { forja::accuracy_score(Labels{}, Labels{}); }),
            "accuracy_score: y_true is empty");
  EXPECT_EQ(refusal<InvalidArgument>([] { forja::confusion_matrix(kTrue, Labels{1}); }),
            "confusion_matrix: y_pred has 1 values but y_true has 8");
  EXPECT_EQ(refusal<InvalidArgument>([] { forja::accuracy_score(kTrue, kPredicted, Doubles{1}); }),
            "accuracy_score: sample_weight has 1 values but y_true has 8");
}

}  // namespace
