// Saved linear models: what comes back, on any device, and what a damaged file may not do.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "forja/linear.h"
#include "forja/ridge_cv.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/saved_models.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::ElasticNet;
using forja::Lasso;
using forja::LeastSquaresSolver;
using forja::LinearRegression;
using forja::Matrix;
using forja::Ridge;
using forja::RidgeCV;
using forja::testing::loaded;
using forja::testing::saved;

template <class T>
class LinearFileOf : public ::testing::Test {
 protected:
  std::vector<T> first_target() const {
    std::vector<T> y;
    for (std::int64_t i = 0; i < data_.y.rows(); ++i) y.push_back(data_.y(i, 0));
    return y;
  }

  const forja::testing::LinearData<T> data_ = forja::testing::linear_data<T>(40, 3, 2, false);
};
TYPED_TEST_SUITE(LinearFileOf, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(LinearFileOf, a_model_fitted_on_one_device_is_the_same_on_another) {
  using T = TypeParam;
  for (const Device& fitted_on : forja::testing::devices_under_test()) {
    LinearRegression<T> model({.fit_intercept = false, .solver = LeastSquaresSolver::svd}, fitted_on);
    model.fit(this->data_.x, this->data_.y);
    Ridge<T> ridge({.alpha_per_target = {2, 3}}, fitted_on);
    ridge.fit(this->data_.x, this->data_.y);
    for (const Device& device : forja::testing::devices_under_test()) {
      SCOPED_TRACE(fitted_on.name() + " to " + device.name());
      const auto other = loaded<LinearRegression<T>>(saved(model), device);
      EXPECT_EQ(other.get_params(), model.get_params());
      EXPECT_EQ(other.coef(), model.coef());
      EXPECT_EQ(other.intercept(), model.intercept());
      EXPECT_EQ(other.rank(), model.rank());
      EXPECT_EQ(other.singular_values(), model.singular_values());
      EXPECT_EQ(other.condition(), model.condition());
      EXPECT_EQ(other.backward_error(), model.backward_error());
      EXPECT_EQ(other.solver_used(), model.solver_used());
      EXPECT_EQ(other.n_features_in(), 3);
      const auto again = loaded<Ridge<T>>(saved(ridge), device);
      EXPECT_EQ(again.options().alpha_per_target, ridge.options().alpha_per_target);
      EXPECT_EQ(again.coef(), ridge.coef());
      EXPECT_EQ(again.solver_used(), ridge.solver_used());
      EXPECT_EQ(again.backward_error(), ridge.backward_error());
      Ridge<T> descended({.solver = LeastSquaresSolver::gradient, .max_iter = 5}, fitted_on);
      descended.fit(this->data_.x, this->data_.y);
      const auto resumed = loaded<Ridge<T>>(saved(descended), device);
      EXPECT_EQ(resumed.coef(), descended.coef());
      EXPECT_EQ(resumed.solver_used(), LeastSquaresSolver::gradient);
      EXPECT_EQ(resumed.gradient_norm(), descended.gradient_norm());
      EXPECT_EQ(resumed.n_iter(), descended.n_iter());
      EXPECT_EQ(resumed.converged(), descended.converged());
      const Matrix<T> expected = ridge.predict_targets(this->data_.x);
      const Matrix<T> found = again.predict_targets(this->data_.x);
      for (std::size_t i = 0; i < expected.values().size(); ++i) {
        // Sums in double in another order, then a rounding to T.
        EXPECT_NEAR(found.values()[i], expected.values()[i], 4 * std::numeric_limits<T>::epsilon() * 8);
      }
    }
  }
}

TYPED_TEST(LinearFileOf, cross_validation_comes_back_with_its_scores) {
  using T = TypeParam;
  for (const Device& device : forja::testing::devices_under_test()) {
    RidgeCV<T> model({.alphas = {300, 0.5, 2}, .cv = 3, .fit_intercept = false}, device);
    model.fit(this->data_.x, this->data_.y);
    EXPECT_NE(model.alpha(), 300);
    const auto other = loaded<RidgeCV<T>>(saved(model), device);
    EXPECT_EQ(other.get_params(), model.get_params());
    EXPECT_EQ(other.options().alphas, model.options().alphas);
    EXPECT_EQ(other.alpha(), model.alpha());
    EXPECT_EQ(other.best_score(), model.best_score());
    EXPECT_EQ(other.cv_scores(), model.cv_scores());
    EXPECT_EQ(other.coef(), model.coef());
    EXPECT_EQ(other.backward_error(), model.backward_error());
    EXPECT_EQ(other.predict_targets(this->data_.x), model.predict_targets(this->data_.x));
    EXPECT_THROW(loaded<Ridge<T>>(saved(model)), forja::ModelFormatError);
  }
}

TYPED_TEST(LinearFileOf, sparse_models_come_back_with_their_certificates) {
  using T = TypeParam;
  const std::vector<T> y = this->first_target();
  for (const Device& device : forja::testing::devices_under_test()) {
    Lasso<T> lasso({.alpha = 0.1, .max_iter = 77}, device);
    lasso.fit(this->data_.x, y);
    const auto other = loaded<Lasso<T>>(saved(lasso), device);
    EXPECT_EQ(other.get_params(), lasso.get_params());
    EXPECT_EQ(other.coef(), lasso.coef());
    EXPECT_EQ(other.intercept(), lasso.intercept());
    EXPECT_EQ(other.n_iter(), lasso.n_iter());
    EXPECT_EQ(other.converged(), lasso.converged());
    EXPECT_EQ(other.dual_gap(), lasso.dual_gap());
    EXPECT_EQ(other.predict(this->data_.x), lasso.predict(this->data_.x));
    ElasticNet<T> net({.alpha = 0.1, .l1_ratio = 0.3}, device);
    net.fit(this->data_.x, y);
    EXPECT_EQ(loaded<ElasticNet<T>>(saved(net)).coef(), net.coef());
    EXPECT_THROW(loaded<Lasso<T>>(saved(net)), forja::ModelFormatError);
  }
}

TYPED_TEST(LinearFileOf, files_are_written_and_read_by_path) {
  using T = TypeParam;
  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) / (sizeof(T) == 4 ? "linear_f.forja" : "linear_d.forja");
  Ridge<T> model({}, Device::cpu());
  EXPECT_THROW(model.save(path), forja::NotFitted);
  EXPECT_FALSE(std::filesystem::exists(path));
  model.fit(this->data_.x, this->data_.y).save(path);
  EXPECT_EQ(Ridge<T>::load(path, Device::cpu()).coef(), model.coef());
  std::filesystem::remove(path);
  EXPECT_THROW(Ridge<T>::load(path, Device::cpu()), forja::DataError);
  EXPECT_THROW(model.save(path / "no_such_folder"), forja::DataError);
}

