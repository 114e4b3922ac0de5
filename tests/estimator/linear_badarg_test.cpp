// What linear models refuse, in which words.

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "forja/linear.h"
#include "forja/ridge_cv.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::ElasticNet;
using forja::Lasso;
using forja::LeastSquaresSolver;
using forja::LinearRegression;
using forja::LinearRegressionOptions;
using forja::Matrix;
using forja::Ridge;
using forja::RidgeCV;
using forja::RidgeCVOptions;
using forja::RidgeOptions;
using forja::testing::refusal;

template <class T>
class LinearRefuses : public ::testing::Test {
 protected:
  std::string fit(const LinearRegressionOptions& options, const Matrix<T>& x, const Matrix<T>& y,
                  const std::vector<T>& weight = {}) {
    return refusal<forja::InvalidArgument>([&] { LinearRegression<T>(options, device_).fit(x, y, weight); });
  }
  std::string fit(const RidgeOptions& options, const Matrix<T>& x, const Matrix<T>& y) {
    return refusal<forja::InvalidArgument>([&] { Ridge<T>(options, device_).fit(x, y); });
  }

  const Matrix<T> x_{4, 2, {1, 2, 3, 5, 2, 1, 0, 4}};
  const Matrix<T> y_{4, 1, {1, 2, 3, 4}};
  Device device_ = Device::cpu();
};
TYPED_TEST_SUITE(LinearRefuses, forja::testing::StorageTypes, forja::testing::StorageName);

/// Runs the body once per device, as device_.
#define ON_EVERY_DEVICE                                                        \
  for (const Device& device_under_test : forja::testing::devices_under_test()) \
    if (SCOPED_TRACE(device_under_test.name()); (this->device_ = device_under_test, true))

TYPED_TEST(LinearRefuses, options_out_of_range) {
  using T = TypeParam;
  const auto& x = this->x_;
  const auto& y = this->y_;
  ON_EVERY_DEVICE {
    EXPECT_EQ(this->fit(RidgeOptions{.alpha = -1}, x, y),
              "Ridge::fit: alpha = -1 but it must be a finite number of at least 0");
    EXPECT_EQ(this->fit(RidgeOptions{.alpha = std::numeric_limits<double>::quiet_NaN()}, x, y),
              "Ridge::fit: alpha = nan but it must be a finite number of at least 0");
    EXPECT_EQ(this->fit(RidgeOptions{.alpha_per_target = {1, 2}}, x, y),
              "Ridge::fit: alpha_per_target has 2 values but y has 1 targets");
    EXPECT_EQ(this->fit(RidgeOptions{.alpha_per_target = {1, -2}}, x, Matrix<T>(4, 2)),
              "Ridge::fit: alpha_per_target(1) = -2 but it must be a finite number of at least 0");
    EXPECT_EQ(this->fit(LinearRegressionOptions{.solver = LeastSquaresSolver::gradient}, x, y),
              "LinearRegression::fit: solver = 3 but it must be one of auto, cholesky, svd");
    EXPECT_EQ(this->fit(LinearRegressionOptions{.solver = static_cast<LeastSquaresSolver>(9)}, x, y),
              "LinearRegression::fit: solver = 9 but it must be one of auto, cholesky, svd");
  }
}

TYPED_TEST(LinearRefuses, cross_validation_without_alphas_folds_or_rows_and_weights_for_them) {
  using T = TypeParam;
  ON_EVERY_DEVICE {
    const auto fit = [&](const RidgeCVOptions& options, const Matrix<T>& y, const std::vector<T>& weight = {}) {
      return refusal<forja::InvalidArgument>([&] { RidgeCV<T>(options, this->device_).fit(this->x_, y, weight); });
    };
    EXPECT_EQ(fit({.alphas = {}}, this->y_), "RidgeCV::fit: alphas is empty");
    EXPECT_EQ(fit({.alphas = {1, -2}}, this->y_),
              "RidgeCV::fit: alphas(1) = -2 but it must be a finite number of at least 0");
    EXPECT_EQ(fit({.cv = 1}, this->y_), "RidgeCV::fit: cv = 1 but it must be an integer of at least 2");
    EXPECT_EQ(fit({.cv = 5}, this->y_), "RidgeCV::fit: cv = 5 but x has 4 rows");
    EXPECT_EQ(fit({.cv = 2}, this->y_, {1, 1, 0, 0}), "RidgeCV::fit: all 2 weights of fold 1 are 0");
    EXPECT_EQ(fit({.cv = 2}, Matrix<T>(3, 1)), "RidgeCV::fit: y is 3 x 1 but x has 4 rows");
    const RidgeCV<T> model({}, this->device_);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.alpha(); }), "RidgeCV::alpha: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.best_score(); }), "RidgeCV::best_score: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.cv_scores(); }), "RidgeCV::cv_scores: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.backward_error(); }), "RidgeCV::backward_error: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.solver_used(); }), "RidgeCV::solver_used: call fit first");
  }
  RidgeCV<T> model;
  model.set_params({{"cv", std::int64_t{3}}});
  EXPECT_EQ(model.get_params().at("cv"), forja::ParamValue(std::int64_t{3}));
  EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
              model.set_params({{"alphas", 1.0}});
            }),
            "RidgeCV::set_params: \"alphas\" is no parameter; there are cv, fit_intercept");
}

