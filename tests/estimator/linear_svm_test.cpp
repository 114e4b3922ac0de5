// LinearSVC and LinearSVR: the book's figures, objectives whose minima are known otherwise, and data that are hard.

#include "forja/linear_svm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "forja/concepts.h"
#include "forja/data.h"
#include "forja/generators.h"
#include "forja/model_selection.h"
#include "forja/preprocessing.h"
#include "support/data.h"
#include "support/devices.h"
#include "support/linear_files.h"
#include "support/recorder.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LinearSVC;
using forja::LinearSVCLoss;
using forja::LinearSVR;
using forja::LinearSVRLoss;
using forja::Matrix;
using forja::testing::devices_under_test;
using Labels = std::vector<std::int32_t>;

static_assert(forja::Classifier<LinearSVC<float>> && forja::Regressor<LinearSVR<double>>);

/// Petals of iris, scaled to a mean of 0 and a variance of 1.
template <class T>
struct Petals {
  forja::StandardScaler<T> scaler;
  Matrix<T> x;
  Labels species;
  Labels virginica;

  Petals() {
    const auto table = forja::read_csv<T>(forja::testing::book_csv("iris"),
                                          {.target = "target", .columns = {"petal_length", "petal_width"}});
    x = scaler.fit_transform(table.x);
    species = table.labels();
    for (const std::int32_t label : species) virginica.push_back(label == 2 ? 1 : 0);
  }
};

/// ||w||^2 / 2 + C sum of weight x loss of the public parameters, in double; b over `scaling` is one of the weights.
template <class T, class Loss>
double naive_objective(const Matrix<T>& x, std::span<const T> w, T b, double scaling, const Loss& loss) {
  double sum = 0;
  for (const T value : w) sum += 0.5 * static_cast<double>(value) * static_cast<double>(value);
  if (scaling > 0) sum += 0.5 * static_cast<double>(b) / scaling * static_cast<double>(b) / scaling;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    auto margin = static_cast<double>(b);
    for (std::int64_t j = 0; j < x.columns(); ++j) {
      margin += static_cast<double>(w[static_cast<std::size_t>(j)]) * static_cast<double>(x(i, j));
    }
    sum += loss(static_cast<std::size_t>(i), margin);
  }
  return sum;
}

/// What a search from these weights on, along one of them after the other, brings the objective down to.
template <class T, class Loss>
double searched_minimum(const Matrix<T>& x, std::vector<T> w, T b, double scaling, const Loss& loss) {
  double best = naive_objective<T>(x, w, b, scaling, loss);
  for (double step = 0.1; step > 1e-5; step *= 0.7) {
    for (std::size_t k = 0; k < w.size() + (scaling > 0 ? 1 : 0); ++k) {
      for (const double by : {-step, step}) {
        std::vector<T> other = w;
        T other_b = b;
        (k < w.size() ? other[k] : other_b) += static_cast<T>(by);
        const double found = naive_objective<T>(x, other, other_b, scaling, loss);
        if (found >= best) continue;
        best = found;
        w = other;
        b = other_b;
      }
    }
  }
  return best;
}

template <class T>
class LinearSvm : public ::testing::Test {};
TYPED_TEST_SUITE(LinearSvm, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(LinearSvm, the_books_petals_score_0_66163814_and_minus_0_22035762) {
  using T = TypeParam;
  const Petals<T> petals;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    // The book's are scikit-learn's, which ends a little before the minimum: 0.66163816 and -0.22035761 there.
    LinearSVC<T> model({.tol = 1e-10, .seed = 42}, device);
    model.fit(petals.x, petals.virginica);
    EXPECT_TRUE(model.converged());
    const Matrix<T> two(2, 2, {T(5.5), T(1.7), T(5.0), T(1.5)});
    const Matrix<T> scores = model.decision_function(petals.scaler.transform(two));
    EXPECT_NEAR(static_cast<double>(scores(0, 0)), 0.66163814, 1e-5);
    EXPECT_NEAR(static_cast<double>(scores(1, 0)), -0.22035762, 1e-5);
    EXPECT_EQ(model.predict(petals.scaler.transform(two)), (Labels{1, 0}));
    // scikit-learn's with loss = "hinge" and tol = 1e-10.
    LinearSVC<T> hinge({.loss = LinearSVCLoss::hinge, .tol = 1e-7}, device);
    hinge.fit(petals.x, petals.virginica);
    const Matrix<T> others = hinge.decision_function(petals.scaler.transform(two));
    EXPECT_NEAR(static_cast<double>(others(0, 0)), 0.68566938, 2e-4);
    EXPECT_NEAR(static_cast<double>(others(1, 0)), -0.40716531, 2e-4);
  }
}

