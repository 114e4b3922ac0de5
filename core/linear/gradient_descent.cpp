#include "forja/gradient_descent.h"

#include <fmt/format.h>

#include <utility>

#include "estimator/input_checks.h"
#include "forja/error.h"
#include "linear/class_input.h"
#include "linear/class_targets.h"
#include "linear/gradient_descent_fit.h"
#include "linear/gradient_descent_params.h"
#include "linear/linear_input.h"
#include "linear/sgd_reported.h"

namespace forja {
namespace {

void refuse_early_stopping(std::string_view call, const GradientDescentOptions& options) {
  if (options.early_stopping) throw InvalidArgument(fmt::format("{}: early_stopping needs all rows", call));
}

void refuse_class_weights(std::string_view call, const GradientDescentOptions& options) {
  if (options.class_weight == ClassWeight::uniform && options.class_weights.empty()) return;
  throw InvalidArgument(
      fmt::format("{}: {} but y has numbers, not classes", call,
                  options.class_weights.empty() ? "class_weight = \"balanced\"" : "class_weights are given"));
}

/// multinomial of a single output is log_loss.
SGDLoss loss_of(const GradientDescentOptions& options, std::int64_t outputs) {
  const SGDLoss loss = options.loss.value_or(SGDLoss::multinomial);
  return loss == SGDLoss::multinomial && outputs == 1 ? SGDLoss::log_loss : loss;
}

}  // namespace

template <class T>
GradientDescentRegressor<T>::GradientDescentRegressor(GradientDescentOptions options, Device device)
    : LinearModel<T>("GradientDescentRegressor", device), options_(std::move(options)) {}

template <class T>
GradientDescentRegressor<T>& GradientDescentRegressor<T>::learn(std::string_view call, std::int64_t epochs, bool resume,
                                                                bool whole, const Rows<T>& x, MatrixView<const T> y,
                                                                std::span<const T> sample_weight, Observer* observer) {
  const Device device = this->device();
  core::check_gradient_descent(call, core::gradient_descent_regressor_params(), options_);
  refuse_class_weights(call, options_);
  core::check_training_data(call, x, y, sample_weight, device);
  GradientDescentState state;
  if (resume && this->is_fitted()) {
    core::check_columns(call, x.columns(), this->n_features_in());
    if (y.columns() != this->n_targets()) {
      throw InvalidArgument(
          fmt::format("{}: y has {} columns but the model has {} targets", call, y.columns(), this->n_targets()));
    }
    state = state_;
  }
  const core::GradientDescentTask<T> task{
      call,   options_, options_.loss.value_or(SGDLoss::squared_error), y.columns(), {x, y, sample_weight}, {},
      epochs, whole};
  GradientDescentReport report = core::descend_whole(task, device, observer, state);
  core::LinearParts parts = core::linear_parts(state.model);
  this->set_linear(std::move(parts.coef), parts.intercept);
  report_ = report;
  state_ = std::move(state);
  return *this;
}

template <class T>
GradientDescentRegressor<T>& GradientDescentRegressor<T>::fit(const Rows<T>& x, std::span<const T> y,
                                                              std::span<const T> sample_weight, Observer* observer) {
  return fit(x, core::one_target(y), sample_weight, observer);
}

template <class T>
GradientDescentRegressor<T>& GradientDescentRegressor<T>::fit(const Rows<T>& x, MatrixView<const T> y,
                                                              std::span<const T> sample_weight, Observer* observer) {
  return learn("GradientDescentRegressor::fit", options_.max_iter, options_.warm_start, true, x, y, sample_weight,
               observer);
}

template <class T>
GradientDescentRegressor<T>& GradientDescentRegressor<T>::partial_fit(const Rows<T>& x, std::span<const T> y,
                                                                      std::span<const T> sample_weight) {
  constexpr std::string_view kCall = "GradientDescentRegressor::partial_fit";
  refuse_early_stopping(kCall, options_);
  return learn(kCall, 1, true, false, x, core::one_target(y), sample_weight, nullptr);
}

template <class T>
std::optional<double> GradientDescentRegressor<T>::validation_loss() const {
  this->check_fitted("validation_loss");
  return report_.validation_loss;
}

template <class T>
std::optional<double> GradientDescentRegressor<T>::gradient_norm() const {
  this->check_fitted("gradient_norm");
  return report_.gradient_norm;
}

template <class T>
GradientDescentClassifier<T>::GradientDescentClassifier(GradientDescentOptions options, Device device)
    : LinearClassifier<T>("GradientDescentClassifier", device), options_(std::move(options)) {}

template <class T>
GradientDescentClassifier<T>& GradientDescentClassifier<T>::learn(
    std::string_view call, std::int64_t epochs, bool resume, bool whole, std::span<const std::int32_t> given,
    const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight, Observer* observer) {
  const Device device = this->device();
  core::check_gradient_descent(call, core::gradient_descent_classifier_params(), options_);
  core::check_classes(call, x, y, sample_weight, device);
  GradientDescentState state;
  std::vector<std::int32_t> classes;
  if (resume && this->is_fitted()) {
    core::check_columns(call, x.columns(), this->n_features_in());
    classes = this->classes();
    state = state_;
  }
  classes = core::partial_classes(call, classes, given, y);
  const std::vector<std::int32_t> places = core::places_of(call, y, classes);
  const std::int64_t outputs = core::outputs_of(classes);
  const SGDLoss loss = loss_of(options_, outputs);
  const Matrix<T> targets = core::class_targets<T>(loss, places, outputs);
  const std::vector<T> weight =
      core::row_weights(sample_weight, places,
                        core::class_weights_of(call, options_.class_weight, options_.class_weights, places, classes));
  const core::GradientDescentTask<T> task{call, options_, loss, outputs, {x, targets, weight}, places, epochs, whole};
  GradientDescentReport report = core::descend_whole(task, device, observer, state);
  core::LinearParts parts = core::linear_parts(state.model);
  this->set_linear(std::move(classes), std::move(parts.coef), parts.intercept);
  report_ = report;
  state_ = std::move(state);
  return *this;
}

template <class T>
GradientDescentClassifier<T>& GradientDescentClassifier<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                                                std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "GradientDescentClassifier::fit";
  return learn(kCall, options_.max_iter, options_.warm_start, true, {}, x, y, sample_weight, observer);
}