TYPED_TEST(LinearRefuses, rows_and_targets_that_are_empty_not_finite_or_of_another_shape) {
  using T = TypeParam;
  const LinearRegressionOptions plain;
  const auto& x = this->x_;
  const auto& y = this->y_;
  ON_EVERY_DEVICE {
    EXPECT_EQ(this->fit(plain, Matrix<T>(), y), "LinearRegression::fit: x is empty (0 x 0)");
    EXPECT_EQ(this->fit(plain, x, Matrix<T>(3, 1)), "LinearRegression::fit: y is 3 x 1 but x has 4 rows");
    EXPECT_EQ(this->fit(plain, x, Matrix<T>(4, 0)), "LinearRegression::fit: y is 4 x 0 but x has 4 rows");
    Matrix<T> broken = x;
    broken(2, 1) = std::numeric_limits<T>::quiet_NaN();
    EXPECT_EQ(this->fit(plain, broken, y), "LinearRegression::fit: x has NaN in row 2, column 1");
    Matrix<T> target = y;
    target(3, 0) = std::numeric_limits<T>::infinity();
    EXPECT_EQ(this->fit(plain, x, target), "LinearRegression::fit: y has an infinity in row 3, column 0");
    target(1, 0) = std::numeric_limits<T>::quiet_NaN();
    EXPECT_EQ(this->fit(RidgeOptions{}, x, target), "Ridge::fit: y has NaN in row 1, column 0");
    EXPECT_EQ(this->fit(plain, x, y, {1, 1}), "LinearRegression::fit: sample_weight has 2 values but x has 4 rows");
    EXPECT_EQ(this->fit(plain, x, y, {1, 1, -1, 1}),
              "LinearRegression::fit: sample_weight(2) = -1 but weights must be finite and at least 0");
    EXPECT_EQ(this->fit(plain, x, y, {0, 0, 0, 0}), "LinearRegression::fit: all 4 weights are 0");
  }
}

// A finite Gram matrix spares these models a pass over the values: every place has to show in it.
TYPED_TEST(LinearRefuses, values_that_are_not_finite_wherever_they_are) {
  using T = TypeParam;
  constexpr std::int64_t kRows = 3000;  // more than the rows by which shifts are guessed
  Matrix<T> x(kRows, 3);
  Matrix<T> y(kRows, 1);
  std::vector<T> weight(kRows, T(1));
  for (std::int64_t i = 0; i < kRows; ++i) {
    for (std::int64_t j = 0; j < 3; ++j) x(i, j) = static_cast<T>((7 * i + 11 * j) % 13);
    y(i, 0) = static_cast<T>(i % 5);
  }
  weight[1501] = 0;
  ON_EVERY_DEVICE {
    const auto refused = [&](auto&& model) {
      return refusal<forja::InvalidArgument>([&] { model.fit(x, y.values(), weight); });
    };
    for (const auto& [row, value, name] :
         {std::tuple(std::int64_t{0}, std::numeric_limits<T>::quiet_NaN(), "NaN"),
          std::tuple(std::int64_t{1501}, std::numeric_limits<T>::quiet_NaN(), "NaN"),
          std::tuple(std::int64_t{1}, std::numeric_limits<T>::infinity(), "an infinity"),
          std::tuple(kRows - 1, -std::numeric_limits<T>::infinity(), "an infinity")}) {
      const T kept = x(row, 2);
      x(row, 2) = value;
      const std::string what = "::fit: x has " + std::string(name) + " in row " + std::to_string(row) + ", column 2";
      EXPECT_EQ(refused(LinearRegression<T>({}, this->device_)), "LinearRegression" + what);
      EXPECT_EQ(refused(LinearRegression<T>({.solver = LeastSquaresSolver::svd}, this->device_)),
                "LinearRegression" + what);
      EXPECT_EQ(refused(Ridge<T>({}, this->device_)), "Ridge" + what);
      EXPECT_EQ(refused(Ridge<T>({.solver = LeastSquaresSolver::gradient}, this->device_)), "Ridge" + what);
      EXPECT_EQ(refused(RidgeCV<T>({}, this->device_)), "RidgeCV" + what);
      EXPECT_EQ(refused(Lasso<T>({}, this->device_)), "Lasso" + what);
      x(row, 2) = kept;
    }
  }
}

