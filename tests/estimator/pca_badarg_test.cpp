// What PCA refuses, in which words; and that a refusal changes nothing.

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "forja/decomposition.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::Matrix;
using forja::PCA;
using forja::PCAOptions;
using forja::SvdSolver;
using forja::testing::refusal;

template <class T>
class PCARefuses : public ::testing::Test {
 protected:
  static std::string fit(const PCAOptions& options, const Matrix<T>& x, const Device& device) {
    return refusal<forja::InvalidArgument>([&] { PCA<T>(options, device).fit(x); });
  }
  const Matrix<T> x_ = forja::testing::decaying<T>(5, 3, 0.5);
};
TYPED_TEST_SUITE(PCARefuses, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(PCARefuses, options_out_of_range) {
  const std::string range = " but it must be an integer of at least 1, a number between 0 and 1, \"mle\", or \"all\"";
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto fit = [&](const PCAOptions& options) { return this->fit(options, this->x_, device); };
    EXPECT_EQ(fit({.n_components = 0}), "PCA::fit: n_components = 0" + range);
    EXPECT_EQ(fit({.n_components = 1.5}), "PCA::fit: n_components = 1.5" + range);
    EXPECT_EQ(fit({.n_components = 0.0}), "PCA::fit: n_components = 0" + range);
    EXPECT_EQ(fit({.n_components = std::numeric_limits<double>::quiet_NaN()}), "PCA::fit: n_components = nan" + range);
    EXPECT_EQ(fit({.n_components = 4}), "PCA::fit: n_components = 4 but x has 5 rows and 3 columns");
    EXPECT_EQ(fit({.iterated_power = -1}),
              "PCA::fit: iterated_power = -1 but it must be an integer of at least 0 or \"auto\"");
    EXPECT_EQ(fit({.tol = -1}), "PCA::fit: tol = -1 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.n_oversamples = -1}), "PCA::fit: n_oversamples = -1 but it must be an integer of at least 0");
    EXPECT_EQ(fit({.n_components = 0.5, .svd_solver = SvdSolver::randomized}),
              "PCA::fit: svd_solver = \"randomized\" but n_components is no count");
    EXPECT_EQ(this->fit({.n_components = forja::ComponentCount::mle()}, Matrix<TypeParam>(2, 3), device),
              "PCA::fit: n_components = \"mle\" but x has 2 rows and 3 columns");
    EXPECT_EQ(fit({.svd_solver = SvdSolver::randomized}),
              "PCA::fit: svd_solver = \"randomized\" but n_components is no count");
  }
}

TYPED_TEST(PCARefuses, rows_that_are_empty_or_not_finite) {
  using T = TypeParam;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    EXPECT_EQ(this->fit({}, Matrix<T>(), device), "PCA::fit: x is empty (0 x 0)");
    EXPECT_EQ(this->fit({}, Matrix<T>(3, 0), device), "PCA::fit: x is empty (3 x 0)");
    Matrix<T> x = this->x_;
    x(4, 1) = std::numeric_limits<T>::quiet_NaN();
    EXPECT_EQ(this->fit({}, x, device), "PCA::fit: x has NaN in row 4, column 1");
    x(2, 0) = std::numeric_limits<T>::infinity();
    EXPECT_EQ(this->fit({}, x, device), "PCA::fit: x has an infinity in row 2, column 0");
  }
}

TYPED_TEST(PCARefuses, use_before_fit) {
  using T = TypeParam;
  const PCA<T> model({}, Device::cpu());
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.transform(this->x_); }), "PCA::transform: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.inverse_transform(this->x_); }),
            "PCA::inverse_transform: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.score(this->x_); }), "PCA::score: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.score_samples(this->x_); }), "PCA::score_samples: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.get_covariance(); }), "PCA::get_covariance: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.get_precision(); }), "PCA::get_precision: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.residual(); }), "PCA::residual: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.n_iter(); }), "PCA::n_iter: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.converged(); }), "PCA::converged: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.components(); }), "PCA::components: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.mean(); }), "PCA::mean: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.noise_variance(); }), "PCA::noise_variance: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.n_components(); }), "PCA::n_components: call fit first");
  EXPECT_EQ(refusal<forja::NotFitted>([&] { model.explained_variance_ratio(); }),
            "PCA::explained_variance_ratio: call fit first");
}

TYPED_TEST(PCARefuses, other_columns_in_transforms_and_the_model_stays_as_it_was) {
  using T = TypeParam;
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model({.n_components = 2}, device);
    model.fit(this->x_);
    const Matrix<T> components = model.components();
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.transform(Matrix<T>(4, 2)); }),
              "PCA::transform: x has 2 columns but the model was fitted with 3");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.inverse_transform(Matrix<T>(4, 3)); }),
              "PCA::inverse_transform: x has 3 columns but the model was fitted with 2");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.fit(Matrix<T>(1, 3)); }),
              "PCA::fit: n_components = 2 but x has 1 rows and 3 columns");
    EXPECT_EQ(model.components(), components);
  }
}

TYPED_TEST(PCARefuses, likelihoods_of_rows_without_variance) {
  using T = TypeParam;
  // Two equal columns and a constant one.
  const Matrix<T> x(4, 3, {1, 1, 5, 2, 2, 5, 3, 3, 5, 8, 8, 5});
  for (const Device& device : forja::testing::devices_under_test()) {
    SCOPED_TRACE(device.name());
    PCA<T> model({.n_components = 1}, device);
    model.fit(Matrix<T>(4, 3, T(2)));
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.score_samples(x); }),
              "PCA::score_samples: 3 of 3 directions have no variance");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.get_precision(); }),
              "PCA::get_precision: 3 of 3 directions have no variance");
    model.fit(this->x_);
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.score(Matrix<T>(4, 2)); }),
              "PCA::score: x has 2 columns but the model was fitted with 3");
  }
}

TYPED_TEST(PCARefuses, parameters_by_names_that_are_not_there_or_out_of_range) {
  PCA<TypeParam> model({.n_components = 3});
  const auto set = [&](const forja::Params& params) {
    return refusal<forja::InvalidArgument>([&] { model.set_params(params); });
  };
  EXPECT_EQ(set({{"k", std::int64_t{2}}}),
            "PCA::set_params: \"k\" is no parameter; there are n_components, whiten, svd_solver, iterated_power, tol, "
            "n_oversamples, seed");
  EXPECT_EQ(set({{"svd_solver", std::string("arpack")}}),
            "PCA::set_params: svd_solver = \"arpack\" but it must be one of auto, auto_by_size, full, covariance_eigh, "
            "randomized");
  EXPECT_EQ(
      set({{"n_components", std::string("some")}}),
      "PCA::set_params: n_components = \"some\" but it must be an integer of at least 1, a number between 0 and 1, "
      "\"mle\", or \"all\"");
  EXPECT_EQ(PCA<TypeParam>().set_params({{"n_components", std::string("mle")}}).options().n_components,
            forja::ComponentCount::mle());
  EXPECT_EQ(model.get_params().at("n_components"), forja::ParamValue(std::int64_t{3}));
  EXPECT_EQ(set({{"n_components", 0.5}, {"svd_solver", std::string("full")}, {"whiten", true}}), "not refused");
  EXPECT_EQ(model.options().n_components, forja::ComponentCount(0.5));
  EXPECT_EQ(model.get_params().at("n_components"), forja::ParamValue(0.5));
  EXPECT_EQ(set({{"n_components", std::string("all")}}), "not refused");
  EXPECT_EQ(model.get_params().at("n_components"), forja::ParamValue(std::string("all")));
}

}  // namespace
