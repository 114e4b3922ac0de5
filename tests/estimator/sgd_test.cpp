// SGDClassifier and SGDRegressor: the book's figures, exact solutions they come near, and what resuming and files keep.

#include "forja/sgd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "forja/concepts.h"
#include "forja/generators.h"
#include "forja/preprocessing.h"
#include "support/data.h"
#include "support/devices.h"
#include "support/linear_files.h"
#include "support/recorder.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LearningRate;
using forja::Matrix;
using forja::SGDClassifier;
using forja::SGDLoss;
using forja::SGDPenalty;
using forja::SGDRegressor;
using forja::testing::devices_under_test;
using Labels = std::vector<std::int32_t>;

static_assert(forja::Classifier<SGDClassifier<float>> && forja::Regressor<SGDRegressor<double>>);

template <class T>
struct Petals {
  Matrix<T> x;
  Labels species;
};

template <class T>
Petals<T> petals() {
  const auto table = forja::read_csv<T>(forja::testing::book_csv("iris"),
                                        {.target = "target", .columns = {"petal_length", "petal_width"}});
  return {table.x, table.labels()};
}

template <class T>
class Sgd : public ::testing::Test {};
TYPED_TEST_SUITE(Sgd, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(Sgd, the_books_line_is_met_within_0_05) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  // On the CPU alone: so many steps take long in emulation, and other tests compare the devices' steps.
  SGDRegressor<T> model({.penalty = SGDPenalty::none, .tol = 1e-5, .seed = 42, .n_iter_no_change = 100}, Device::cpu());
  model.fit(line.x, line.target);
  EXPECT_TRUE(model.converged());
  EXPECT_NEAR(static_cast<double>(model.intercept()[0]), 4.21278812, 0.05);
  EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), 2.77270267, 0.05);
}

TYPED_TEST(Sgd, the_books_ridge_by_descent_predicts_1_55) {
  using T = TypeParam;
  const auto table = forja::testing::book_table<T>("regularised_toy");
  SGDRegressor<T> model(
      {.alpha = 0.1 / 20, .max_iter = 500, .tol = std::nullopt, .seed = 42, .eta0 = 0.05, .average = 2000},
      Device::cpu());
  model.fit(table.x, table.target);
  EXPECT_NEAR(static_cast<double>(model.predict(Matrix<T>(1, 1, {T(1.5)}))[0]), 1.55325833, 0.02);
}

TYPED_TEST(Sgd, every_loss_tells_setosa_from_the_others) {
  using T = TypeParam;
  const auto data = petals<T>();
  Matrix<T> x(50, 2);
  Labels y;
  for (std::int64_t i = 0; i < 50; ++i) {
    for (std::int64_t j = 0; j < 2; ++j) x(i, j) = data.x(3 * i, j);
    y.push_back(data.species[static_cast<std::size_t>(3 * i)] == 0 ? 4 : 9);
  }
  forja::StandardScaler<T> scaler;
  const Matrix<T> scaled = scaler.fit_transform(x);
  for (const Device& device : devices_under_test()) {
    for (int loss = 0; loss <= static_cast<int>(SGDLoss::perceptron); ++loss) {
      SCOPED_TRACE(device.name() + ", loss " + std::to_string(loss));
      SGDClassifier<T> model({.loss = static_cast<SGDLoss>(loss),
                              .alpha = 1e-3,
                              .max_iter = 5,
                              .tol = std::nullopt,
                              .seed = 3,
                              .learning_rate = LearningRate::invscaling,
                              .eta0 = 0.1},
                             device);
      model.fit(scaled, y);
      // The petals of setosa lie apart; 250 steps of Huber's, epsilon long at most, leave two on the wrong side.
      EXPECT_GE(model.score(scaled, y), 0.95);
      EXPECT_EQ(model.coef().rows(), 1);
      EXPECT_EQ(model.classes(), (Labels{4, 9}));
    }
  }
}

