// What LinearSVC and LinearSVR refuse, in which words; and that a refusal changes nothing.

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/linear_svm.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LinearSVC;
using forja::LinearSVCOptions;
using forja::LinearSVR;
using forja::LinearSVROptions;
using forja::Matrix;
using forja::testing::devices_under_test;
using forja::testing::refusal;
using Labels = std::vector<std::int32_t>;

template <class T>
class LinearSvmRefuses : public ::testing::Test {
 protected:
  std::string fit(const Device& device, const LinearSVCOptions& options, const Labels& y,
                  const std::vector<T>& weight = {}) {
    return refusal<forja::InvalidArgument>([&] { LinearSVC<T>(options, device).fit(x_, y, weight); });
  }
  std::string fit(const Device& device, const LinearSVROptions& options, const std::vector<T>& y) {
    return refusal<forja::InvalidArgument>([&] { LinearSVR<T>(options, device).fit(x_, y); });
  }

  const Matrix<T> x_{3, 1, {T(1), T(2), T(3)}};
  const Labels y_{0, 1, 1};
};
TYPED_TEST_SUITE(LinearSvmRefuses, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(LinearSvmRefuses, options_out_of_range) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const Device& device : devices_under_test()) {
    const auto fit = [&](const LinearSVCOptions& options) { return this->fit(device, options, this->y_); };
    EXPECT_EQ(fit({.tol = -1}), "LinearSVC::fit: tol = -1 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.C = 0}), "LinearSVC::fit: C = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.C = kNan}), "LinearSVC::fit: C = nan but it must be a finite number above 0");
    EXPECT_EQ(fit({.intercept_scaling = 0}),
              "LinearSVC::fit: intercept_scaling = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.max_iter = 0}), "LinearSVC::fit: max_iter = 0 but it must be an integer of at least 1");
    EXPECT_EQ(fit({.class_weights = {{1, -2}}}),
              "LinearSVC::fit: class_weights of 1 is -2 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.class_weights = {{5, 2}}}), "LinearSVC::fit: class_weights has 5, which is none of the 2 classes");
    EXPECT_EQ(this->fit(device, LinearSVROptions{.epsilon = -1}, {1, 2, 3}),
              "LinearSVR::fit: epsilon = -1 but it must be a finite number of at least 0");
  }
}

TYPED_TEST(LinearSvmRefuses, rows_labels_and_weights_that_do_not_fit) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    EXPECT_EQ(this->fit(device, LinearSVCOptions{}, {0, 1}), "LinearSVC::fit: y has 2 labels but x has 3 rows");
    EXPECT_EQ(this->fit(device, LinearSVCOptions{}, {4, 4, 4}),
              "LinearSVC::fit: y has 1 class, 4, but at least 2 are needed");
    EXPECT_EQ(this->fit(device, LinearSVCOptions{}, this->y_, {0, 0, 0}), "LinearSVC::fit: all 3 weights are 0");
    EXPECT_EQ(this->fit(device, LinearSVROptions{}, {T(1)}), "LinearSVR::fit: y is 1 x 1 but x has 3 rows");
    const Matrix<T> nan(3, 1, {T(1), std::numeric_limits<T>::quiet_NaN(), T(3)});
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { LinearSVC<T>({}, device).fit(nan, this->y_); }),
              "LinearSVC::fit: x has NaN in row 1, column 0");
  }
}

TYPED_TEST(LinearSvmRefuses, rows_whose_sums_leave_the_range_of_numbers) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    LinearSVR<T> model({.tol = 0, .C = std::numeric_limits<double>::max(), .max_iter = 4}, device);
    const std::string said = refusal<forja::InvalidArgument>([&] { model.fit(this->x_, std::vector<T>{1, 9, -4}); });
    EXPECT_EQ(said,
              "LinearSVR::fit: the objective is not finite after 4 epochs: scale the columns of x or take a smaller C")
        << device.name();
    EXPECT_FALSE(model.is_fitted());
  }
}

TYPED_TEST(LinearSvmRefuses, what_needs_a_fit_before_it) {
  using T = TypeParam;
  LinearSVC<T> model;
  const auto refused = [](const auto& call) { return refusal<forja::NotFitted>(call); };
  EXPECT_EQ(refused([&] { model.predict(this->x_); }), "LinearSVC::predict: call fit first");
  EXPECT_EQ(refused([&] { (void)model.dual_gap(); }), "LinearSVC::dual_gap: call fit first");
  EXPECT_EQ(refused([&] { model.save("nowhere"); }), "LinearSVC::save: call fit first");
  LinearSVR<T> regressor;
  EXPECT_EQ(refused([&] { (void)regressor.objective(); }), "LinearSVR::objective: call fit first");
}

TYPED_TEST(LinearSvmRefuses, parameters_that_there_are_not_and_a_refusal_changes_nothing) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    LinearSVC<T> model({}, device);
    model.fit(this->x_, this->y_);
    const Matrix<T> before = model.coef();
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
                model.set_params({{"loss", std::string("log_loss")}});
              }),
              "LinearSVC::set_params: loss = \"log_loss\" but it must be one of hinge, squared_hinge");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.fit(this->x_, Labels{1}); }),
              "LinearSVC::fit: y has 1 labels but x has 3 rows");
    EXPECT_EQ(model.coef(), before);
    model.set_params({{"C", 2.0}, {"class_weight", std::string("balanced")}});
    EXPECT_EQ(model.options().C, 2);
    EXPECT_EQ(model.options().class_weight, forja::ClassWeight::balanced);
    LinearSVR<T> regressor({}, device);
    regressor.set_params({{"loss", std::string("squared_epsilon_insensitive")}, {"epsilon", 0.5}});
    EXPECT_EQ(regressor.options().loss, forja::LinearSVRLoss::squared_epsilon_insensitive);
  }
}

}  // namespace