TYPED_TEST(LinearSvm, no_step_along_a_weight_is_below_the_objective_by_more_than_the_gap) {
  using T = TypeParam;
  const Petals<T> petals;
  std::vector<T> weight;
  for (std::size_t i = 0; i < 150; ++i) weight.push_back(static_cast<T>(i % 3) * T(0.5));
  for (const Device& device : devices_under_test()) {
    for (const LinearSVCLoss kind : {LinearSVCLoss::hinge, LinearSVCLoss::squared_hinge}) {
      for (const double scaling : {0.0, 1.0, 4.0}) {
        SCOPED_TRACE(device.name() + ", loss " + std::to_string(static_cast<int>(kind)) + ", scaling " +
                     std::to_string(scaling));
        LinearSVC<T> model(
            {.loss = kind, .C = 0.3, .fit_intercept = scaling > 0, .intercept_scaling = scaling > 0 ? scaling : 1},
            device);
        model.fit(petals.x, petals.virginica, weight);
        EXPECT_TRUE(model.converged());
        EXPECT_LE(model.dual_gap(), 1e-4 * model.objective());
        const auto loss = [&](std::size_t i, double margin) {
          const double missing = std::max(0.0, 1 - (petals.virginica[i] == 1 ? margin : -margin));
          return 0.3 * static_cast<double>(weight[i]) * (kind == LinearSVCLoss::hinge ? missing : missing * missing);
        };
        const std::vector<T> w(model.coef().values().begin(), model.coef().values().end());
        const double found = naive_objective<T>(petals.x, w, model.intercept()[0], scaling, loss);
        // The public weights are rounded to T.
        EXPECT_NEAR(found, model.objective(), 1e-5 * found);
        EXPECT_GE(searched_minimum<T>(petals.x, w, model.intercept()[0], scaling, loss),
                  found - model.dual_gap() - 1e-5 * found);
      }
    }
  }
}

TYPED_TEST(LinearSvm, regression_is_as_near_its_minimum_as_its_gap_says) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  for (const Device& device : devices_under_test()) {
    for (const LinearSVRLoss kind : {LinearSVRLoss::epsilon_insensitive, LinearSVRLoss::squared_epsilon_insensitive}) {
      SCOPED_TRACE(device.name() + ", loss " + std::to_string(static_cast<int>(kind)));
      LinearSVR<T> model({.epsilon = 0.5, .loss = kind, .max_iter = 5000}, device);
      model.fit(line.x, line.target);
      EXPECT_TRUE(model.converged());
      const auto loss = [&](std::size_t i, double p) {
        const double excess = std::max(0.0, std::fabs(p - static_cast<double>(line.target[i])) - 0.5);
        return kind == LinearSVRLoss::epsilon_insensitive ? excess : excess * excess;
      };
      const std::vector<T> w{model.coef()(0, 0)};
      const double found = naive_objective<T>(line.x, w, model.intercept()[0], 1, loss);
      EXPECT_NEAR(found, model.objective(), 1e-5 * found);
      EXPECT_GE(searched_minimum<T>(line.x, w, model.intercept()[0], 1, loss), found - model.dual_gap() - 1e-5 * found);
      // The line that made the rows, but for noise of variance 1 and the penalty.
      EXPECT_NEAR(static_cast<double>(w[0]), 3, 0.5);
      EXPECT_GT(model.score(line.x, line.target), 0.6);
    }
  }
}

