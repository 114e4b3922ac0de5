#include <fmt/format.h>

#include <cmath>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/linear.h"
#include "linear/linear_input.h"

namespace forja {
namespace {

/// Sum of weight (y - mean)^2 of each target.
template <class T>
std::vector<double> spreads(MatrixView<const T> y, std::span<const T> sample_weight) {
  std::vector<double> spread;
  const auto weight = [&](std::int64_t i) {
    return sample_weight.empty() ? 1.0 : static_cast<double>(sample_weight[static_cast<std::size_t>(i)]);
  };
  for (std::int64_t t = 0; t < y.columns(); ++t) {
    double total = 0;
    double sum = 0;
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      total += weight(i);
      sum += weight(i) * static_cast<double>(y(i, t));
    }
    double squares = 0;
    for (std::int64_t i = 0; i < y.rows(); ++i) {
      const double apart = static_cast<double>(y(i, t)) - sum / total;
      squares += weight(i) * apart * apart;
    }
    spread.push_back(squares);
  }
  return spread;
}

}  // namespace

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
  const std::vector<double> spread = spreads(y, sample_weight);
  double sum = 0;
  for (std::size_t t = 0; t < spread.size(); ++t) {
    sum += spread[t] > 0 ? 1 - unexplained[t] / spread[t] : unexplained[t] > 0 ? 0.0 : 1.0;
  }
  return sum / static_cast<double>(spread.size());
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
