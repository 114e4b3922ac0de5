// What the models by gradient descent minimise: weights of classes, and the gradient at the end.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "forja/gradient_descent.h"
#include "support/devices.h"
#include "support/linear_files.h"
#include "support/petals.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::GradientDescentClassifier;
using forja::GradientDescentOptions;
using forja::GradientDescentRegressor;
using forja::Matrix;
using forja::Optimizer;
using forja::SGDPenalty;
using forja::testing::devices_under_test;
using forja::testing::Petals;
using forja::testing::some_petals;

template <class T>
class GradientDescentObjective : public ::testing::Test {};
TYPED_TEST_SUITE(GradientDescentObjective, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(GradientDescentObjective, class_weights_are_weights_of_rows) {
  using T = TypeParam;
  Petals<T> data = some_petals<T>();
  data.species[0] = 2;  // so that classes differ in their rows
  std::vector<T> weight;
  std::vector<T> even;
  for (const std::int32_t label : data.species) {
    weight.push_back(label == 1 ? T(3) : T(1));
    const auto own = static_cast<double>(std::count(data.species.begin(), data.species.end(), label));
    even.push_back(static_cast<T>(50 / (3 * own)));
  }
  const GradientDescentOptions options{.batch_size = 20, .seed = 2, .max_iter = 3, .tol = std::nullopt};
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    GradientDescentOptions own = options;
    own.class_weights = {{1, 3.0}};
    GradientDescentClassifier<T> by_rows(options, device);
    by_rows.fit(data.x, data.species, weight);
    GradientDescentClassifier<T> by_classes(own, device);
    by_classes.fit(data.x, data.species);
    EXPECT_EQ(by_classes.coef(), by_rows.coef());
    EXPECT_EQ(by_classes.gradient_norm(), by_rows.gradient_norm());
    std::stringstream file;
    by_classes.save(file);
    const auto loaded = GradientDescentClassifier<T>::load(file, device);
    EXPECT_EQ(loaded.options().class_weights, own.class_weights);
    EXPECT_EQ(loaded.gradient_norm(), by_classes.gradient_norm());
    own = options;
    own.class_weight = forja::ClassWeight::balanced;
    GradientDescentClassifier<T> balanced(own, device);
    balanced.fit(data.x, data.species);
    GradientDescentClassifier<T> expected(options, device);
    expected.fit(data.x, data.species, even);
    EXPECT_EQ(balanced.coef(), expected.coef());
    EXPECT_NE(balanced.coef(), by_classes.coef());
    EXPECT_EQ(balanced.get_params().at("class_weight"), forja::ParamValue(std::string("balanced")));
  }
}

/// The greatest entry of the gradient of mean weight x cross-entropy + l2 w^2 / 2 + l1 |w|, in double.
template <class T>
double softmax_gradient(const GradientDescentClassifier<T>& model, const Petals<T>& data, const std::vector<T>& weight,
                        double l2, double l1) {
  const Matrix<T>& coef = model.coef();
  const std::int64_t d = coef.columns();
  Matrix<double> gradient(coef.rows(), d + 1);
  for (std::int64_t i = 0; i < data.x.rows(); ++i) {
    std::vector<double> shares;
    double sum = 0;
    for (std::int64_t c = 0; c < coef.rows(); ++c) {
      double margin = static_cast<double>(model.intercept()[static_cast<std::size_t>(c)]);
      for (std::int64_t j = 0; j < d; ++j)
        margin += static_cast<double>(coef(c, j)) * static_cast<double>(data.x(i, j));
      shares.push_back(std::exp(margin));
      sum += shares.back();
    }
    for (std::int64_t c = 0; c < coef.rows(); ++c) {
      const double off =
          shares[static_cast<std::size_t>(c)] / sum - (data.species[static_cast<std::size_t>(i)] == c ? 1 : 0);
      const double part =
          off * static_cast<double>(weight[static_cast<std::size_t>(i)]) / static_cast<double>(data.x.rows());
      for (std::int64_t j = 0; j < d; ++j) gradient(c, j) += part * static_cast<double>(data.x(i, j));
      gradient(c, d) += part;
    }
  }
  double greatest = 0;
  for (std::int64_t c = 0; c < coef.rows(); ++c) {
    for (std::int64_t j = 0; j < d; ++j) {
      const auto w = static_cast<double>(coef(c, j));
      const double slope = gradient(c, j) + l2 * w;
      greatest = std::max(greatest, w > 0   ? std::abs(slope + l1)
                                    : w < 0 ? std::abs(slope - l1)
                                            : std::max(0.0, std::abs(slope) - l1));
    }
    greatest = std::max(greatest, std::abs(gradient(c, d)));
  }
  return greatest;
}

TYPED_TEST(GradientDescentObjective, the_gradient_at_the_end_is_that_of_the_whole_objective) {
  using T = TypeParam;
  const Petals<T> data = some_petals<T>();
  std::vector<T> weight;
  for (std::size_t i = 0; i < 50; ++i) weight.push_back(static_cast<T>(i % 3));
  // Sums of 50 numbers below 20, rounded to T.
  const double tolerance = sizeof(T) == 4 ? 1e-5 : 1e-13;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    GradientDescentClassifier<T> smooth(
        {.penalty = SGDPenalty::l2, .alpha = 0.3, .batch_size = 10, .max_iter = 3, .optimizer = Optimizer::nesterov},
        device);
    smooth.fit(data.x, data.species, weight);
    ASSERT_TRUE(smooth.gradient_norm().has_value());
    EXPECT_NEAR(*smooth.gradient_norm(), softmax_gradient(smooth, data, weight, 0.3, 0), tolerance);
    GradientDescentClassifier<T> sparse({.penalty = SGDPenalty::l1, .alpha = 0.4, .max_iter = 6}, device);
    sparse.fit(data.x, data.species, weight);
    const auto& coef = sparse.coef().values();
    EXPECT_GT(std::count(coef.begin(), coef.end(), T(0)), 0);
    EXPECT_NEAR(*sparse.gradient_norm(), softmax_gradient(sparse, data, weight, 0, 0.4), tolerance);
    smooth.partial_fit(data.x, data.species);
    EXPECT_EQ(smooth.gradient_norm(), std::nullopt);
  }
}

TYPED_TEST(GradientDescentObjective, the_gradient_vanishes_at_a_minimum_and_not_before) {
  using T = TypeParam;
  const auto line = forja::testing::book_table<T>("linear_toy");
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const std::int64_t epochs = device.is_cpu() ? 1000 : 30;
    GradientDescentRegressor<T> model({.max_iter = 3, .tol = std::nullopt, .eta0 = 0.4}, device);
    model.fit(line.x, line.target);
    const double early = *model.gradient_norm();
    EXPECT_GT(early, 0.01);
    model.set_params({{"max_iter", epochs}});
    model.fit(line.x, line.target);
    EXPECT_LT(*model.gradient_norm(), device.is_cpu() ? (sizeof(T) == 4 ? 1e-6 : 1e-14) : early / 2);
    // Rows that only judge are none of the objective's.
    GradientDescentRegressor<T> held({.max_iter = 20, .early_stopping = true, .eta0 = 0.4}, device);
    held.fit(line.x, line.target);
    EXPECT_TRUE(held.gradient_norm().has_value());
  }
}

}  // namespace