TYPED_TEST(LinearSvm, each_class_is_told_from_the_rest_by_its_own_problem) {
  using T = TypeParam;
  const Petals<T> petals;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LinearSVC<T> model({.tol = 1e-5}, device);
    model.fit(petals.x, petals.species);
    EXPECT_TRUE(model.converged());
    EXPECT_EQ(model.coef().rows(), 3);
    EXPECT_GT(model.score(petals.x, petals.species), 0.9);
    LinearSVC<T> one({.tol = 1e-5}, device);
    one.fit(petals.x, petals.virginica);
    for (std::int64_t j = 0; j < 2; ++j) {
      // Each gap is 2e-4 at most: weights are within the root of twice that from the minimum.
      EXPECT_NEAR(static_cast<double>(model.coef()(2, j)), static_cast<double>(one.coef()(0, j)), 4e-2);
    }
  }
}

TYPED_TEST(LinearSvm, class_weights_are_weights_of_rows_and_those_are_repeated_rows) {
  using T = TypeParam;
  const Petals<T> petals;
  std::vector<T> weight;
  std::vector<std::int64_t> repeated;
  for (std::int64_t i = 0; i < 150; ++i) {
    const bool twice = petals.species[static_cast<std::size_t>(i)] == 1;
    weight.push_back(twice ? T(2) : T(1));
    for (int k = 0; k < (twice ? 2 : 1); ++k) repeated.push_back(i);
  }
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LinearSVC<T> by_rows({.max_iter = 4}, device);
    by_rows.fit(petals.x, petals.species, weight);
    LinearSVC<T> by_classes({.max_iter = 4, .class_weights = {{1, 2.0}}}, device);
    by_classes.fit(petals.x, petals.species);
    EXPECT_EQ(by_classes.coef(), by_rows.coef());
    LinearSVC<T> even({.max_iter = 4}, device);
    even.fit(petals.x, petals.species);
    LinearSVC<T> balanced({.max_iter = 4, .class_weight = forja::ClassWeight::balanced}, device);
    balanced.fit(petals.x, petals.species);  // 50 rows of each species
    EXPECT_EQ(balanced.coef(), even.coef());
    LinearSVC<T> weighted({}, device);
    weighted.fit(petals.x, petals.virginica, weight);
    LinearSVC<T> repeats({}, device);
    repeats.fit(forja::take_rows(petals.x, repeated), forja::take_rows(petals.virginica, repeated));
    EXPECT_NEAR(repeats.objective(), weighted.objective(), repeats.dual_gap() + weighted.dual_gap());
  }
}

TYPED_TEST(LinearSvm, constant_collinear_and_huge_columns_end_with_a_certificate_or_say_so) {
  using T = TypeParam;
  const Petals<T> petals;
  Matrix<T> same(150, 4, T(2));
  for (std::int64_t i = 0; i < 150; ++i) {
    same(i, 0) = same(i, 2) = petals.x(i, 0);
    same(i, 1) = petals.x(i, 1);
  }
  Matrix<T> far = petals.x;
  for (T& value : far.values()) value += T(10'000);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LinearSVC<T> model({}, device);
    model.fit(same, petals.virginica);
    EXPECT_TRUE(model.converged());
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), static_cast<double>(model.coef()(0, 2)), 1e-4);
    LinearSVC<T> lost({.max_iter = 10}, device);
    lost.fit(far, petals.virginica);
    EXPECT_FALSE(lost.converged());
    EXPECT_GT(lost.dual_gap(), 1e-4 * lost.objective());
    EXPECT_EQ(lost.n_iter(), 10);
  }
}

TYPED_TEST(LinearSvm, separable_rows_have_a_finite_minimum) {
  using T = TypeParam;
  const Matrix<T> x(4, 1, {T(-2), T(-1), T(1), T(2)});
  for (const Device& device : devices_under_test()) {
    // w = 1 puts the nearest rows on the margin: half of 1 is the least objective for every C above 1 / 2.
    LinearSVC<T> model({.loss = LinearSVCLoss::hinge, .tol = 1e-6, .C = 1000}, device);
    model.fit(x, Labels{3, 3, 8, 8});
    EXPECT_TRUE(model.converged());
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), 1, 2e-3);
    EXPECT_NEAR(model.objective(), 0.5, 1e-6);
    EXPECT_EQ(model.predict(x), (Labels{3, 3, 8, 8}));
  }
}

