#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/linear.h"
#include "linear/least_squares.h"
#include "linear/linear_input.h"
#include "linear/linear_params.h"
#include "linear/ridge_descent.h"

namespace forja {

template <class T>
Ridge<T>::Ridge(RidgeOptions options, Device device) : LinearModel<T>("Ridge", device), options_(std::move(options)) {}

template <class T>
Ridge<T>& Ridge<T>::fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight, Observer* observer) {
  return fit(x, core::one_target(y), sample_weight, observer);
}

template <class T>
Ridge<T>& Ridge<T>::fit(const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight, Observer* observer) {
  constexpr const char* kCall = "Ridge::fit";
  const Device device = this->device();
  core::check_ridge_options(kCall, options_, y.columns());
  core::check_training_data_but_values(kCall, x, y, sample_weight, device);
  const auto rows = core::families<T>(device).make_linear(core::place(device), x, y, sample_weight);
  core::LeastSquaresTask task{options_.alpha_per_target, options_.fit_intercept, options_.solver};
  task.alpha.resize(static_cast<std::size_t>(y.columns()), options_.alpha);
  const auto check_values = core::values_check(kCall, x, device);
  if (options_.solver == LeastSquaresSolver::gradient) {
    check_values();
    core::Watch watch(observer, kCall);
    watch.begin_run(0, options_.max_iter);
    // Values are sums in double.
    const core::LbfgsRules rules{.max_iter = options_.max_iter, .tol = options_.tol, .noise = 1e-15};
    core::RidgeDescent found = core::descend_ridge(kCall, *rows, task, rules, watch);
    this->set_linear(std::move(found.coef), found.intercept);
    report_ = {.rank = x.columns(), .solver_used = LeastSquaresSolver::gradient};
    descent_ = {found.end.n_iter, found.end.converged, found.end.gradient_norm};
    return *this;
  }
  core::LeastSquaresFit found = core::solve_least_squares(kCall, *rows, task, check_values);
  this->set_linear(std::move(found.coef), found.intercept);
  report_ = std::move(found.report);
  descent_ = {};
  return *this;
}

template <class T>
double Ridge<T>::backward_error() const {
  this->check_fitted("backward_error");
  if (report_.solver_used == LeastSquaresSolver::gradient) {
    throw InvalidArgument("Ridge::backward_error: solver = \"gradient\" has gradient_norm instead");
  }
  return report_.backward_error;
}

template <class T>
LeastSquaresSolver Ridge<T>::solver_used() const {
  this->check_fitted("solver_used");
  return report_.solver_used;
}

template <class T>
std::int64_t Ridge<T>::n_iter() const {
  this->check_fitted("n_iter");
  return descent_.n_iter;
}

template <class T>
bool Ridge<T>::converged() const {
  this->check_fitted("converged");
  return descent_.converged;
}

template <class T>
std::optional<double> Ridge<T>::gradient_norm() const {
  this->check_fitted("gradient_norm");
  return descent_.gradient_norm;
}

template <class T>
Params Ridge<T>::get_params() const {
  return core::ridge_params().get(options_);
}

template <class T>
Ridge<T>& Ridge<T>::set_params(const Params& params) {
  core::ridge_params().set("Ridge::set_params", options_, params);
  return *this;
}

template class Ridge<float>;
template class Ridge<double>;

}  // namespace forja
