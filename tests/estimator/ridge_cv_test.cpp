// RidgeCV against what it stands for: a loop of Ridge over alphas and folds.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "forja/model_selection.h"
#include "forja/ridge_cv.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::Ridge;
using forja::RidgeCV;
using forja::RidgeCVOptions;
using forja::testing::devices_under_test;
using forja::testing::linear_data;
using forja::testing::LinearData;

template <class T>
constexpr double kRidgeEpsilon = static_cast<double>(std::numeric_limits<T>::epsilon());

template <class T>
LinearData<T> rows_of(const LinearData<T>& data, const std::vector<std::int64_t>& rows) {
  LinearData<T> part{forja::take_rows(data.x.view(), rows), forja::take_rows(data.y.view(), rows), {}};
  if (!data.weight.empty()) part.weight = forja::take_rows(std::span<const T>(data.weight), rows);
  return part;
}

template <class T>
class RidgeCVOf : public ::testing::Test {
 protected:
  /// Scores as RidgeCV promises them, by one Ridge per alpha and fold.
  static Matrix<double> scores_one_by_one(const LinearData<T>& data, const RidgeCVOptions& options, Device device) {
    Matrix<double> scores(std::ssize(options.alphas), options.cv);
    const auto folds = forja::KFold({.n_splits = options.cv}).split(data.x.rows());
    for (std::int64_t f = 0; f < options.cv; ++f) {
      const LinearData<T> train = rows_of(data, folds[static_cast<std::size_t>(f)].train);
      const LinearData<T> test = rows_of(data, folds[static_cast<std::size_t>(f)].test);
      for (std::int64_t a = 0; a < scores.rows(); ++a) {
        Ridge<T> model({.alpha = options.alphas[static_cast<std::size_t>(a)], .fit_intercept = options.fit_intercept},
                       device);
        scores(a, f) = model.fit(train.x, train.y, train.weight).score(test.x, test.y, test.weight);
      }
    }
    return scores;
  }

  /// `slack` of R^2 and one part in a hundred of 1 - R^2, halved; the best alpha by the found scores.
  static void expect_the_loop(const LinearData<T>& data, const RidgeCVOptions& options, double slack) {
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      const Matrix<double> expected = scores_one_by_one(data, options, device);
      RidgeCV<T> model(options, device);
      model.fit(data.x, data.y, data.weight);
      ASSERT_EQ(model.cv_scores().rows(), std::ssize(options.alphas));
      ASSERT_EQ(model.cv_scores().columns(), options.cv);
      double best = -std::numeric_limits<double>::infinity();
      double own = best;
      for (std::int64_t a = 0; a < expected.rows(); ++a) {
        double sum = 0;
        double found = 0;
        for (std::int64_t f = 0; f < options.cv; ++f) {
          EXPECT_NEAR(model.cv_scores()(a, f), expected(a, f), std::min(slack, 0.005 * (1 - expected(a, f))))
              << "alpha " << options.alphas[static_cast<std::size_t>(a)] << ", fold " << f;
          sum += expected(a, f) / static_cast<double>(options.cv);
          found += model.cv_scores()(a, f) / static_cast<double>(options.cv);
        }
        best = std::max(best, sum);
        if (model.alpha() == options.alphas[static_cast<std::size_t>(a)]) own = sum;
        EXPECT_LE(found, model.best_score() + 1e-15);
      }
      EXPECT_GE(own, best - 2 * slack);
      EXPECT_NEAR(model.best_score(), best, slack);
      Ridge<T> final_model({.alpha = model.alpha(), .fit_intercept = options.fit_intercept}, device);
      final_model.fit(data.x, data.y, data.weight);
      const auto& coef = final_model.coef().values();
      double size = 0;
      for (const T value : coef) size = std::max(size, std::abs(static_cast<double>(value)));
      for (std::size_t j = 0; j < coef.size(); ++j) {
        // Two answers with T's backward error, times the columns' condition.
        EXPECT_NEAR(model.coef().values()[j], coef[j], 200 * kRidgeEpsilon<T> * size);
      }
      EXPECT_EQ(model.solver_used(), final_model.solver_used());
      EXPECT_LE(model.backward_error(), std::max(16 * kRidgeEpsilon<T>, 4 * final_model.backward_error()));
    }
  }

  /// Sums of some hundred numbers in T, whose roundings mix.
  static constexpr double kSums = 20 * kRidgeEpsilon<T>;
};
TYPED_TEST_SUITE(RidgeCVOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(RidgeCVOf, scores_and_the_final_model_are_those_of_a_loop_over_ridge) {
  using T = TypeParam;
  for (const bool weighted : {false, true}) {
    for (const bool intercept : {false, true}) {
      for (const std::int64_t cv : {2, 5}) {
        SCOPED_TRACE(std::to_string(weighted) + std::to_string(intercept) + ", folds " + std::to_string(cv));
        this->expect_the_loop(linear_data<T>(203, 5, 2, weighted, 2.0),
                              {.alphas = {0.01, 30, 500}, .cv = cv, .fit_intercept = intercept}, this->kSums);
      }
    }
  }
}

TYPED_TEST(RidgeCVOf, a_middling_alpha_wins_where_columns_are_many_and_noise_is_great) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(60, 20, 1, false, 1.5);
  this->expect_the_loop(data, {.alphas = {1e-3, 1, 3, 10, 30, 1e6}}, this->kSums);
  for (const Device& device : devices_under_test()) {
    RidgeCV<T> model({.alphas = {1e-3, 1, 3, 10, 30, 1e6}}, device);
    model.fit(data.x, data.y);
    EXPECT_GT(model.alpha(), 0.5);
    EXPECT_LT(model.alpha(), 1e5);
  }
}