TYPED_TEST(LinearSvm, devices_take_the_same_steps_and_observers_may_end_them) {
  using T = TypeParam;
  const Petals<T> petals;
  LinearSVC<T> expected({.tol = 0, .max_iter = 6, .seed = 3}, Device::cpu(2));
  expected.fit(petals.x, petals.species);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    forja::testing::Recorder recorder;
    LinearSVC<T> model({.tol = 0, .max_iter = 6, .seed = 3}, device);
    model.fit(petals.x, petals.species, {}, &recorder);
    EXPECT_EQ(model.n_iter(), 6);
    EXPECT_EQ(recorder.seen.back().iteration, 6);
    EXPECT_EQ(recorder.seen.back().loss, model.objective());
    for (std::size_t k = 0; k < 6; ++k) {
      const auto want = static_cast<double>(expected.coef().values()[k]);
      EXPECT_NEAR(static_cast<double>(model.coef().values()[k]), want, sizeof(T) == 4 ? 1e-4 : 1e-12);
    }
    forja::testing::Recorder impatient(4);
    LinearSVC<T> other({.tol = 0}, device);
    EXPECT_THROW(other.fit(petals.x, petals.species, {}, &impatient), forja::Cancelled);
    EXPECT_FALSE(other.is_fitted());
  }
}

template <class Model>
void expect_damaged_files_refused(const std::string& bytes) {
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    std::istringstream in(damaged);
    try {
      const auto other = Model::load(in, Device::cpu());
      EXPECT_EQ(other.predict(std::decay_t<decltype(other.coef())>(1, other.n_features_in())).size(), 1U);
    } catch (const forja::ModelFormatError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

TYPED_TEST(LinearSvm, a_saved_model_is_the_same_on_another_device) {
  using T = TypeParam;
  const Petals<T> petals;
  const auto line = forja::testing::book_table<T>("linear_toy");
  LinearSVC<T> model({.C = 0.1, .class_weights = {{2, 3.0}}}, Device::cpu());
  model.fit(petals.x, petals.species);
  std::ostringstream out;
  model.save(out);
  LinearSVR<T> regressor({.epsilon = 0.2, .max_iter = 7}, Device::cpu());
  regressor.fit(line.x, line.target);
  std::ostringstream out_regressor;
  regressor.save(out_regressor);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    std::istringstream in(out.str());
    const auto other = LinearSVC<T>::load(in, device);
    EXPECT_EQ(other.get_params(), model.get_params());
    EXPECT_EQ(other.options().class_weights, model.options().class_weights);
    EXPECT_EQ(other.coef(), model.coef());
    EXPECT_EQ(other.n_iter(), model.n_iter());
    EXPECT_EQ(other.converged(), model.converged());
    EXPECT_EQ(other.dual_gap(), model.dual_gap());
    EXPECT_EQ(other.objective(), model.objective());
    EXPECT_EQ(other.predict(petals.x), model.predict(petals.x));
    std::istringstream in_regressor(out_regressor.str());
    const auto another = LinearSVR<T>::load(in_regressor, device);
    EXPECT_EQ(another.get_params(), regressor.get_params());
    EXPECT_EQ(another.coef(), regressor.coef());
    EXPECT_EQ(another.intercept(), regressor.intercept());
    EXPECT_EQ(another.n_iter(), 7);
    EXPECT_EQ(another.converged(), regressor.converged());
    EXPECT_EQ(another.dual_gap(), regressor.dual_gap());
    EXPECT_EQ(another.objective(), regressor.objective());
  }
  expect_damaged_files_refused<LinearSVC<T>>(out.str());
  expect_damaged_files_refused<LinearSVR<T>>(out_regressor.str());
}

}  // namespace
