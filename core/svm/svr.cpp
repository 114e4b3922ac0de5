// SVR, NuSVR and OneClassSVM: one problem each.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "forja/error.h"
#include "forja/metrics.h"
#include "forja/svm.h"
#include "linear/linear_input.h"
#include "svm/fit_parts.h"
#include "svm/svm_params.h"

namespace forja {
namespace {

/// The rows of positive weight, and their weights.
struct WeightedRows {
  std::vector<std::int64_t> rows;
  std::vector<double> weight;
  double total = 0;
};

template <class T>
WeightedRows weighted_rows(std::string_view call, std::int64_t n, std::span<const T> sample_weight) {
  if (core::check_sample_weight(call, sample_weight, n) == 0) {
    throw InvalidArgument(fmt::format("{}: all {} rows weigh 0", call, n));
  }
  WeightedRows found;
  for (std::int64_t i = 0; i < n; ++i) {
    const double weight = sample_weight.empty() ? 1 : static_cast<double>(sample_weight[static_cast<std::size_t>(i)]);
    if (!(weight > 0)) continue;
    found.rows.push_back(i);
    found.weight.push_back(weight);
    found.total += weight;
  }
  return found;
}

template <class T>
compute::SvmProblem tube_problem(const WeightedRows& rows, std::span<const T> y, double C, double epsilon) {
  compute::SvmProblem problem;
  problem.rows = rows.rows;
  problem.epsilon = epsilon;
  for (std::size_t v = 0; v < rows.rows.size(); ++v) {
    problem.linear.push_back(-static_cast<double>(y[static_cast<std::size_t>(rows.rows[v])]));
    problem.lower.push_back(-C * rows.weight[v]);
    problem.upper.push_back(C * rows.weight[v]);
  }
  return problem;
}

/// Two multipliers for each row, one for errors above the tube and one for errors below, each kind of a fixed sum.
template <class T>
compute::SvmProblem nu_tube_problem(const WeightedRows& rows, std::span<const T> y, double C, double nu) {
  compute::SvmProblem problem;
  problem.first_group = std::ssize(rows.rows);
  for (const double sign : {1.0, -1.0}) {
    double sum = C * nu * rows.total / 2;
    for (std::size_t v = 0; v < rows.rows.size(); ++v) {
      const double most = C * rows.weight[v];
      const double start = std::min(most, sum);
      sum -= start;
      problem.rows.push_back(rows.rows[v]);
      problem.linear.push_back(-static_cast<double>(y[static_cast<std::size_t>(rows.rows[v])]));
      problem.lower.push_back(sign > 0 ? 0 : -most);
      problem.upper.push_back(sign > 0 ? most : 0);
      problem.start.push_back(sign * start);
    }
  }
  return problem;
}

compute::SvmProblem one_class_problem(const WeightedRows& rows, double nu) {
  compute::SvmProblem problem;
  problem.rows = rows.rows;
  double sum = nu * rows.total;
  for (const double weight : rows.weight) {
    const double start = std::min(weight, sum);
    sum -= start;
    problem.linear.push_back(0);
    problem.lower.push_back(0);
    problem.upper.push_back(weight);
    problem.start.push_back(start);
  }
  return problem;
}

}  // namespace

template <class T>
std::vector<T> KernelRegressor<T>::predict(const Rows<T>& x) const {
  const Matrix<T> found = this->decisions("predict", x);
  return {found.values().begin(), found.values().end()};
}

template <class T>
double KernelRegressor<T>::score(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight) const {
  this->fitted("score");
  core::check_targets(this->call("score"), core::one_target(y), x.rows());
  core::check_sample_weight(this->call("score"), sample_weight, x.rows());
  return r2_score(y, std::span<const T>(predict(x)), sample_weight);
}

template <class T>
SVR<T>::SVR(SVROptions options, Device device) : KernelRegressor<T>("SVR", device), options_(options) {}

template <class T>
SVR<T>& SVR<T>::fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "SVR::fit";
  core::svr_params().check(kCall, options_);
  core::check_training_data(kCall, x, core::one_target(y), sample_weight, this->device());
  const core::KernelChoice kernel = core::kernel_choice(kCall, options_, x);
  const WeightedRows rows = weighted_rows(kCall, x.rows(), sample_weight);
  const compute::SvmProblem problem = tube_problem(rows, y, options_.C, options_.epsilon);
  const core::SvmEnd end = core::solve_one(kCall, options_, kernel, x, this->device(), problem, observer);
  typename KernelMachine<T>::Fitted fitted;
  core::set_single(fitted, kernel, x, problem.rows, end.b, end);
  this->set_fitted(std::move(fitted));
  return *this;
}

