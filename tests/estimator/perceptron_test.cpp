// Perceptron: the book's flowers, that it is stochastic descent of its loss, resuming, files and refusals.

#include "forja/perceptron.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "forja/concepts.h"
#include "forja/data.h"
#include "support/data.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::Perceptron;
using forja::PerceptronOptions;
using forja::SGDClassifier;
using forja::testing::devices_under_test;
using forja::testing::refusal;
using Labels = std::vector<std::int32_t>;

static_assert(forja::Classifier<Perceptron<float>> && forja::Classifier<Perceptron<double>>);

template <class T>
class PerceptronOf : public ::testing::Test {
 protected:
  const forja::Table<T> petals_ = forja::read_csv<T>(forja::testing::book_csv("iris"),
                                                     {.target = "target", .columns = {"petal_length", "petal_width"}});
};
TYPED_TEST_SUITE(PerceptronOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(PerceptronOf, the_books_petals_of_2_by_half_are_setosas_and_those_of_3_by_1_are_not) {
  using T = TypeParam;
  Labels setosa;
  for (const std::int32_t label : this->petals_.labels()) setosa.push_back(label == 0 ? 1 : 0);
  for (const Device& device : devices_under_test()) {
    Perceptron<T> model({.seed = 42}, device);
    model.fit(this->petals_.x, setosa);
    EXPECT_EQ(model.predict(Matrix<T>(2, 2, {T(2), T(0.5), T(3), T(1)})), (Labels{1, 0})) << device.name();
    EXPECT_TRUE(model.converged());
    EXPECT_EQ(model.score(this->petals_.x, setosa), 1);
  }
}

TYPED_TEST(PerceptronOf, it_is_stochastic_descent_of_its_loss_at_a_constant_rate) {
  using T = TypeParam;
  const Labels species = this->petals_.labels();
  for (const Device& device : devices_under_test()) {
    Perceptron<T> model({.penalty = forja::SGDPenalty::l2,
                         .max_iter = 3,
                         .tol = std::nullopt,
                         .eta0 = 0.5,
                         .seed = 3,
                         .class_weights = {{1, 2.0}}},
                        device);
    model.fit(this->petals_.x, species);
    SGDClassifier<T> descent({.loss = forja::SGDLoss::perceptron,
                              .penalty = forja::SGDPenalty::l2,
                              .max_iter = 3,
                              .tol = std::nullopt,
                              .seed = 3,
                              .learning_rate = forja::LearningRate::constant,
                              .eta0 = 0.5,
                              .class_weights = {{1, 2.0}}},
                             device);
    descent.fit(this->petals_.x, species);
    EXPECT_EQ(model.coef(), descent.coef()) << device.name();
    EXPECT_EQ(model.intercept(), descent.intercept());
    EXPECT_EQ(model.loss(), descent.loss());
    EXPECT_EQ(model.n_iter(), 3);
  }
}

TYPED_TEST(PerceptronOf, partial_fits_and_files_go_on_where_it_was) {
  using T = TypeParam;
  const Labels species = this->petals_.labels();
  for (const Device& device : devices_under_test()) {
    Perceptron<T> whole(
        {.penalty = forja::SGDPenalty::l1, .max_iter = 2, .tol = std::nullopt, .class_weights = {{2, 0.5}}}, device);
    whole.fit(this->petals_.x, species);
    Perceptron<T> parts(whole.options(), device);
    parts.partial_fit(this->petals_.x, species);
    std::stringstream file;
    parts.save(file);
    auto loaded = Perceptron<T>::load(file, device);
    EXPECT_EQ(loaded.coef(), parts.coef());
    EXPECT_EQ(loaded.get_params(), parts.get_params());
    EXPECT_EQ(loaded.options().class_weights, parts.options().class_weights);
    loaded.partial_fit(this->petals_.x, species);
    EXPECT_EQ(loaded.coef(), whole.coef()) << device.name();
    EXPECT_EQ(loaded.intercept(), whole.intercept());
  }
}

TYPED_TEST(PerceptronOf, what_does_not_fit_is_refused_in_its_name) {
  using T = TypeParam;
  const Matrix<T> x(2, 1, {T(1), T(2)});
  for (const Device& device : devices_under_test()) {
    const auto fit = [&](const PerceptronOptions& options, const Labels& y) {
      return refusal<forja::InvalidArgument>([&] { Perceptron<T>(options, device).fit(x, y); });
    };
    EXPECT_EQ(fit({.eta0 = 0}, {0, 1}), "Perceptron::fit: eta0 = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.class_weights = {{0, -1}}}, {0, 1}),
              "Perceptron::fit: class_weights of 0 is -1 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({}, {1, 1}), "Perceptron::fit: y has 1 class, 1, but at least 2 are needed");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
                Perceptron<T>({.early_stopping = true}, device).partial_fit(x, Labels{0, 1});
              }),
              "Perceptron::partial_fit: early_stopping needs all rows");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { Perceptron<T>({}, device).predict(x); }),
              "Perceptron::predict: call fit first");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
                Perceptron<T>().set_params({{"class_weight", std::string("heavy")}});
              }),
              "Perceptron::set_params: class_weight = \"heavy\" but it must be one of uniform, balanced");
  }
}

}  // namespace
