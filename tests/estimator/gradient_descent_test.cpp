// GradientDescentRegressor and GradientDescentClassifier: the book's figures, optimisers and schedules, early stopping,
// and that resuming changes no bit.

#include "forja/gradient_descent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "forja/concepts.h"
#include "forja/generators.h"
#include "forja/linear.h"
#include "forja/preprocessing.h"
#include "support/devices.h"
#include "support/linear_files.h"
#include "support/petals.h"
#include "support/recorder.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::GradientDescentClassifier;
using forja::GradientDescentOptions;
using forja::GradientDescentRegressor;
using forja::LearningSchedule;
using forja::Matrix;
using forja::Optimizer;
using forja::SGDLoss;
using forja::SGDPenalty;
using forja::testing::devices_under_test;
using forja::testing::Petals;
using forja::testing::petals;
using forja::testing::some_petals;
using Labels = std::vector<std::int32_t>;

static_assert(forja::Classifier<GradientDescentClassifier<float>> &&
              forja::Regressor<GradientDescentRegressor<double>>);

template <class T>
class GradientDescent : public ::testing::Test {};
TYPED_TEST_SUITE(GradientDescent, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(GradientDescent, the_books_line_is_met_by_batches_of_all_rows) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    // The book's eta of 0.1, whose gradient is twice this one; fewer epochs in emulation, from where the others led.
    GradientDescentRegressor<T> model({.max_iter = 1000, .tol = std::nullopt, .eta0 = 0.2}, Device::cpu());
    model.fit(line.x, line.target);
    if (!device.is_cpu()) {
      model.set_params({{"max_iter", std::int64_t{20}}, {"warm_start", true}});
      model.set_device(device);
      model.fit(line.x, line.target);
    }
    // A rounding of float in a gradient is 1 / 0.15 as much in the flattest direction.
    const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-8;
    EXPECT_NEAR(static_cast<double>(model.intercept()[0]), 4.21509616, tolerance);
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), 2.77011339, tolerance);
    EXPECT_FALSE(model.converged());
    EXPECT_EQ(model.n_iter(), device.is_cpu() ? 1000 : 1020);
  }
}

TYPED_TEST(GradientDescent, the_books_stochastic_descent_with_t0_5_and_t1_50_comes_near) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  // On the CPU alone: 5000 steps take long in emulation. t0 is twice the book's, as its gradients are.
  GradientDescentRegressor<T> model({.batch_size = 1,
                                     .seed = 42,
                                     .max_iter = 50,
                                     .tol = std::nullopt,
                                     .learning_rate = LearningSchedule::hyperbolic,
                                     .t0 = 10,
                                     .t1 = 50},
                                    Device::cpu());
  model.fit(line.x, line.target);
  EXPECT_NEAR(static_cast<double>(model.intercept()[0]), 4.21, 0.05);
  EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), 2.75, 0.05);
}

TYPED_TEST(GradientDescent, softmax_of_irises_by_batches_stops_early_at_its_best) {
  using T = TypeParam;
  const Petals<T> data = petals<T>();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    forja::testing::Recorder recorder;
    GradientDescentClassifier<T> model({.penalty = SGDPenalty::l2,
                                        .alpha = 0.01,
                                        .seed = 4,
                                        .max_iter = device.is_cpu() ? 5000 : 60,
                                        .tol = 1e-4,
                                        .n_iter_no_change = 5,
                                        .early_stopping = true,
                                        .validation_fraction = 0.2,
                                        .eta0 = 0.1},
                                       device);
    model.fit(data.x, data.species, {}, &recorder);
    EXPECT_EQ(std::ssize(recorder.seen), model.n_iter());
    EXPECT_LT(recorder.seen.back().loss, recorder.seen.front().loss);
    EXPECT_EQ(recorder.seen.back().loss, model.loss());
    ASSERT_TRUE(model.validation_loss().has_value());
    EXPECT_LT(*model.validation_loss(), 1.0);
    if (!device.is_cpu()) continue;  // so many epochs take long in emulation
    EXPECT_TRUE(model.converged());
    EXPECT_GE(model.score(data.x, data.species), 0.93);
    // The book's flower: 5 cm by 2 cm.
    const Matrix<T> shares = model.predict_proba(Matrix<T>(1, 2, {T(5), T(2)}));
    EXPECT_EQ(model.predict(Matrix<T>(1, 2, {T(5), T(2)}))[0], 2);
    EXPECT_NEAR(static_cast<double>(shares(0, 0) + shares(0, 1) + shares(0, 2)), 1, 1e-6);
  }
}