template <class T>
GradientDescentClassifier<T>& GradientDescentClassifier<T>::partial_fit(const Rows<T>& x,
                                                                        std::span<const std::int32_t> y,
                                                                        std::span<const std::int32_t> classes,
                                                                        std::span<const T> sample_weight) {
  constexpr std::string_view kCall = "GradientDescentClassifier::partial_fit";
  refuse_early_stopping(kCall, options_);
  if (options_.class_weight == ClassWeight::balanced) {
    throw InvalidArgument(fmt::format("{}: class_weight = \"balanced\" needs all rows", kCall));
  }
  return learn(kCall, 1, true, false, classes, x, y, sample_weight, nullptr);
}

template <class T>
Matrix<T> GradientDescentClassifier<T>::predict_proba(const Rows<T>& x) const {
  this->check_fitted("predict_proba");
  const SGDLoss loss = loss_of(options_, this->coef().rows());
  core::check_probabilities(this->call("predict_proba"), loss, "multinomial, log_loss and modified_huber");
  return core::probabilities(loss, this->margins("predict_proba", x));
}

template <class T>
std::optional<double> GradientDescentClassifier<T>::validation_loss() const {
  this->check_fitted("validation_loss");
  return report_.validation_loss;
}

template <class T>
std::optional<double> GradientDescentClassifier<T>::gradient_norm() const {
  this->check_fitted("gradient_norm");
  return report_.gradient_norm;
}

FORJA_REPORTED(GradientDescentRegressor, core::gradient_descent_regressor_params(),
               "GradientDescentRegressor::set_params")
FORJA_REPORTED(GradientDescentClassifier, core::gradient_descent_classifier_params(),
               "GradientDescentClassifier::set_params")

}  // namespace forja
