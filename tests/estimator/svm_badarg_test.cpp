// What kernel machines refuse, in which words; and that a refusal changes nothing.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/svm.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::NuSVC;
using forja::NuSVR;
using forja::OneClassSVM;
using forja::SVC;
using forja::SVCOptions;
using forja::SVMKernel;
using forja::SVR;
using forja::testing::devices_under_test;
using forja::testing::refusal;
using Labels = std::vector<std::int32_t>;

template <class T>
class SvmRefuses : public ::testing::Test {
 protected:
  std::string fit(const Device& device, const SVCOptions& options, const Labels& y, const std::vector<T>& weight = {}) {
    return refusal<forja::InvalidArgument>([&] { SVC<T>(options, device).fit(x_, y, weight); });
  }

  const Matrix<T> x_{4, 1, {T(1), T(2), T(3), T(5)}};
  const Labels y_{0, 1, 1, 0};
};
TYPED_TEST_SUITE(SvmRefuses, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(SvmRefuses, options_out_of_range) {
  for (const Device& device : devices_under_test()) {
    const auto fit = [&](const SVCOptions& options) { return this->fit(device, options, this->y_); };
    EXPECT_EQ(fit({.C = 0}), "SVC::fit: C = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.degree = -1}), "SVC::fit: degree = -1 but it must be an integer from 0 to 1000");
    EXPECT_EQ(fit({.gamma = -2}), "SVC::fit: gamma = -2 but it must be a finite number above 0, \"scale\" or \"auto\"");
    EXPECT_EQ(fit({.coef0 = std::numeric_limits<double>::infinity()}),
              "SVC::fit: coef0 = inf but it must be a finite number");
    EXPECT_EQ(fit({.tol = 0}), "SVC::fit: tol = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.cache_size = -1}), "SVC::fit: cache_size = -1 but it must be a finite number above 0");
    EXPECT_EQ(fit({.max_iter = 0}), "SVC::fit: max_iter = 0 but it must be an integer of at least 1 or \"none\"");
    EXPECT_EQ(fit({.decision_function_shape = forja::DecisionShape::ovo, .break_ties = true}),
              "SVC::fit: break_ties needs decision_function_shape = ovr, but it is ovo");
    EXPECT_EQ(fit({.kernel = SVMKernel::precomputed}),
              "SVC::fit: kernel = \"precomputed\" needs a square x, but it is 4 x 1");
  }
}

TYPED_TEST(SvmRefuses, labels_and_weights_that_do_not_fit) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    EXPECT_EQ(this->fit(device, {}, {1, 1, 1, 1}), "SVC::fit: y has 1 class, 1, but at least 2 are needed");
    EXPECT_EQ(this->fit(device, {}, {0, 1}), "SVC::fit: y has 2 labels but x has 4 rows");
    EXPECT_EQ(this->fit(device, {}, this->y_, {T(0), T(1), T(1), T(0)}), "SVC::fit: the rows of class 0 weigh 0");
    EXPECT_NE(this->fit(device, {}, this->y_, {T(-1), T(1), T(1), T(1)}), "not refused");
    EXPECT_EQ(this->fit(device, {.class_weights = {{1, -2}}}, this->y_),
              "SVC::fit: class_weights of 1 is -2 but it must be a finite number of at least 0");
    EXPECT_EQ(this->fit(device, {.class_weights = {{5, 2}}}, this->y_),
              "SVC::fit: class_weights has 5, which is none of the 2 classes");
    EXPECT_EQ(this->fit(device, {.class_weights = {{1, 0}}}, this->y_), "SVC::fit: the rows of class 1 weigh 0");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
                NuSVC<T>({.nu = 0.9}, device).fit(this->x_, Labels{0, 1, 1, 1});
              }),
              "NuSVC::fit: nu = 0.9 but classes 0 and 1, which weigh 1 and 3, allow at most 0.5");
    EXPECT_EQ(
        refusal<forja::InvalidArgument>([&] { OneClassSVM<T>({}, device).fit(this->x_, std::vector<T>(4, T(0))); }),
        "OneClassSVM::fit: all 4 rows weigh 0");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { OneClassSVM<T>({.nu = 2}, device).fit(this->x_); }),
              "OneClassSVM::fit: nu = 2 but it must be a number above 0, up to 1");
    EXPECT_EQ(
        refusal<forja::InvalidArgument>([&] { SVR<T>({.epsilon = -1}, device).fit(this->x_, std::vector<T>(4)); }),
        "SVR::fit: epsilon = -1 but it must be a finite number of at least 0");
    EXPECT_NE(refusal<forja::InvalidArgument>([&] { NuSVR<T>({}, device).fit(this->x_, std::vector<T>(3)); }),
              "not refused");
    EXPECT_NE(refusal<forja::InvalidArgument>(
                  [&] { SVR<T>({}, device).fit(this->x_, std::vector<T>(4, std::numeric_limits<T>::quiet_NaN())); }),
              "not refused");
  }
}