TYPED_TEST(GradientDescent, early_stopping_returns_the_best_model_and_not_the_last) {
  using T = TypeParam;
  const Petals<T> data = some_petals<T>();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    // So long steps that the loss on rows held out goes up and down.
    const GradientDescentOptions options{.batch_size = 5,
                                         .seed = 1,
                                         .max_iter = 6,
                                         .tol = std::nullopt,
                                         .early_stopping = true,
                                         .validation_fraction = 0.3,
                                         .eta0 = 5};
    GradientDescentClassifier<T> model(options, device);
    model.fit(data.x, data.species);
    std::int64_t best = 0;
    double least = HUGE_VAL;
    for (std::int64_t epochs = 1; epochs <= 6; ++epochs) {
      GradientDescentOptions fewer = options;
      fewer.max_iter = epochs;
      GradientDescentClassifier<T> shorter(fewer, device);
      shorter.fit(data.x, data.species);
      if (*shorter.validation_loss() < least) {
        least = *shorter.validation_loss();
        best = epochs;
      }
      if (epochs == 6) {
        EXPECT_EQ(shorter.coef(), model.coef());
      }
    }
    EXPECT_LT(best, 6) << "the last epoch was the best: the test shows nothing";
    EXPECT_EQ(*model.validation_loss(), least);
    GradientDescentOptions fewer = options;
    fewer.max_iter = best;
    GradientDescentClassifier<T> shortest(fewer, device);
    shortest.fit(data.x, data.species);
    EXPECT_EQ(model.coef(), shortest.coef());
    EXPECT_EQ(model.intercept(), shortest.intercept());
  }
}

TYPED_TEST(GradientDescent, separable_data_end_by_tol_with_finite_weights_or_say_that_they_did_not) {
  using T = TypeParam;
  const Matrix<T> x(6, 1, {T(-3), T(-2), T(-1), T(1), T(2), T(3)});
  const Labels y{0, 0, 0, 1, 1, 1};
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    GradientDescentClassifier<T> patient({.loss = SGDLoss::log_loss, .max_iter = 2000, .tol = 1e-3, .eta0 = 1}, device);
    patient.fit(x, y);
    EXPECT_TRUE(patient.converged());
    EXPECT_LT(patient.n_iter(), 2000);
    EXPECT_EQ(patient.score(x, y), 1);
    EXPECT_TRUE(std::isfinite(patient.coef()(0, 0)));
    GradientDescentClassifier<T> endless({.max_iter = 20, .tol = std::nullopt, .eta0 = 1}, device);
    endless.fit(x, y);
    EXPECT_FALSE(endless.converged());
    EXPECT_EQ(endless.n_iter(), 20);
    EXPECT_LT(endless.loss(), 0.3);
  }
}

TYPED_TEST(GradientDescent, every_optimiser_comes_down_the_books_line) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  forja::LinearRegression<T> exact({}, Device::cpu());
  exact.fit(line.x, line.target);
  for (int kind = 0; kind <= static_cast<int>(Optimizer::adamw); ++kind) {
    SCOPED_TRACE("optimiser " + std::to_string(kind));
    const auto optimizer = static_cast<Optimizer>(kind);
    // Adagrad's steps shrink from the first on.
    GradientDescentRegressor<T> model({.max_iter = 3000,
                                       .tol = std::nullopt,
                                       .optimizer = optimizer,
                                       .weight_decay = 1e-4,
                                       .eta0 = optimizer == Optimizer::adagrad ? 1 : 0.02},
                                      Device::cpu());
    model.fit(line.x, line.target);
    // rmsprop, whose steps do not shrink, walks about the bottom by a rate or so.
    const double slack = optimizer == Optimizer::rmsprop ? 0.03 : 5e-3;
    EXPECT_NEAR(static_cast<double>(model.intercept()[0]), static_cast<double>(exact.intercept()[0]), slack);
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), static_cast<double>(exact.coef()(0, 0)), slack);
  }
}

TYPED_TEST(GradientDescent, nesterovs_model_is_without_the_look_ahead) {
  using T = TypeParam;
  const Matrix<T> x(1, 1, {T(1)});
  const std::vector<T> y{T(1)};
  for (const Device& device : devices_under_test()) {
    GradientDescentRegressor<T> model({.fit_intercept = false,
                                       .max_iter = 2,
                                       .tol = std::nullopt,
                                       .optimizer = Optimizer::nesterov,
                                       .momentum = 0.5,
                                       .eta0 = 0.25},
                                      device);
    model.fit(x, y);
    // m = 0.25 leads to w = 0.25; ahead, at 0.25 + 0.125, the gradient is -0.625: m = 0.125 + 0.15625.
    EXPECT_EQ(model.coef()(0, 0), T(0.25 + 0.28125)) << device.name();
  }
}

