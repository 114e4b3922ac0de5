#include "forja/logistic_regression.h"

#include <fmt/format.h>

#include <numeric>
#include <string_view>
#include <utility>

#include "forja/error.h"
#include "formulas/losses.h"
#include "linear/class_input.h"
#include "linear/logistic_fit.h"
#include "linear/logistic_params.h"

namespace forja {
namespace {

/// Throws InvalidArgument where the rows of a class weigh nothing; returns what all rows weigh.
template <class T>
double check_weights(std::string_view call, std::span<const std::int32_t> classes, std::span<const std::int32_t> places,
                     std::span<const T> weight) {
  std::vector<double> sums(classes.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    sums[static_cast<std::size_t>(places[i])] += weight.empty() ? 1 : static_cast<double>(weight[i]);
  }
  for (std::size_t c = 0; c < sums.size(); ++c) {
    if (!(sums[c] > 0)) throw InvalidArgument(fmt::format("{}: the rows of class {} weigh 0", call, classes[c]));
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace

template <class T>
LogisticRegression<T>::LogisticRegression(LogisticRegressionOptions options, Device device)
    : LinearClassifier<T>("LogisticRegression", device), options_(std::move(options)) {}

template <class T>
LogisticRegression<T>& LogisticRegression<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                                  std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "LogisticRegression::fit";
  core::check_logistic_options(kCall, options_);
  core::check_classes(kCall, x, y, sample_weight, this->device());
  std::vector<std::int32_t> classes = core::all_classes(kCall, y);
  const std::vector<std::int32_t> places = core::places_of(kCall, y, classes);
  const std::vector<T> row_weight =
      core::row_weights(sample_weight, places,
                        core::class_weights_of(kCall, options_.class_weight, options_.class_weights, places, classes));
  const double weight = check_weights<T>(kCall, classes, places, row_weight);
  const std::vector<T> targets(places.begin(), places.end());

  core::Watch watch(observer, kCall);
  watch.begin_run(0, options_.max_iter);
  core::LogisticFit found = core::fit_logistic<T>(options_, {x, targets, row_weight, weight, core::outputs_of(classes)},
                                                  this->device(), watch);
  this->set_linear(std::move(classes), std::move(found.coef), found.intercept);
  end_ = {found.end.gradient_norm, found.end.value, found.end.n_iter, found.end.converged};
  return *this;
}

template <class T>
const typename LogisticRegression<T>::End& LogisticRegression<T>::end(std::string_view what) const {
  this->check_fitted(what);
  return end_;
}

template <class T>
Matrix<T> LogisticRegression<T>::predict_proba(const Rows<T>& x) const {
  Matrix<T> found = this->margins("predict_proba", x);
  if (found.columns() > 1) {
    for (std::int64_t i = 0; i < found.rows(); ++i) formulas::softmax(found.row(i).data(), found.columns());
    return found;
  }
  Matrix<T> both(found.rows(), 2);
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    both(i, 0) = formulas::sigmoid(-found(i, 0));
    both(i, 1) = formulas::sigmoid(found(i, 0));
  }
  return both;
}

template <class T>
std::int64_t LogisticRegression<T>::n_iter() const {
  return end("n_iter").n_iter;
}

template <class T>
bool LogisticRegression<T>::converged() const {
  return end("converged").converged;
}

template <class T>
double LogisticRegression<T>::gradient_norm() const {
  return end("gradient_norm").gradient_norm;
}

template <class T>
double LogisticRegression<T>::loss() const {
  return end("loss").loss;
}

template <class T>
Params LogisticRegression<T>::get_params() const {
  return core::logistic_regression_params().get(options_);
}

template <class T>
LogisticRegression<T>& LogisticRegression<T>::set_params(const Params& params) {
  core::logistic_regression_params().set("LogisticRegression::set_params", options_, params);
  return *this;
}

template class LogisticRegression<float>;
template class LogisticRegression<double>;

}  // namespace forja