TYPED_TEST(LinearRefuses, columns_that_depend_on_each_other_where_cholesky_was_asked_for) {
  using T = TypeParam;
  const Matrix<T> twice(4, 2, {1, 1, 3, 3, 2, 2, 0, 0});
  ON_EVERY_DEVICE {
    EXPECT_EQ(this->fit(LinearRegressionOptions{.solver = LeastSquaresSolver::cholesky}, twice, this->y_),
              "LinearRegression::fit: solver = \"cholesky\" but columns of x depend on each other to rounding: use "
              "\"svd\" or \"auto\"");
    EXPECT_EQ(this->fit(LinearRegressionOptions{}, twice, this->y_), "not refused");
  }
}

TYPED_TEST(LinearRefuses, sums_beyond_the_range_of_the_type) {
  using T = TypeParam;
  const T most = std::numeric_limits<T>::max();
  const Matrix<T> x(4, 1, {-most, most, most, most});
  ON_EVERY_DEVICE {
    EXPECT_EQ(this->fit(LinearRegressionOptions{.solver = LeastSquaresSolver::cholesky}, x, this->y_),
              "LinearRegression::fit: x, y and sample_weight are too large for their sums");
    const Matrix<T> huge(4, 1, {most, most, -most, most});
    EXPECT_EQ(this->fit(RidgeOptions{.solver = LeastSquaresSolver::gradient}, this->x_, huge),
              "Ridge::fit: x, y and sample_weight are too large for their sums");
  }
}

TYPED_TEST(LinearRefuses, use_before_fit) {
  ON_EVERY_DEVICE {
    const LinearRegression<TypeParam> model({}, this->device_);
    EXPECT_FALSE(model.is_fitted());
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.predict(this->x_); }), "LinearRegression::predict: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.coef(); }), "LinearRegression::coef: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.rank(); }), "LinearRegression::rank: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { model.condition(); }), "LinearRegression::condition: call fit first");
    const Ridge<TypeParam> ridge({}, this->device_);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { ridge.score(this->x_, this->y_); }), "Ridge::score: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { ridge.backward_error(); }), "Ridge::backward_error: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { ridge.solver_used(); }), "Ridge::solver_used: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { ridge.n_iter(); }), "Ridge::n_iter: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { ridge.converged(); }), "Ridge::converged: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { ridge.gradient_norm(); }), "Ridge::gradient_norm: call fit first");
    Ridge<TypeParam> descended({.solver = LeastSquaresSolver::gradient}, this->device_);
    descended.fit(this->x_, this->y_);
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { descended.backward_error(); }),
              "Ridge::backward_error: solver = \"gradient\" has gradient_norm instead");
  }
}

TYPED_TEST(LinearRefuses, new_rows_and_targets_that_do_not_fit_the_model) {
  using T = TypeParam;
  ON_EVERY_DEVICE {
    LinearRegression<T> model({}, this->device_);
    model.fit(this->x_, Matrix<T>(4, 2, {1, 2, 3, 4, 5, 6, 7, 9}));
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.predict(this->x_); }),
              "LinearRegression::predict: the model has 2 targets: use predict_targets");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.predict_targets(Matrix<T>(4, 3)); }),
              "LinearRegression::predict_targets: x has 3 columns but the model was fitted with 2");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.score(this->x_, this->y_); }),
              "LinearRegression::score: y has 1 targets but the model was fitted with 2");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] { model.score(Matrix<T>(4, 1), this->y_); }),
              "LinearRegression::score: x has 1 columns but the model was fitted with 2");
  }
}

