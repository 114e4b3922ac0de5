#include <fmt/format.h>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/linear.h"
#include "linear/linear_input.h"
#include "linear/r_squared.h"

namespace forja {
template <class T>
std::string LinearModel<T>::call(std::string_view what) const {
  return fmt::format("{}::{}", name_, what);
}

template <class T>
void LinearModel<T>::check_fitted(std::string_view what) const {
  if (!is_fitted()) throw NotFitted(call(what) + ": call fit first");
}

template <class T>
void LinearModel<T>::set_linear(Matrix<double> coef, const std::vector<double>& intercept) {
  Linear next;
  next.public_coef = Matrix<T>(coef.view());
  for (const double value : intercept) next.public_intercept.push_back(static_cast<T>(value));
  next.coef = std::move(coef);
  next.intercept = intercept;
  linear_ = std::move(next);
}

template <class T>
std::vector<T> LinearModel<T>::predict(const Rows<T>& x) const {
  check_fitted("predict");
  if (n_targets() != 1) {
    throw InvalidArgument(
        fmt::format("{}: the model has {} targets: use predict_targets", call("predict"), n_targets()));
  }
  core::check_new_rows(call("predict"), x, device_, n_features_in());
  std::vector<T> out(static_cast<std::size_t>(x.rows()));
  core::families<T>(device_)
      .make_linear_predictor(core::place(device_), linear_.coef, linear_.intercept)
      ->predict(x, {out.data(), x.rows(), 1});
  return out;
}

template <class T>
Matrix<T> LinearModel<T>::predict_targets(const Rows<T>& x) const {
  check_fitted("predict_targets");
  core::check_new_rows(call("predict_targets"), x, device_, n_features_in());
  Matrix<T> out(x.rows(), n_targets());
  core::families<T>(device_)
      .make_linear_predictor(core::place(device_), linear_.coef, linear_.intercept)
      ->predict(x, out.view());
  return out;
}

template <class T>
double LinearModel<T>::score(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight) const {
  return score(x, core::one_target(y), sample_weight);
}

template <class T>
double LinearModel<T>::score(const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight) const {
  check_fitted("score");
  core::check_columns(call("score"), x.columns(), n_features_in());
  core::check_training_data(call("score"), x, y, sample_weight, device_);
  if (y.columns() != n_targets()) {
    throw InvalidArgument(
        fmt::format("{}: y has {} targets but the model was fitted with {}", call("score"), y.columns(), n_targets()));
  }
  const auto rows = core::families<T>(device_).make_linear(core::place(device_), x, y, sample_weight);
  const std::vector<double> unexplained = rows->residuals(linear_.coef, linear_.intercept).sum_squares;
  return core::mean_r_squared(unexplained, core::target_spreads(y, sample_weight, 0, y.rows()));
}

template <class T>
const Matrix<T>& LinearModel<T>::coef() const {
  check_fitted("coef");
  return linear_.public_coef;
}

template <class T>
const std::vector<T>& LinearModel<T>::intercept() const {
  check_fitted("intercept");
  return linear_.public_intercept;
}

template <class T>
std::int64_t LinearModel<T>::n_features_in() const {
  check_fitted("n_features_in");
  return linear_.coef.columns();
}

template <class T>
std::int64_t LinearModel<T>::n_targets() const {
  check_fitted("n_targets");
  return linear_.coef.rows();
}

template class LinearModel<float>;
template class LinearModel<double>;

}  // namespace forja