TYPED_TEST(SvmRefuses, rows_that_do_not_fit) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    SVC<T> model({.kernel = SVMKernel::linear}, device);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.predict(this->x_); }), "SVC::predict: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { (void)model.support(); }), "SVC::support: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { (void)model.predict_proba(this->x_); }),
              "SVC::predict_proba: call fit first");
    model.fit(this->x_, this->y_);
    const Matrix<double> before = model.dual_coef();
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { (void)model.predict_proba(this->x_); }),
              "SVC::predict_proba: fit was without probability");
    EXPECT_TRUE(model.probA().empty());
    Matrix<T> bad = this->x_;
    bad(2, 0) = std::numeric_limits<T>::infinity();
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.fit(bad, this->y_); }),
              "SVC::fit: x has an infinity in row 2, column 0");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.fit(Matrix<T>(0, 1), {}); }), "SVC::fit: x is empty (0 x 1)");
    EXPECT_NE(refusal<forja::InvalidArgument>([&] { model.predict(Matrix<T>(2, 3)); }), "not refused");
    EXPECT_NE(refusal<forja::InvalidArgument>([&] { model.decision_function(Matrix<T>(0, 1)); }), "not refused");
    EXPECT_NE(refusal<forja::InvalidArgument>([&] { (void)model.score(this->x_, Labels{1}); }), "not refused");
    EXPECT_EQ(model.dual_coef(), before);
    SVC<T> round({}, device);
    round.fit(this->x_, this->y_);
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { (void)round.coef(); }),
              "SVC::coef: only the linear kernel has coefficients");
  }
}

TYPED_TEST(SvmRefuses, kernels_of_rows_that_do_not_fit) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    const auto rbf = [&](const Matrix<T>& a, const Matrix<T>& b, std::optional<double> gamma) {
      return refusal<forja::InvalidArgument>([&] { (void)forja::rbf_kernel<T>(a, b, gamma, device); });
    };
    EXPECT_NE(rbf(this->x_, Matrix<T>(2, 2), {}), "not refused");
    EXPECT_EQ(rbf(Matrix<T>(0, 1), this->x_, {}), "rbf_kernel: x is empty (0 x 1)");
    EXPECT_EQ(rbf(this->x_, this->x_, std::numeric_limits<double>::quiet_NaN()),
              "rbf_kernel: gamma = nan but it must be finite");
    EXPECT_EQ(refusal<forja::InvalidArgument>(
                  [&] { (void)forja::polynomial_kernel<T>(this->x_, this->x_, -2, {}, 1, device); }),
              "polynomial_kernel: degree = -2 but it must be at least 0");
  }
}

TEST(SvmRefuses, parameters_by_name_are_checked_and_all_or_none_are_set) {
  SVC<> model;
  EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
              model.set_params({{"C", 5.0}, {"gamma", std::string("wide")}});
            }),
            "SVC::set_params: gamma = \"wide\" but it must be a finite number above 0, \"scale\" or \"auto\"");
  EXPECT_EQ(model.options().C, 1);
  model.set_params({{"class_weight", std::string("balanced")}});
  EXPECT_EQ(model.options().class_weight, forja::ClassWeight::balanced);
  model.set_params({{"gamma", std::string("auto")}, {"kernel", std::string("poly")}, {"max_iter", std::int64_t{7}}});
  EXPECT_EQ(model.options().gamma.rule, forja::KernelGamma::Rule::automatic);
  model.set_params({{"gamma", 0.25}});
  EXPECT_EQ(model.get_params().at("gamma"), forja::ParamValue(0.25));
  EXPECT_EQ(model.get_params().at("kernel"), forja::ParamValue(std::string("poly")));
}

}  // namespace
