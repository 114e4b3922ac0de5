// What singular values as functions and TruncatedSVD refuse, in which words.

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "forja/svd.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::InvalidArgument;
using forja::Matrix;
using forja::TruncatedSVD;
using forja::testing::refusal;

template <class T>
class SvdRefuses : public ::testing::Test {
 protected:
  const Matrix<T> x_ = forja::testing::decaying<T>(5, 3, 0.5);
};
TYPED_TEST_SUITE(SvdRefuses, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(SvdRefuses, rows_and_options_of_functions) {
  using T = TypeParam;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Matrix<T> bad = this->x_;
  bad(4, 1) = std::numeric_limits<T>::quiet_NaN();
  const Matrix<T>& x = this->x_;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::svd<T>(Matrix<T>(), device); }), "svd: x is empty (0 x 0)");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::svd<T>(bad, device); }), "svd: x has NaN in row 4, column 1");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::randomized_svd<T>(bad, 2, {}, device); }),
              "randomized_svd: x has NaN in row 4, column 1");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::randomized_svd<T>(x, 0, {}, device); }),
              "randomized_svd: n_components = 0 but it must be an integer of at least 1");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::randomized_svd<T>(x, 4, {}, device); }),
              "randomized_svd: n_components = 4 but x has 5 rows and 3 columns");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::randomized_svd<T>(x, 2, {.tol = nan}, device); }),
              "randomized_svd: tol = nan but it must be a finite number of at least 0");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::pinv<T>(bad, {}, device); }), "pinv: x has NaN in row 4, column 1");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::pinv<T>(x, -0.5, device); }),
              "pinv: rcond = -0.5 but it must be a number from 0 to 1");
    const Matrix<T> y(4, 1);
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::lstsq<T>(x, y.view(), {}, device); }),
              "lstsq: y is 4 x 1 but x has 5 rows");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::lstsq<T>(x, bad.view(), {}, device); }),
              "lstsq: y has NaN in row 4, column 1");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::lstsq<T>(bad, x.view(), {}, device); }),
              "lstsq: x has NaN in row 4, column 1");
    EXPECT_EQ(refusal<InvalidArgument>([&] { forja::lstsq<T>(x, x.view(), nan, device); }),
              "lstsq: rcond = nan but it must be a number from 0 to 1");
  }
}

TYPED_TEST(SvdRefuses, options_and_rows_of_truncated_svd_and_the_model_stays_as_it_was) {
  using T = TypeParam;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto fit = [&](const forja::TruncatedSVDOptions& options) {
      return refusal<InvalidArgument>([&] { TruncatedSVD<T>(options, device).fit(this->x_); });
    };
    EXPECT_EQ(fit({.n_components = 0}), "TruncatedSVD::fit: n_components = 0 but it must be an integer of at least 1");
    EXPECT_EQ(fit({.n_components = 4}), "TruncatedSVD::fit: n_components = 4 but x has 5 rows and 3 columns");
    EXPECT_EQ(fit({.n_oversamples = -1}),
              "TruncatedSVD::fit: n_oversamples = -1 but it must be an integer of at least 0");
    TruncatedSVD<T> model({}, device);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.transform(this->x_); }), "TruncatedSVD::transform: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.components(); }), "TruncatedSVD::components: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.residual(); }), "TruncatedSVD::residual: call fit first");
    model.fit(this->x_);
    const Matrix<T> components = model.components();
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.transform(Matrix<T>(4, 2)); }),
              "TruncatedSVD::transform: x has 2 columns but the model was fitted with 3");
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.inverse_transform(Matrix<T>(4, 3)); }),
              "TruncatedSVD::inverse_transform: x has 3 columns but the model was fitted with 2");
    EXPECT_EQ(refusal<InvalidArgument>([&] { model.fit(Matrix<T>(1, 3)); }),
              "TruncatedSVD::fit: n_components = 2 but x has 1 rows and 3 columns");
    EXPECT_EQ(model.components(), components);
    EXPECT_EQ(refusal<InvalidArgument>([&] {
                model.set_params({{"algorithm", std::string("arpack")}});
              }),
              "TruncatedSVD::set_params: \"algorithm\" is no parameter; there are n_components, svd_solver, "
              "iterated_power, tol, n_oversamples, seed");
  }
}

}  // namespace
