#include <fmt/format.h>

#include <algorithm>

#include "compute/backend.h"
#include "decomposition/component_count.h"
#include "decomposition/component_normal.h"
#include "decomposition/leading_svd.h"
#include "decomposition/pca_params.h"
#include "decomposition/projection.h"
#include "estimator/input_checks.h"
#include "forja/decomposition.h"

namespace forja {

template <class T>
PCA<T>::PCA(PCAOptions options, Device device) : options_(options), device_(device) {}

template <class T>
PCA<T>& PCA<T>::fit(const Rows<T>& x) {
  constexpr const char* kCall = "PCA::fit";
  core::pca_params().check(kCall, options_);
  core::check_rows(kCall, x, device_);
  core::check_components(kCall, options_.n_components, options_.svd_solver, x.rows(), x.columns());

  const auto rows = core::families<T>(device_).make_decomposition(core::place(device_), x, true);
  core::SvdOutcome found =
      core::leading_svd(*rows, {options_.n_components, options_.svd_solver, options_.iterated_power, options_.tol,
                                options_.n_oversamples, options_.seed});
  State next;
  next.n_samples = x.rows();
  next.mean = rows->mean();
  next.components = std::move(found.components);
  next.public_components = Matrix<T>(next.components.view());
  next.singular_values = std::move(found.singular_values);
  next.solver = found.solver;
  next.residual = found.residual;
  next.n_iter = found.n_iter;
  next.converged = found.converged;
  const double degrees = std::max(static_cast<double>(x.rows() - 1), 1.0);
  double kept = 0;
  for (const double value : next.singular_values) {
    const double square = value * value;
    kept += square;
    next.explained_variance.push_back(square / degrees);
    next.explained_variance_ratio.push_back(found.total_square > 0 ? square / found.total_square : 0);
  }
  const std::int64_t left_out = std::min(x.rows(), x.columns()) - next.components.rows();
  if (left_out > 0) {
    next.noise_variance = std::max(found.total_square - kept, 0.0) / degrees / static_cast<double>(left_out);
  }
  state_ = std::move(next);
  return *this;
}

template <class T>
Matrix<T> PCA<T>::fit_transform(const Rows<T>& x) {
  return fit(x).transform(x);
}

template <class T>
const typename PCA<T>::State& PCA<T>::fitted(const char* what) const {
  if (!is_fitted()) throw NotFitted(fmt::format("PCA::{}: call fit first", what));
  return state_;
}

template <class T>
Matrix<T> PCA<T>::transform(const Rows<T>& x) const {
  const State& state = fitted("transform");
  core::check_new_rows("PCA::transform", x, device_, state.components.columns());
  return core::project(device_, x, state.mean, state.components,
                       core::component_units(options_.whiten, state.explained_variance));
}

template <class T>
Matrix<T> PCA<T>::inverse_transform(const Rows<T>& z) const {
  const State& state = fitted("inverse_transform");
  core::check_new_rows("PCA::inverse_transform", z, device_, state.components.rows());
  return core::unproject(device_, z, state.mean, state.components,
                         core::component_units(options_.whiten, state.explained_variance));
}

template <class T>
std::vector<double> PCA<T>::score_samples(const Rows<T>& x) const {
  const auto normal = core::normal_of(fitted("score_samples"));
  return core::log_likelihoods("PCA::score_samples", device_, x, normal);
}

template <class T>
double PCA<T>::score(const Rows<T>& x) const {
  const auto normal = core::normal_of(fitted("score"));
  return core::mean_of(core::log_likelihoods("PCA::score", device_, x, normal));
}

template <class T>
Matrix<double> PCA<T>::get_covariance() const {
  return core::covariance_of(core::normal_of(fitted("get_covariance")));
}

template <class T>
Matrix<double> PCA<T>::get_precision() const {
  return core::precision_of("PCA::get_precision", core::normal_of(fitted("get_precision")));
}

template <class T>
const Matrix<T>& PCA<T>::components() const {
  return fitted("components").public_components;
}

template <class T>
const std::vector<double>& PCA<T>::explained_variance() const {
  return fitted("explained_variance").explained_variance;
}

template <class T>
const std::vector<double>& PCA<T>::explained_variance_ratio() const {
  return fitted("explained_variance_ratio").explained_variance_ratio;
}

template <class T>
const std::vector<double>& PCA<T>::singular_values() const {
  return fitted("singular_values").singular_values;
}

template <class T>
const std::vector<double>& PCA<T>::mean() const {
  return fitted("mean").mean;
}

template <class T>
double PCA<T>::noise_variance() const {
  return fitted("noise_variance").noise_variance;
}

template <class T>
std::int64_t PCA<T>::n_components() const {
  return fitted("n_components").components.rows();
}

template <class T>
std::int64_t PCA<T>::n_features_in() const {
  return fitted("n_features_in").components.columns();
}

template <class T>
std::int64_t PCA<T>::n_samples() const {
  return fitted("n_samples").n_samples;
}

template <class T>
SvdSolver PCA<T>::svd_solver_used() const {
  return fitted("svd_solver_used").solver;
}

template <class T>
double PCA<T>::residual() const {
  return fitted("residual").residual;
}

template <class T>
std::int64_t PCA<T>::n_iter() const {
  return fitted("n_iter").n_iter;
}

template <class T>
bool PCA<T>::converged() const {
  return fitted("converged").converged;
}

template <class T>
Params PCA<T>::get_params() const {
  return core::pca_params().get(options_);
}

template <class T>
PCA<T>& PCA<T>::set_params(const Params& params) {
  core::pca_params().set("PCA::set_params", options_, params);
  return *this;
}

template class PCA<float>;
template class PCA<double>;

}  // namespace forja
