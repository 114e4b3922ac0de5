#include <fmt/format.h>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/sgd.h"
#include "linear/held_out.h"
#include "linear/linear_input.h"
#include "linear/sgd_driver.h"
#include "linear/sgd_params.h"
#include "linear/sgd_reported.h"

namespace forja {
namespace {

/// Goes on from `weights`; judged by R^2 on rows held out where the options say so.
template <class T>
SGDReport descend_numbers(std::string_view call, const SGDRegressorOptions& options, const core::SgdTask& task,
                          const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight,
                          const Device& device, SGDWeights& weights, const core::Watch& watch) {
  const auto run = [&](const core::DescentRows<T>& rows, const core::SgdScores& scores) {
    return core::descend_by_rows(call, task, rows, 1, device, scores, weights, watch);
  };
  if (!options.early_stopping) return run({x, core::one_target(y), sample_weight}, {});
  const core::HeldOut<T> held(x, sample_weight, options.validation_fraction, {}, options.seed);
  const std::vector<T> train = take_rows(y, held.rows.train);
  const std::vector<T> test = take_rows(y, held.rows.test);
  const auto judge = core::families<T>(device).make_linear(
      core::place(device), held.x_test, core::one_target(std::span<const T>(test)), held.weight_test);
  double mean = 0;
  double total = 0;
  const auto weight = [&](std::size_t i) {
    return held.weight_test.empty() ? 1.0 : static_cast<double>(held.weight_test[i]);
  };
  for (std::size_t i = 0; i < test.size(); ++i) {
    mean += weight(i) * static_cast<double>(test[i]);
    total += weight(i);
  }
  mean /= total > 0 ? total : 1;
  double spread = 0;
  for (std::size_t i = 0; i < test.size(); ++i) {
    const double apart = static_cast<double>(test[i]) - mean;
    spread += weight(i) * apart * apart;
  }
  return run({held.x_train, core::one_target(std::span<const T>(train)), held.weight_train},
             [&](const Matrix<double>& found) {
               const std::int64_t d = found.columns() - 1;
               const double left =
                   judge->residuals({found.data(), 1, d, d + 1}, found.row(0).subspan(static_cast<std::size_t>(d)))
                       .sum_squares[0];
               return std::vector<double>{spread > 0 ? 1 - left / spread : -left};
             });
}

}  // namespace

template <class T>
SGDRegressor<T>::SGDRegressor(SGDRegressorOptions options, Device device)
    : LinearModel<T>("SGDRegressor", device), options_(options) {}

template <class T>
SGDRegressor<T>& SGDRegressor<T>::fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight,
                                      Observer* observer) {
  constexpr std::string_view kCall = "SGDRegressor::fit";
  core::check_sgd_options(kCall, options_);
  core::check_training_data(kCall, x, core::one_target(y), sample_weight, this->device());
  core::Watch watch(observer, kCall);
  watch.begin_run(0, options_.max_iter);
  SGDWeights weights;
  const SGDReport report = descend_numbers(kCall, options_, core::SgdTask::from(options_), x, y, sample_weight,
                                           this->device(), weights, watch);
  core::LinearParts parts = core::linear_parts(core::chosen_weights(weights));
  this->set_linear(std::move(parts.coef), parts.intercept);
  report_ = report;
  weights_ = std::move(weights);
  return *this;
}

template <class T>
SGDRegressor<T>& SGDRegressor<T>::partial_fit(const Rows<T>& x, std::span<const T> y,
                                              std::span<const T> sample_weight) {
  constexpr std::string_view kCall = "SGDRegressor::partial_fit";
  core::check_sgd_options(kCall, options_);
  if (options_.early_stopping) throw InvalidArgument(fmt::format("{}: early_stopping needs all rows", kCall));
  core::check_training_data(kCall, x, core::one_target(y), sample_weight, this->device());
  if (this->is_fitted()) core::check_columns(kCall, x.columns(), this->n_features_in());
  core::SgdTask task = core::SgdTask::from(options_);
  task.max_iter = 1;
  task.tol = std::nullopt;
  SGDWeights weights = weights_;
  const SGDReport report =
      descend_numbers(kCall, options_, task, x, y, sample_weight, this->device(), weights, core::Watch(nullptr, kCall));
  core::LinearParts parts = core::linear_parts(core::chosen_weights(weights));
  this->set_linear(std::move(parts.coef), parts.intercept);
  report_ = report;
  weights_ = std::move(weights);
  return *this;
}

FORJA_REPORTED(SGDRegressor, core::sgd_regressor_params(), "SGDRegressor::set_params")

}  // namespace forja
