#include <fmt/format.h>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/linear.h"
#include "linear/least_squares.h"
#include "linear/linear_input.h"
#include "linear/linear_params.h"

namespace forja {

template <class T>
LinearRegression<T>::LinearRegression(LinearRegressionOptions options, Device device)
    : LinearModel<T>("LinearRegression", device), options_(options) {}

template <class T>
LinearRegression<T>& LinearRegression<T>::fit(const Rows<T>& x, std::span<const T> y,
                                              std::span<const T> sample_weight) {
  return fit(x, core::one_target(y), sample_weight);
}

template <class T>
LinearRegression<T>& LinearRegression<T>::fit(const Rows<T>& x, MatrixView<const T> y,
                                              std::span<const T> sample_weight) {
  constexpr const char* kCall = "LinearRegression::fit";
  const Device device = this->device();
  core::linear_regression_params().check(kCall, options_);
  core::check_training_data_but_values(kCall, x, y, sample_weight, device);
  const auto rows = core::families<T>(device).make_linear(core::place(device), x, y, sample_weight);
  core::LeastSquaresTask task{std::vector<double>(static_cast<std::size_t>(y.columns())), options_.fit_intercept,
                              options_.solver};
  core::LeastSquaresFit found = core::solve_least_squares(kCall, *rows, task, core::values_check(kCall, x, device));
  this->set_linear(std::move(found.coef), found.intercept);
  report_ = std::move(found.report);
  return *this;
}

template <class T>
const LeastSquaresReport& LinearRegression<T>::report(std::string_view what) const {
  this->check_fitted(what);
  return report_;
}

template <class T>
std::int64_t LinearRegression<T>::rank() const {
  return report("rank").rank;
}

template <class T>
const std::vector<double>& LinearRegression<T>::singular_values() const {
  return report("singular_values").singular_values;
}

template <class T>
double LinearRegression<T>::condition() const {
  return report("condition").condition;
}

template <class T>
double LinearRegression<T>::backward_error() const {
  return report("backward_error").backward_error;
}

template <class T>
LeastSquaresSolver LinearRegression<T>::solver_used() const {
  return report("solver_used").solver_used;
}

template <class T>
Params LinearRegression<T>::get_params() const {
  return core::linear_regression_params().get(options_);
}

template <class T>
LinearRegression<T>& LinearRegression<T>::set_params(const Params& params) {
  core::linear_regression_params().set("LinearRegression::set_params", options_, params);
  return *this;
}

template class LinearRegression<float>;
template class LinearRegression<double>;

}  // namespace forja
