// Lasso, ElasticNet and their paths.

#include <algorithm>
#include <cmath>
#include <functional>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/linear.h"
#include "linear/linear_input.h"
#include "linear/linear_params.h"
#include "linear/sparse_solver.h"

namespace forja {
namespace {

/// start: coefficients to begin at, or empty.
template <class T>
core::SparseFit fit_once(const char* call, const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight,
                         const Device& device, bool fit_intercept, const core::SparseTask& task,
                         std::span<const double> start, Observer* observer) {
  core::check_training_data_but_values(call, x, y, sample_weight, device);
  core::Watch watch(observer, call);
  watch.begin_run(0, task.max_iter);
  const auto rows = core::families<T>(device).make_linear(core::place(device), x, y, sample_weight);
  core::SparseSolver<T> solver(call, *rows, fit_intercept, core::values_check(call, x, device));
  if (std::ssize(start) == x.columns()) solver.start_from(start);
  return solver.solve(task, watch);
}

Matrix<double> one_row(std::vector<double> coef) {
  const auto columns = static_cast<std::int64_t>(coef.size());
  return {1, columns, std::move(coef)};
}

}  // namespace

template <class T>
std::int64_t SparseLinearModel<T>::n_iter() const {
  this->check_fitted("n_iter");
  return report_.n_iter;
}

template <class T>
bool SparseLinearModel<T>::converged() const {
  this->check_fitted("converged");
  return report_.converged;
}

template <class T>
double SparseLinearModel<T>::dual_gap() const {
  this->check_fitted("dual_gap");
  return report_.dual_gap;
}

template <class T>
Lasso<T>::Lasso(LassoOptions options, Device device) : SparseLinearModel<T>("Lasso", device), options_(options) {}

template <class T>
Lasso<T>& Lasso<T>::fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight, Observer* observer) {
  constexpr const char* kCall = "Lasso::fit";
  core::lasso_params().check(kCall, options_);
  const std::span<const double> start =
      options_.warm_start && this->is_fitted() ? this->linear().coef.values() : std::span<const double>();
  core::SparseFit found = fit_once(kCall, x, core::one_target(y), sample_weight, this->device(), options_.fit_intercept,
                                   {options_.alpha, 1, options_.max_iter, options_.tol}, start, observer);
  this->set_linear(one_row(std::move(found.coef)), {found.intercept});
  this->report_ = {found.n_iter, found.converged, found.dual_gap};
  return *this;
}

template <class T>
Params Lasso<T>::get_params() const {
  return core::lasso_params().get(options_);
}

template <class T>
Lasso<T>& Lasso<T>::set_params(const Params& params) {
  core::lasso_params().set("Lasso::set_params", options_, params);
  return *this;
}

template <class T>
ElasticNet<T>::ElasticNet(ElasticNetOptions options, Device device)
    : SparseLinearModel<T>("ElasticNet", device), options_(options) {}

template <class T>
ElasticNet<T>& ElasticNet<T>::fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight,
                                  Observer* observer) {
  constexpr const char* kCall = "ElasticNet::fit";
  core::elastic_net_params().check(kCall, options_);
  const std::span<const double> start =
      options_.warm_start && this->is_fitted() ? this->linear().coef.values() : std::span<const double>();
  core::SparseFit found =
      fit_once(kCall, x, core::one_target(y), sample_weight, this->device(), options_.fit_intercept,
               {options_.alpha, options_.l1_ratio, options_.max_iter, options_.tol}, start, observer);
  this->set_linear(one_row(std::move(found.coef)), {found.intercept});
  this->report_ = {found.n_iter, found.converged, found.dual_gap};
  return *this;
}

template <class T>
Params ElasticNet<T>::get_params() const {
  return core::elastic_net_params().get(options_);
}

template <class T>
ElasticNet<T>& ElasticNet<T>::set_params(const Params& params) {
  core::elastic_net_params().set("ElasticNet::set_params", options_, params);
  return *this;
}

template <class T>
LinearPath<T> enet_path(const Rows<T>& x, std::span<const T> y, const PathOptions& options,
                        std::span<const T> sample_weight, Device device, Observer* observer) {
  constexpr const char* kCall = "enet_path";
  core::check_path_options(kCall, options);
  const MatrixView<const T> target = core::one_target(y);
  core::check_training_data_but_values(kCall, x, target, sample_weight, device);
  core::Watch watch(observer, kCall);
  const auto rows = core::families<T>(device).make_linear(core::place(device), x, target, sample_weight);
  core::SparseSolver<T> solver(kCall, *rows, options.fit_intercept, core::values_check(kCall, x, device));
  LinearPath<T> path;
  path.alphas = options.alphas;
  std::sort(path.alphas.begin(), path.alphas.end(), std::greater<>());
  if (path.alphas.empty()) {
    // Where nothing is to be explained any alpha leaves all coefficients zero.
    const double reached = solver.greatest_alpha(options.l1_ratio);
    const double greatest = reached > 0 ? reached : 1;
    for (std::int64_t i = 0; i < options.n_alphas; ++i) {
      const double part = options.n_alphas > 1 ? static_cast<double>(i) / static_cast<double>(options.n_alphas - 1) : 0;
      path.alphas.push_back(greatest * std::pow(options.eps, part));
    }
  }
  path.coefs = Matrix<T>(std::ssize(path.alphas), x.columns());
  for (std::int64_t i = 0; i < std::ssize(path.alphas); ++i) {
    watch.begin_run(i, options.max_iter);
    const core::SparseFit found = solver.solve(
        {path.alphas[static_cast<std::size_t>(i)], options.l1_ratio, options.max_iter, options.tol}, watch);
    for (std::int64_t j = 0; j < x.columns(); ++j) {
      path.coefs(i, j) = static_cast<T>(found.coef[static_cast<std::size_t>(j)]);
    }
    path.intercepts.push_back(static_cast<T>(found.intercept));
    path.dual_gaps.push_back(found.dual_gap);
    path.n_iters.push_back(found.n_iter);
    path.converged.push_back(found.converged ? 1 : 0);
  }
  return path;
}

#define FORJA_INSTANTIATE(T)                                                                                           \
  template class SparseLinearModel<T>;                                                                                 \
  template class Lasso<T>;                                                                                             \
  template class ElasticNet<T>;                                                                                        \
  template LinearPath<T> enet_path(const Rows<T>&, std::span<const T>, const PathOptions&, std::span<const T>, Device, \
                                   Observer*);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja
