// LinearSVC and LinearSVR against other solvers of the same problems, and on columns of condition 1e8.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "forja/linear_svm.h"
#include "forja/preprocessing.h"
#include "support/devices.h"
#include "support/linear_files.h"
#include "support/linear_svm_reference.h"
#include "support/petals.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LinearSVC;
using forja::LinearSVCLoss;
using forja::LinearSVCOptions;
using forja::LinearSVR;
using forja::LinearSVRLoss;
using forja::LinearSVROptions;
using forja::Matrix;
using forja::testing::devices_under_test;
using forja::testing::plain_minimum;
using forja::testing::squared_minimum;
using forja::testing::SvmMinimum;
using forja::testing::SvmProblem;
using Labels = std::vector<std::int32_t>;

/// 150 petals, scaled; whether they are virginica's; and a number for each.
template <class T>
struct Flowers {
  Matrix<T> x;
  Labels virginica;
  std::vector<T> number;

  Flowers() {
    const auto petals = forja::testing::petals<T>();
    x = forja::StandardScaler<T>().fit_transform(petals.x);
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      virginica.push_back(petals.species[static_cast<std::size_t>(i)] == 2 ? 1 : 0);
      number.push_back(2 * x(i, 0) - x(i, 1) + static_cast<T>(std::sin(static_cast<double>(i))));
    }
  }
  std::vector<double> signs() const {
    std::vector<double> made;
    for (const std::int32_t label : virginica) made.push_back(label == 1 ? 1 : -1);
    return made;
  }
};

template <class T>
class LinearSvmMinimum : public ::testing::Test {
 protected:
  const Flowers<T> flowers_;

  SvmMinimum minimum(const Matrix<T>& x, const LinearSVCOptions& options, const std::vector<T>& weight) const {
    SvmProblem problem(x, flowers_.signs(), costs(options.C, weight),
                       options.fit_intercept ? options.intercept_scaling : 0);
    return options.loss == LinearSVCLoss::hinge ? plain_minimum(problem, 4'000) : squared_minimum(problem);
  }
  SvmMinimum minimum(const Matrix<T>& x, const LinearSVROptions& options, const std::vector<T>& weight) const {
    SvmProblem problem(x, {flowers_.number.begin(), flowers_.number.end()}, costs(options.C, weight),
                       options.fit_intercept ? options.intercept_scaling : 0);
    problem.classes = false;
    problem.epsilon = options.epsilon;
    return options.loss == LinearSVRLoss::epsilon_insensitive ? plain_minimum(problem, 4'000)
                                                              : squared_minimum(problem);
  }

  /// The objective is between the bounds that the other solver gives, `near` of it wide, and its own.
  template <class Model>
  static void expect_minimum(const Model& model, const SvmMinimum& expected, double near) {
    ASSERT_LE(expected.above - expected.below, near * expected.above);
    // A row's factor, C times its weight, is rounded to T.
    const double slack = (1e-9 + static_cast<double>(std::numeric_limits<T>::epsilon())) * expected.above;
    EXPECT_GE(model.objective(), expected.below - slack);
    EXPECT_LE(model.objective(), expected.above + model.dual_gap() + slack);
  }

 private:
  static std::vector<double> costs(double C, const std::vector<T>& weight) {
    std::vector<double> made;
    made.reserve(weight.size());
    for (const T own : weight) made.push_back(C * static_cast<double>(own));
    return made;
  }
};
TYPED_TEST_SUITE(LinearSvmMinimum, forja::testing::StorageTypes, forja::testing::StorageName);

template <class T>
std::vector<T> some_weights() {
  std::vector<T> weight;
  for (std::size_t i = 0; i < 150; ++i) weight.push_back(static_cast<T>(i % 3) * T(0.5));
  return weight;
}

TYPED_TEST(LinearSvmMinimum, of_classes_other_solvers_find_the_same) {
  using T = TypeParam;
  const std::vector<T> weight = some_weights<T>();
  for (const LinearSVCLoss loss : {LinearSVCLoss::hinge, LinearSVCLoss::squared_hinge}) {
    for (const double scaling : {0.0, 4.0}) {
      const LinearSVCOptions options{.loss = loss,
                                     .tol = 1e-4,
                                     .C = 0.3,
                                     .fit_intercept = scaling > 0,
                                     .intercept_scaling = scaling > 0 ? scaling : 1};
      const SvmMinimum expected = this->minimum(this->flowers_.x, options, weight);
      for (const Device& device : devices_under_test()) {
        SCOPED_TRACE(device.name() + ", loss " + std::to_string(static_cast<int>(loss)) + ", scaling " +
                     std::to_string(scaling));
        LinearSVC<T> model(options, device);
        model.fit(this->flowers_.x, this->flowers_.virginica, weight);
        EXPECT_TRUE(model.converged());
        this->expect_minimum(model, expected, 1e-6);
        // The objective rises by half of the square of the distance at least.
        const double distance = std::sqrt(2 * (model.dual_gap() + 1e-6 * expected.above)) + 1e-5;
        for (std::int64_t j = 0; j < 2; ++j) {
          EXPECT_NEAR(static_cast<double>(model.coef()(0, j)), expected.v[static_cast<std::size_t>(j)], distance);
        }
        if (scaling > 0) {
          EXPECT_NEAR(static_cast<double>(model.intercept()[0]) / scaling, expected.v[2], distance);
        }
      }
    }
  }
}

TYPED_TEST(LinearSvmMinimum, of_numbers_other_solvers_find_the_same) {
  using T = TypeParam;
  const std::vector<T> weight = some_weights<T>();
  for (const LinearSVRLoss loss : {LinearSVRLoss::epsilon_insensitive, LinearSVRLoss::squared_epsilon_insensitive}) {
    const LinearSVROptions options{.epsilon = 0.4, .tol = 1e-4, .C = 0.2, .loss = loss};
    const SvmMinimum expected = this->minimum(this->flowers_.x, options, weight);
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name() + ", loss " + std::to_string(static_cast<int>(loss)));
      LinearSVR<T> model(options, device);
      model.fit(this->flowers_.x, this->flowers_.number, weight);
      EXPECT_TRUE(model.converged());
      this->expect_minimum(model, expected, 1e-6);
      const double distance = std::sqrt(2 * (model.dual_gap() + 1e-6 * expected.above)) + 1e-5;
      EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), expected.v[0], distance);
      EXPECT_NEAR(static_cast<double>(model.intercept()[0]), expected.v[2], distance);
    }
  }
}