TYPED_TEST(Sgd, devices_take_the_same_steps) {
  using T = TypeParam;
  const auto data = petals<T>();
  const SGDClassifier<T> start({.alpha = 0.01, .max_iter = 5, .tol = std::nullopt, .average = 10}, Device::cpu());
  SGDClassifier<T> expected = start;
  expected.fit(data.x, data.species);
  for (const Device& device : devices_under_test()) {
    SGDClassifier<T> model = start;
    model.set_device(device);
    model.fit(data.x, data.species);
    for (std::size_t k = 0; k < 6; ++k) {
      const auto want = static_cast<double>(expected.coef().values()[k]);
      // Weights begin with steps of size 10 or so: roundings of that size, kept by the mean.
      EXPECT_NEAR(static_cast<double>(model.coef().values()[k]), want, sizeof(T) == 4 ? 0.02 : 1e-9) << device.name();
    }
  }
}

TYPED_TEST(Sgd, a_sparse_penalty_makes_coefficients_zero) {
  using T = TypeParam;
  const auto data = forja::make_classification<T>(
      {.n_samples = 200, .n_features = 12, .n_informative = 3, .n_redundant = 0, .n_clusters_per_class = 1, .seed = 4});
  for (const Device& device : devices_under_test()) {
    SGDClassifier<T> model({.loss = SGDLoss::log_loss, .penalty = SGDPenalty::l1, .alpha = 0.05, .max_iter = 10},
                           device);
    model.fit(data.x, data.labels);
    std::int64_t zeros = 0;
    for (const T value : model.coef().values()) zeros += value == 0 ? 1 : 0;
    EXPECT_GE(zeros, 4) << device.name();
    EXPECT_LT(zeros, 12) << device.name();
  }
}

TYPED_TEST(Sgd, probabilities_add_up_to_one) {
  using T = TypeParam;
  const auto data = petals<T>();
  Labels two = data.species;
  for (std::int32_t& label : two) label = label == 2 ? 7 : -1;
  for (const Device& device : devices_under_test()) {
    for (const SGDLoss loss : {SGDLoss::log_loss, SGDLoss::modified_huber}) {
      for (const Labels& y : {data.species, two}) {
        SGDClassifier<T> model({.loss = loss, .max_iter = 3, .tol = std::nullopt}, device);
        model.fit(data.x, y);
        const Matrix<T> shares = model.predict_proba(data.x);
        const Labels labels = model.predict(data.x);
        for (std::int64_t i = 0; i < shares.rows(); ++i) {
          T sum = 0;
          for (const T share : shares.row(i)) {
            EXPECT_GE(share, T(0));
            sum += share;
          }
          EXPECT_NEAR(static_cast<double>(sum), 1, 1e-6);
        }
        if (shares.columns() == 2) {
          EXPECT_EQ(labels[120], shares(120, 1) > T(0.5) ? 7 : -1);
        }
      }
    }
  }
}

TYPED_TEST(Sgd, partial_fit_goes_on_where_the_call_before_ended_and_files_keep_that) {
  using T = TypeParam;
  const auto data = petals<T>();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SGDClassifier<T> whole({.max_iter = 3, .tol = std::nullopt, .average = 200}, device);
    whole.fit(data.x, data.species);
    SGDClassifier<T> parts(whole.options(), device);
    parts.partial_fit(data.x, data.species, Labels{0, 1, 2});
    parts.partial_fit(data.x, data.species);
    std::stringstream file;
    parts.save(file);
    auto loaded = SGDClassifier<T>::load(file, device);
    EXPECT_EQ(loaded.coef(), parts.coef());
    EXPECT_EQ(loaded.get_params(), parts.get_params());
    loaded.partial_fit(data.x, data.species);
    EXPECT_EQ(loaded.coef(), whole.coef());
    EXPECT_EQ(loaded.intercept(), whole.intercept());
    EXPECT_EQ(loaded.predict(data.x), whole.predict(data.x));
  }
}