TYPED_TEST(LinearRefuses, parameters_by_names_that_are_not_there_or_out_of_range) {
  Ridge<TypeParam> model({.alpha = 3});
  const auto set = [&](const forja::Params& params) {
    return refusal<forja::InvalidArgument>([&] { model.set_params(params); });
  };
  EXPECT_EQ(set({{"lambda", 1.0}}),
            "Ridge::set_params: \"lambda\" is no parameter; there are alpha, fit_intercept, solver, max_iter, tol");
  EXPECT_EQ(set({{"alpha", -1.0}}), "Ridge::set_params: alpha = -1 but it must be a finite number of at least 0");
  EXPECT_EQ(set({{"solver", std::string("lsqr")}}),
            "Ridge::set_params: solver = \"lsqr\" but it must be one of auto, cholesky, svd, gradient");
  EXPECT_EQ(set({{"max_iter", std::int64_t{0}}}),
            "Ridge::set_params: max_iter = 0 but it must be an integer of at least 1");
  EXPECT_EQ(set({{"tol", -1.0}}), "Ridge::set_params: tol = -1 but it must be a finite number of at least 0");
  EXPECT_EQ(model.options().alpha, 3);
  EXPECT_EQ(set({{"alpha", std::int64_t{2}}, {"fit_intercept", false}, {"solver", std::string("svd")}}), "not refused");
  EXPECT_EQ(model.get_params().at("alpha"), forja::ParamValue(2.0));
  EXPECT_EQ(model.options().solver, LeastSquaresSolver::svd);
  LinearRegression<TypeParam> plain;
  plain.set_params({{"fit_intercept", false}});
  EXPECT_EQ(plain.get_params().at("fit_intercept"), forja::ParamValue(false));
  EXPECT_EQ(plain.get_params().at("solver"), forja::ParamValue(std::string("auto")));
}

TYPED_TEST(LinearRefuses, options_of_sparse_models_out_of_range) {
  using T = TypeParam;
  const std::vector<T> y{1, 2, 3, 4};
  ON_EVERY_DEVICE {
    const auto lasso = [&](const forja::LassoOptions& options) {
      return refusal<forja::InvalidArgument>([&] { Lasso<T>(options, this->device_).fit(this->x_, y); });
    };
    const auto net = [&](const forja::ElasticNetOptions& options) {
      return refusal<forja::InvalidArgument>([&] { ElasticNet<T>(options, this->device_).fit(this->x_, y); });
    };
    const auto path = [&](const forja::PathOptions& options) {
      return refusal<forja::InvalidArgument>([&] { forja::enet_path<T>(this->x_, y, options, {}, this->device_); });
    };
    EXPECT_EQ(lasso({.alpha = 0}), "Lasso::fit: alpha = 0 but it must be a finite number above 0");
    EXPECT_EQ(lasso({.max_iter = 0}), "Lasso::fit: max_iter = 0 but it must be an integer of at least 1");
    EXPECT_EQ(lasso({.tol = -1}), "Lasso::fit: tol = -1 but it must be a finite number of at least 0");
    EXPECT_EQ(net({.l1_ratio = 0}), "ElasticNet::fit: l1_ratio = 0 but it must be a number above 0, up to 1");
    EXPECT_EQ(net({.l1_ratio = 1.5}), "ElasticNet::fit: l1_ratio = 1.5 but it must be a number above 0, up to 1");
    EXPECT_EQ(path({.eps = 2}), "enet_path: eps = 2 but it must be a number above 0, up to 1");
    EXPECT_EQ(path({.alphas = {1, 0}}), "enet_path: alphas(1) = 0 but it must be a finite number above 0");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
                Lasso<T>({}, this->device_).fit(this->x_, std::vector<T>{1, 2, 3});
              }),
              "Lasso::fit: y is 3 x 1 but x has 4 rows");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { Lasso<T>({}, this->device_).dual_gap(); }),
              "Lasso::dual_gap: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { ElasticNet<T>({}, this->device_).n_iter(); }),
              "ElasticNet::n_iter: call fit first");
    EXPECT_EQ(refusal<forja::NotFitted>([&] { ElasticNet<T>({}, this->device_).converged(); }),
              "ElasticNet::converged: call fit first");
  }
  ElasticNet<T> model;
  EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
              model.set_params({{"C", 1.0}});
            }),
            "ElasticNet::set_params: \"C\" is no parameter; there are alpha, l1_ratio, fit_intercept, max_iter, tol, "
            "warm_start");
  model.set_params({{"alpha", 0.25}, {"warm_start", true}});
  EXPECT_EQ(model.get_params().at("alpha"), forja::ParamValue(0.25));
  Lasso<T> lasso;
  lasso.set_params({{"tol", 0.0}});
  EXPECT_EQ(lasso.get_params().at("tol"), forja::ParamValue(0.0));
}

}  // namespace