TYPED_TEST(RidgeCVOf, huge_means_and_units_cost_no_digits) {
  using T = TypeParam;
  LinearData<T> data = linear_data<T>(150, 4, 1, true, 2.0);
  for (T& value : data.x.values()) value = static_cast<T>((1e4 + static_cast<double>(value)) * 0x1.0p-30);
  for (T& value : data.y.values()) value += T(1e4);
  // The loop's own residuals are differences of numbers of 1e4, in double.
  this->expect_the_loop(data, {.alphas = {1e-18, 1e-16, 1}}, std::max(this->kSums, 1e5 * kRidgeEpsilon<double>));
}

TYPED_TEST(RidgeCVOf, rows_in_an_order_that_sets_folds_apart) {
  using T = TypeParam;
  LinearData<T> data = linear_data<T>(200, 3, 1, false);
  for (std::int64_t i = 0; i < 200; ++i) {
    const std::int64_t fold = i / 40;
    data.x(i, 0) += static_cast<T>(1000 * fold);
    // One in the first fold, zero in all others, whose models cannot know it.
    data.x(i, 1) = i < 40 ? T(1) : T(0);
    data.y(i, 0) += static_cast<T>(0.1 * static_cast<double>(fold));
  }
  // A fold's own sums are of the size of its distance from the others.
  this->expect_the_loop(data, {.alphas = {0, 1, 100}}, 1e4 * kRidgeEpsilon<T>);
}

TYPED_TEST(RidgeCVOf, columns_that_depend_on_each_other_and_too_few_rows) {
  using T = TypeParam;
  LinearData<T> twice = linear_data<T>(100, 4, 2, false);
  for (std::int64_t i = 0; i < 100; ++i) twice.x(i, 3) = 2 * twice.x(i, 0);
  this->expect_the_loop(twice, {.alphas = {0, 1e-9, 1}, .cv = 4}, this->kSums);
  this->expect_the_loop(linear_data<T>(24, 30, 1, true, 3.0), {.alphas = {0.1, 1, 10}, .cv = 3}, 4 * this->kSums);
}

TYPED_TEST(RidgeCVOf, a_nearly_perfect_fit_keeps_the_digits_of_what_is_left) {
  using T = TypeParam;
  // What is left is 1e-10 of the targets' square, far below float's sums and above their own rounding's square.
  this->expect_the_loop(linear_data<T>(120, 3, 1, false, 3e-5), {.alphas = {0, 1e-6}, .cv = 3}, 1e-11);
}

TYPED_TEST(RidgeCVOf, the_first_of_equally_good_alphas_is_chosen) {
  using T = TypeParam;
  LinearData<T> data = linear_data<T>(30, 2, 1, false);
  std::fill(data.y.values().begin(), data.y.values().end(), T(5));
  for (const Device& device : devices_under_test()) {
    RidgeCV<T> model({.alphas = {7, 1, 3}}, device);
    model.fit(data.x, data.y);
    EXPECT_EQ(model.alpha(), 7);
    EXPECT_EQ(model.best_score(), 1);
    EXPECT_EQ(model.coef(), Matrix<T>(1, 2));
  }
}

TYPED_TEST(RidgeCVOf, rows_on_the_device_give_the_same_bits) {
  using T = TypeParam;
  const LinearData<T> data = linear_data<T>(2100, 6, 1, true);
  for (const Device& device : devices_under_test()) {
    RidgeCV<T> from_host({.alphas = {0.1, 10}, .cv = 3}, device);
    from_host.fit(data.x, data.y, data.weight);
    const forja::DeviceMatrix<T> held(data.x.view(), device);
    RidgeCV<T> from_device({.alphas = {0.1, 10}, .cv = 3}, device);
    from_device.fit(held, data.y, data.weight);
    EXPECT_EQ(from_device.coef(), from_host.coef());
    EXPECT_EQ(from_device.cv_scores(), from_host.cv_scores());
  }
}

}  // namespace