template <class T>
Params SVR<T>::get_params() const {
  return core::svr_params().get(options_);
}

template <class T>
SVR<T>& SVR<T>::set_params(const Params& params) {
  core::svr_params().set("SVR::set_params", options_, params);
  return *this;
}

template <class T>
NuSVR<T>::NuSVR(NuSVROptions options, Device device) : KernelRegressor<T>("NuSVR", device), options_(options) {}

template <class T>
NuSVR<T>& NuSVR<T>::fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "NuSVR::fit";
  core::nu_svr_params().check(kCall, options_);
  core::check_training_data(kCall, x, core::one_target(y), sample_weight, this->device());
  const core::KernelChoice kernel = core::kernel_choice(kCall, options_, x);
  const WeightedRows rows = weighted_rows(kCall, x.rows(), sample_weight);
  const compute::SvmProblem problem = nu_tube_problem(rows, y, options_.C, options_.nu);
  const core::SvmEnd end = core::solve_one(kCall, options_, kernel, x, this->device(), problem, observer);
  std::vector<double> b(end.b.begin(), end.b.begin() + problem.first_group);
  for (std::size_t v = 0; v < b.size(); ++v) b[v] += end.b[v + b.size()];
  typename KernelMachine<T>::Fitted fitted;
  core::set_single(fitted, kernel, x, rows.rows, b, end);
  this->set_fitted(std::move(fitted));
  return *this;
}

template <class T>
Params NuSVR<T>::get_params() const {
  return core::nu_svr_params().get(options_);
}

template <class T>
NuSVR<T>& NuSVR<T>::set_params(const Params& params) {
  core::nu_svr_params().set("NuSVR::set_params", options_, params);
  return *this;
}

template <class T>
OneClassSVM<T>::OneClassSVM(OneClassSVMOptions options, Device device)
    : KernelMachine<T>("OneClassSVM", device), options_(options) {}

template <class T>
OneClassSVM<T>& OneClassSVM<T>::fit(const Rows<T>& x, std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "OneClassSVM::fit";
  core::one_class_svm_params().check(kCall, options_);
  core::check_rows(kCall, x, this->device());
  const core::KernelChoice kernel = core::kernel_choice(kCall, options_, x);
  const WeightedRows rows = weighted_rows(kCall, x.rows(), sample_weight);
  const compute::SvmProblem problem = one_class_problem(rows, options_.nu);
  const core::SvmEnd end = core::solve_one(kCall, options_, kernel, x, this->device(), problem, observer);
  typename KernelMachine<T>::Fitted fitted;
  core::set_single(fitted, kernel, x, problem.rows, end.b, end);
  this->set_fitted(std::move(fitted));
  return *this;
}

template <class T>
std::vector<T> OneClassSVM<T>::decision_function(const Rows<T>& x) const {
  const Matrix<T> found = this->decisions("decision_function", x);
  return {found.values().begin(), found.values().end()};
}

template <class T>
std::vector<std::int32_t> OneClassSVM<T>::predict(const Rows<T>& x) const {
  const Matrix<T> found = this->decisions("predict", x);
  std::vector<std::int32_t> labels;
  for (const T decision : found.values()) labels.push_back(decision > 0 ? 1 : -1);
  return labels;
}

template <class T>
Params OneClassSVM<T>::get_params() const {
  return core::one_class_svm_params().get(options_);
}

template <class T>
OneClassSVM<T>& OneClassSVM<T>::set_params(const Params& params) {
  core::one_class_svm_params().set("OneClassSVM::set_params", options_, params);
  return *this;
}

template class KernelRegressor<float>;
template class KernelRegressor<double>;
template class SVR<float>;
template class SVR<double>;
template class NuSVR<float>;
template class NuSVR<double>;
template class OneClassSVM<float>;
template class OneClassSVM<double>;

}  // namespace forja