/// What resuming has to keep, a bit of everything.
std::vector<GradientDescentOptions> everything() {
  std::vector<GradientDescentOptions> all;
  for (int kind = 0; kind <= static_cast<int>(Optimizer::adamw); ++kind) {
    all.push_back({.batch_size = 20, .optimizer = static_cast<Optimizer>(kind)});
  }
  for (int schedule = 0; schedule <= static_cast<int>(LearningSchedule::hyperbolic); ++schedule) {
    all.push_back({.batch_size = 20, .learning_rate = static_cast<LearningSchedule>(schedule), .schedule_steps = 30});
    all.back().boundaries = {4, 9};
    all.back().rates = {0.3, 0.2, 0.1};
    all.back().plateau_patience = 1;
  }
  all.push_back({.penalty = SGDPenalty::elasticnet, .alpha = 0.1, .batch_size = 7, .clip_value = 0.5, .average = 3});
  all.push_back({.batch_size = 0, .early_stopping = true, .clip_norm = 0.5, .eta0 = 2});
  all.push_back({.loss = SGDLoss::squared_hinge, .batch_size = 9, .n_iter_no_change = 2, .eta0 = 0.01});
  for (GradientDescentOptions& options : all) options.seed = 5;
  return all;
}

TYPED_TEST(GradientDescent, going_on_by_warm_starts_and_files_changes_no_bit) {
  using T = TypeParam;
  const Petals<T> data = some_petals<T>();
  int number = 0;
  for (const GradientDescentOptions& options : everything()) {
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name() + ", options " + std::to_string(number));
      GradientDescentOptions own = options;
      own.max_iter = 5;
      GradientDescentClassifier<T> whole(own, device);
      whole.fit(data.x, data.species);
      own.max_iter = 2;
      own.warm_start = true;
      GradientDescentClassifier<T> parts(own, device);
      parts.fit(data.x, data.species);
      std::stringstream file;
      parts.save(file);
      auto loaded = GradientDescentClassifier<T>::load(file, device);
      EXPECT_EQ(loaded.coef(), parts.coef());
      EXPECT_EQ(loaded.get_params(), parts.get_params());
      EXPECT_EQ(loaded.validation_loss(), parts.validation_loss());
      loaded.set_params({{"max_iter", std::int64_t{3}}});
      loaded.fit(data.x, data.species);
      EXPECT_EQ(loaded.coef(), whole.coef());
      EXPECT_EQ(loaded.intercept(), whole.intercept());
      EXPECT_EQ(loaded.n_iter(), whole.n_iter());
      EXPECT_EQ(loaded.loss(), whole.loss());
      EXPECT_EQ(loaded.validation_loss(), whole.validation_loss());
    }
    ++number;
  }
}

TYPED_TEST(GradientDescent, partial_fits_are_epochs) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  const Petals<T> data = some_petals<T>();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    GradientDescentRegressor<T> whole(
        {.loss = SGDLoss::huber, .epsilon = 0.5, .batch_size = 32, .max_iter = 3, .optimizer = Optimizer::adam},
        device);
    whole.fit(line.x, line.target);
    GradientDescentRegressor<T> parts(whole.options(), device);
    for (int epoch = 0; epoch < 2; ++epoch) parts.partial_fit(line.x, line.target);
    std::stringstream file;
    parts.save(file);
    auto loaded = GradientDescentRegressor<T>::load(file, device);
    loaded.partial_fit(line.x, line.target);
    EXPECT_EQ(loaded.coef(), whole.coef());
    EXPECT_EQ(loaded.n_iter(), 3);
    GradientDescentClassifier<T> classifier({.batch_size = 10}, device);
    classifier.partial_fit(data.x, data.species, Labels{0, 1, 2, 3});
    EXPECT_EQ(classifier.coef().rows(), 4);
    EXPECT_EQ(classifier.n_iter(), 1);
  }
}