TYPED_TEST(LinearSvmMinimum, columns_that_differ_by_a_part_in_1e8_are_fitted) {
  using T = TypeParam;
  const std::vector<T> weight(150, T(1));
  // Of condition 1e8 in double; in float the difference is lost, and they are the same.
  Matrix<T> x(150, 3);
  for (std::int64_t i = 0; i < 150; ++i) {
    const T first = this->flowers_.x(i, 0);
    x(i, 0) = first;
    x(i, 1) = first + static_cast<T>(1e-8 * std::cos(static_cast<double>(i)));
    x(i, 2) = this->flowers_.x(i, 1);
  }
  const LinearSVCOptions classes{};
  const LinearSVROptions numbers{.epsilon = 0.4, .loss = LinearSVRLoss::squared_epsilon_insensitive};
  const SvmMinimum of_classes = this->minimum(x, classes, weight);
  const SvmMinimum of_numbers = this->minimum(x, numbers, weight);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LinearSVC<T> svc(classes, device);
    svc.fit(x, this->flowers_.virginica);
    EXPECT_TRUE(svc.converged());
    this->expect_minimum(svc, of_classes, 1e-7);
    LinearSVR<T> svr(numbers, device);
    svr.fit(x, this->flowers_.number);
    EXPECT_TRUE(svr.converged());
    this->expect_minimum(svr, of_numbers, 1e-7);
    // The penalty shares one weight among two columns that are as good as the same.
    EXPECT_NEAR(static_cast<double>(svr.coef()(0, 0)), static_cast<double>(svr.coef()(0, 1)), 1e-3);
  }
}

TYPED_TEST(LinearSvmMinimum, columns_of_sizes_1e8_apart_end_with_a_gap_that_tells_what_is_left) {
  using T = TypeParam;
  const std::vector<T> weight(150, T(1));
  Matrix<T> x = this->flowers_.x;
  for (std::int64_t i = 0; i < 150; ++i) {
    x(i, 0) *= T(1e4);
    x(i, 1) *= T(1e-4);
  }
  const LinearSVCOptions classes{.max_iter = 20};
  const LinearSVROptions numbers{.epsilon = 0.4, .loss = LinearSVRLoss::squared_epsilon_insensitive, .max_iter = 20};
  const SvmMinimum of_classes = this->minimum(x, classes, weight);
  const SvmMinimum of_numbers = this->minimum(x, numbers, weight);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LinearSVC<T> svc(classes, device);
    svc.fit(x, this->flowers_.virginica);
    this->expect_minimum(svc, of_classes, 1e-6);
    EXPECT_EQ(svc.converged(), svc.dual_gap() <= classes.tol * svc.objective());
    EXPECT_FALSE(svc.converged());
    LinearSVR<T> svr(numbers, device);
    svr.fit(x, this->flowers_.number);
    this->expect_minimum(svr, of_numbers, 1e-6);
    EXPECT_EQ(svr.converged(), svr.dual_gap() <= numbers.tol * svr.objective());
    EXPECT_FALSE(svr.converged());
  }
}

}  // namespace