TYPED_TEST(LinearFileOf, another_kind_or_type_is_refused_by_name) {
  using T = TypeParam;
  using Other = std::conditional_t<std::is_same_v<T, float>, double, float>;
  Ridge<T> model({}, Device::cpu());
  const std::string bytes = saved(model.fit(this->data_.x, this->data_.y));
  EXPECT_THROW(loaded<Ridge<Other>>(bytes), forja::ModelFormatError);
  EXPECT_THROW(loaded<LinearRegression<T>>(bytes), forja::ModelFormatError);
}

/// Cuts and flips a saved model everywhere: it is refused, or it predicts.
template <class Model, class T>
void expect_no_crash(const std::string& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(loaded<Model>(bytes.substr(0, size)), forja::ModelFormatError) << size;
  }
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      try {
        const auto other = loaded<Model>(damaged);
        const Matrix<T> row(1, other.n_features_in());
        EXPECT_EQ(other.predict_targets(row).columns(), other.n_targets());
      } catch (const forja::ModelFormatError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TYPED_TEST(LinearFileOf, damaged_files_are_refused_or_give_a_model_that_predicts) {
  using T = TypeParam;
  LinearRegression<T> model({.solver = LeastSquaresSolver::svd}, Device::cpu());
  expect_no_crash<LinearRegression<T>, T>(saved(model.fit(this->data_.x, this->data_.y)));
  Ridge<T> ridge({.alpha_per_target = {1, 2}}, Device::cpu());
  expect_no_crash<Ridge<T>, T>(saved(ridge.fit(this->data_.x, this->data_.y)));
  RidgeCV<T> chosen({.cv = 2}, Device::cpu());
  expect_no_crash<RidgeCV<T>, T>(saved(chosen.fit(this->data_.x, this->data_.y)));
  Lasso<T> lasso({.alpha = 0.1}, Device::cpu());
  expect_no_crash<Lasso<T>, T>(saved(lasso.fit(this->data_.x, this->first_target())));
}

}  // namespace