TYPED_TEST(GradientDescent, an_optimiser_that_is_changed_begins_anew) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  for (const Device& device : devices_under_test()) {
    GradientDescentRegressor<T> model({.max_iter = 3, .tol = std::nullopt, .warm_start = true}, device);
    model.fit(line.x, line.target);
    const double before = model.loss();
    model.set_params({{"optimizer", std::string("adam")}, {"eta0", 0.01}});
    model.fit(line.x, line.target);
    EXPECT_LT(model.loss(), before) << device.name();
    EXPECT_EQ(model.n_iter(), 6);
  }
}

TYPED_TEST(GradientDescent, losses_penalties_and_weights_reach_the_rows) {
  using T = TypeParam;
  const Petals<T> data = some_petals<T>();
  Labels two = data.species;
  for (std::int32_t& label : two) label = label == 0 ? -3 : 8;
  forja::StandardScaler<T> scaler;
  const Matrix<T> scaled = scaler.fit_transform(data.x);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    for (int loss = 0; loss <= static_cast<int>(SGDLoss::multinomial); ++loss) {
      GradientDescentClassifier<T> model({.loss = static_cast<SGDLoss>(loss), .batch_size = 10, .max_iter = 4}, device);
      model.fit(scaled, two);
      EXPECT_GE(model.score(scaled, two), 0.9) << "loss " << loss;
      EXPECT_EQ(model.coef().rows(), 1);
    }
    // Rows of weight 0 are as if they were not there, but in the mean that a step is.
    std::vector<T> weight(50, T(1));
    for (std::size_t i = 0; i < 50; ++i) weight[i] = data.species[i] == 2 ? T(0) : T(1);
    GradientDescentClassifier<T> model({.max_iter = 20, .tol = std::nullopt}, device);
    model.fit(data.x, data.species, weight);
    const Labels found = model.predict(data.x);
    EXPECT_EQ(std::count(found.begin(), found.end(), 2), 0);
    GradientDescentClassifier<T> sparse({.penalty = SGDPenalty::l1, .alpha = 10, .max_iter = 5, .tol = std::nullopt},
                                        device);
    sparse.fit(data.x, data.species);
    for (const T value : sparse.coef().values()) EXPECT_EQ(value, 0);
  }
}

TYPED_TEST(GradientDescent, several_targets_are_learned_as_each_alone) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  Matrix<T> y(line.x.rows(), 2);
  std::vector<T> second;
  for (std::int64_t i = 0; i < y.rows(); ++i) {
    y(i, 0) = line.target[static_cast<std::size_t>(i)];
    second.push_back(T(1) - line.x(i, 0));
    y(i, 1) = second.back();
  }
  const GradientDescentOptions options{.batch_size = 50, .max_iter = 4, .tol = std::nullopt};
  for (const Device& device : devices_under_test()) {
    GradientDescentRegressor<T> both(options, device);
    both.fit(line.x, y.view());
    GradientDescentRegressor<T> one(options, device);
    one.fit(line.x, second);
    EXPECT_EQ(both.n_targets(), 2);
    EXPECT_EQ(both.coef()(1, 0), one.coef()(0, 0)) << device.name();
    EXPECT_EQ(both.intercept()[1], one.intercept()[0]);
  }
}

TYPED_TEST(GradientDescent, an_observer_that_wants_no_more_leaves_the_model_as_it_was) {
  using T = TypeParam;
  const Petals<T> data = some_petals<T>();
  for (const Device& device : devices_under_test()) {
    GradientDescentClassifier<T> model({.max_iter = 4, .tol = std::nullopt, .warm_start = true}, device);
    model.fit(data.x, data.species);
    GradientDescentClassifier<T> other = model;
    forja::testing::Recorder impatient(2);
    EXPECT_THROW(model.fit(data.x, data.species, {}, &impatient), forja::Cancelled);
    EXPECT_EQ(model.n_iter(), 4);
    model.fit(data.x, data.species);
    other.fit(data.x, data.species);
    EXPECT_EQ(model.coef(), other.coef()) << device.name();
  }
}

TYPED_TEST(GradientDescent, damaged_files_are_refused_or_give_a_model) {
  using T = TypeParam;
  const Petals<T> data = some_petals<T>();
  GradientDescentClassifier<T> model({.batch_size = 25,
                                      .max_iter = 2,
                                      .early_stopping = true,
                                      .optimizer = Optimizer::adam,
                                      .learning_rate = LearningSchedule::performance},
                                     Device::cpu());
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
      const auto other = GradientDescentClassifier<T>::load(in, Device::cpu());
      EXPECT_EQ(other.predict(Matrix<T>(1, other.n_features_in())).size(), 1U);
    } catch (const forja::ModelFormatError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