TYPED_TEST(Sgd, class_weights_are_weights_of_rows) {
  using T = TypeParam;
  const auto data = petals<T>();
  std::vector<T> weight;
  for (const std::int32_t label : data.species) weight.push_back(label == 1 ? T(3) : T(1));
  for (const Device& device : devices_under_test()) {
    SGDClassifier<T> by_rows({.max_iter = 3, .tol = std::nullopt}, device);
    by_rows.fit(data.x, data.species, weight);
    SGDClassifier<T> by_classes({.max_iter = 3, .tol = std::nullopt, .class_weights = {{1, 3.0}}}, device);
    by_classes.fit(data.x, data.species);
    EXPECT_EQ(by_classes.coef(), by_rows.coef());
    SGDClassifier<T> even({.max_iter = 3, .tol = std::nullopt}, device);
    even.fit(data.x, data.species);
    SGDClassifier<T> balanced({.max_iter = 3, .tol = std::nullopt, .class_weight = forja::ClassWeight::balanced},
                              device);
    balanced.fit(data.x, data.species);  // 50 rows of each species
    EXPECT_EQ(balanced.coef(), even.coef());
  }
}

TYPED_TEST(Sgd, early_stopping_and_adaptive_rates_end_the_fit_and_observers_see_it) {
  using T = TypeParam;
  const auto data = petals<T>();
  const auto line = forja::testing::book_table<T>("linear_toy");
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    forja::testing::Recorder recorder;
    SGDClassifier<T> model({.max_iter = 40, .early_stopping = true, .validation_fraction = 0.3, .n_iter_no_change = 3},
                           device);
    model.fit(data.x, data.species, {}, &recorder);
    EXPECT_TRUE(model.converged());
    EXPECT_LT(model.n_iter(), 40);
    EXPECT_EQ(std::ssize(recorder.seen), model.n_iter());
    EXPECT_EQ(recorder.seen.back().loss, model.loss());
    SGDRegressor<T> regressor(
        {.learning_rate = LearningRate::adaptive, .eta0 = 0.1, .early_stopping = true, .n_iter_no_change = 2}, device);
    regressor.fit(line.x, line.target);
    EXPECT_TRUE(regressor.converged());
    EXPECT_NEAR(static_cast<double>(regressor.coef()(0, 0)), 2.77, 0.3);
    forja::testing::Recorder impatient(2);
    SGDRegressor<T> other({.n_iter_no_change = 20}, device);
    EXPECT_THROW(other.fit(line.x, line.target, {}, &impatient), forja::Cancelled);
    EXPECT_FALSE(other.is_fitted());
  }
}

TYPED_TEST(Sgd, a_regressor_goes_on_and_its_file_too) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  for (const Device& device : devices_under_test()) {
    SGDRegressor<T> whole({.loss = SGDLoss::huber, .max_iter = 2, .tol = std::nullopt, .epsilon = 0.5}, device);
    whole.fit(line.x, line.target);
    SGDRegressor<T> parts(whole.options(), device);
    parts.partial_fit(line.x, line.target);
    std::stringstream file;
    parts.save(file);
    auto loaded = SGDRegressor<T>::load(file, device);
    loaded.partial_fit(line.x, line.target);
    EXPECT_EQ(loaded.coef(), whole.coef());
    EXPECT_EQ(loaded.intercept(), whole.intercept());
  }
}

TYPED_TEST(Sgd, damaged_files_are_refused_or_give_a_model) {
  using T = TypeParam;
  const auto data = petals<T>();
  SGDClassifier<T> model({.max_iter = 1, .tol = std::nullopt}, Device::cpu());
  model.fit(data.x, data.species);
  std::ostringstream out;
  model.save(out);
  const std::string bytes = out.str();
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    std::istringstream in(damaged);
    try {
      const auto other = SGDClassifier<T>::load(in, Device::cpu());
      EXPECT_EQ(other.predict(Matrix<T>(1, other.n_features_in())).size(), 1U);
    } catch (const forja::ModelFormatError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
