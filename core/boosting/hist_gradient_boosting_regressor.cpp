#include <string_view>
#include <utility>

#include "boosting/boosting_fit.h"
#include "boosting/boosting_params.h"
#include "estimator/input_checks.h"
#include "forja/boosting.h"
#include "forja/error.h"
#include "forja/metrics.h"
#include "formulas/portable_math.h"

namespace forja {
namespace {

using formulas::BoostingLossKind;

formulas::BoostingLoss loss_of(const HistGradientBoostingRegressorOptions& options) {
  switch (options.loss) {
    case BoostingRegressionLoss::absolute_error:
      return {BoostingLossKind::absolute_error, 0};
    case BoostingRegressionLoss::huber:
      return {BoostingLossKind::huber, options.huber_delta};
    case BoostingRegressionLoss::quantile:
      return {BoostingLossKind::quantile, options.quantile};
    case BoostingRegressionLoss::poisson:
      return {BoostingLossKind::poisson, 0};
    case BoostingRegressionLoss::gamma:
      return {BoostingLossKind::gamma, 0};
    case BoostingRegressionLoss::tweedie:
      return {BoostingLossKind::tweedie, options.tweedie_power};
    default:
      return {BoostingLossKind::squared_error, 0};
  }
}

core::BoostingMetric metric_of(BoostingRegressionScoring scoring) {
  switch (scoring) {
    case BoostingRegressionScoring::r2:
      return core::BoostingMetric::r2;
    case BoostingRegressionScoring::neg_mean_squared_error:
      return core::BoostingMetric::neg_mean_squared_error;
    case BoostingRegressionScoring::neg_mean_absolute_error:
      return core::BoostingMetric::neg_mean_absolute_error;
    default:
      return core::BoostingMetric::loss;
  }
}

template <class T>
T prediction(double score, bool exponential) {
  return static_cast<T>(exponential ? formulas::portable_exp(score) : score);
}

}  // namespace

template <class T>
HistGradientBoostingRegressor<T>::HistGradientBoostingRegressor(HistGradientBoostingRegressorOptions options,
                                                                Device device)
    : HistGradientBoosting<T>("HistGradientBoostingRegressor", device), options_(std::move(options)) {}

template <class T>
HistGradientBoostingRegressor<T>& HistGradientBoostingRegressor<T>::fit(const Rows<T>& x, std::span<const T> y,
                                                                        std::span<const T> sample_weight,
                                                                        Observer* observer) {
  return fit_source({&x, nullptr}, y, sample_weight, observer);
}

template <class T>
HistGradientBoostingRegressor<T>& HistGradientBoostingRegressor<T>::fit(const BinnedMatrix<T>& x, std::span<const T> y,
                                                                        std::span<const T> sample_weight,
                                                                        Observer* observer) {
  return fit_source({nullptr, &x}, y, sample_weight, observer);
}

template <class T>
HistGradientBoostingRegressor<T>& HistGradientBoostingRegressor<T>::fit_source(const core::BoostingSource<T>& x,
                                                                               std::span<const T> y,
                                                                               std::span<const T> sample_weight,
                                                                               Observer* observer) {
  constexpr std::string_view kCall = "HistGradientBoostingRegressor::fit";
  core::boosting_regressor_params().check(kCall, options_);
  core::check_source(kCall, x, this->device());
  core::check_sample_weight(kCall, sample_weight, x.size());
  core::BoostingSettings settings = core::boosting_settings(kCall, options_, x.size(), x.columns());
  if (settings.objective == nullptr) settings.loss = loss_of(options_);
  if (settings.loss.kind == BoostingLossKind::absolute_error) settings.trees.leaf_quantile = 0.5;
  if (settings.loss.kind == BoostingLossKind::quantile) settings.trees.leaf_quantile = options_.quantile;
  settings.metric = metric_of(options_.scoring);
  core::BoostingRows rows = core::regression_rows(kCall, settings.loss, y, sample_weight, x.size());
  const bool exponential = core::is_exponential(settings.loss.kind);
  const auto& before = this->fitted_or_nothing();
  core::BoostingFit found = core::fit_boosting<T>(
      kCall, std::move(settings), {options_.max_bins, options_.categorical_features}, x, std::move(rows), {},
      {before.forest.get(), before.train_score, before.validation_score}, this->device(), observer);
  this->set_fitted(core::fitted_state<T, typename HistGradientBoosting<T>::Fitted>(std::move(found)));
  exponential_ = exponential;
  return *this;
}

template <class T>
std::vector<T> HistGradientBoostingRegressor<T>::predictions(const Matrix<double>& scores) const {
  std::vector<T> found;
  found.reserve(scores.values().size());
  for (const double score : scores.values()) found.push_back(prediction<T>(score, exponential_));
  return found;
}

template <class T>
std::vector<T> HistGradientBoostingRegressor<T>::predict(const Rows<T>& x) const {
  return predictions(this->raw_scores("predict", x));
}

template <class T>
T HistGradientBoostingRegressor<T>::predict(std::span<const T> row) const {
  double score = 0;
  this->raw_scores("predict", row, [&score](std::int64_t, double found) { score = found; });
  return prediction<T>(score, exponential_);
}

template <class T>
void HistGradientBoostingRegressor<T>::staged_predict(
    const Rows<T>& x, const std::function<void(std::int64_t, std::span<const T>)>& take) const {
  this->staged_scores("staged_predict", x,
                      [&](std::int64_t round, const Matrix<double>& scores) { take(round, predictions(scores)); });
}

template <class T>
double HistGradientBoostingRegressor<T>::score(const Rows<T>& x, std::span<const T> y,
                                               std::span<const T> sample_weight) const {
  return r2_score(y, std::span<const T>(predictions(this->raw_scores("score", x))), sample_weight);
}

template <class T>
Params HistGradientBoostingRegressor<T>::get_params() const {
  return core::boosting_regressor_params().get(options_);
}

template <class T>
HistGradientBoostingRegressor<T>& HistGradientBoostingRegressor<T>::set_params(const Params& params) {
  core::boosting_regressor_params().set("HistGradientBoostingRegressor::set_params", options_, params);
  return *this;
}

template class HistGradientBoostingRegressor<float>;
template class HistGradientBoostingRegressor<double>;

}  // namespace forja
