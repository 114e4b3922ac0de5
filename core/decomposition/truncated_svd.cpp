#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compute/backend.h"
#include "decomposition/component_count.h"
#include "decomposition/leading_svd.h"
#include "decomposition/pca_params.h"
#include "decomposition/projection.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/svd.h"

namespace forja {

template <class T>
TruncatedSVD<T>::TruncatedSVD(TruncatedSVDOptions options, Device device) : options_(options), device_(device) {}

// Variances come from the same rows, then centred: of a mean far from 0 nothing would be left after a subtraction.
template <class T>
TruncatedSVD<T>& TruncatedSVD<T>::fit(const Rows<T>& x) {
  constexpr const char* kCall = "TruncatedSVD::fit";
  core::truncated_svd_params().check(kCall, options_);
  core::check_rows(kCall, x, device_);
  core::check_components(kCall, options_.n_components, options_.svd_solver, x.rows(), x.columns());
  const auto rows = core::families<T>(device_).make_decomposition(core::place(device_), x, false);
  core::SvdOutcome found =
      core::leading_svd(*rows, {options_.n_components, options_.svd_solver, options_.iterated_power, options_.tol,
                                options_.n_oversamples, options_.seed});
  State next;
  next.components = std::move(found.components);
  next.public_components = Matrix<T>(next.components.view());
  next.singular_values = std::move(found.singular_values);
  next.solver = found.solver;
  next.residual = found.residual;
  next.n_iter = found.n_iter;
  next.converged = found.converged;
  rows->centre();
  const double total = rows->total_square();
  const Matrix<double> image = rows->gram_times(next.components.view());
  for (std::int64_t c = 0; c < image.rows(); ++c) {
    const auto component = next.components.row(c);
    const double square =
        std::max(std::inner_product(component.begin(), component.end(), image.row(c).begin(), 0.0), 0.0);
    next.explained_variance.push_back(square / static_cast<double>(x.rows()));
    next.explained_variance_ratio.push_back(total > 0 ? square / total : 0);
  }
  state_ = std::move(next);
  return *this;
}

template <class T>
Matrix<T> TruncatedSVD<T>::fit_transform(const Rows<T>& x) {
  return fit(x).transform(x);
}

template <class T>
const typename TruncatedSVD<T>::State& TruncatedSVD<T>::fitted(const char* what) const {
  if (!is_fitted()) throw NotFitted(fmt::format("TruncatedSVD::{}: call fit first", what));
  return state_;
}

template <class T>
Matrix<T> TruncatedSVD<T>::transform(const Rows<T>& x) const {
  const Matrix<double>& v = fitted("transform").components;
  core::check_new_rows("TruncatedSVD::transform", x, device_, v.columns());
  return core::project(device_, x, std::vector<double>(static_cast<std::size_t>(v.columns())), v,
                       std::vector<double>(static_cast<std::size_t>(v.rows()), 1.0));
}

template <class T>
Matrix<T> TruncatedSVD<T>::inverse_transform(const Rows<T>& z) const {
  const Matrix<double>& v = fitted("inverse_transform").components;
  core::check_new_rows("TruncatedSVD::inverse_transform", z, device_, v.rows());
  return core::unproject(device_, z, std::vector<double>(static_cast<std::size_t>(v.columns())), v,
                         std::vector<double>(static_cast<std::size_t>(v.rows()), 1.0));
}

template <class T>
const Matrix<T>& TruncatedSVD<T>::components() const {
  return fitted("components").public_components;
}

template <class T>
const std::vector<double>& TruncatedSVD<T>::explained_variance() const {
  return fitted("explained_variance").explained_variance;
}

template <class T>
const std::vector<double>& TruncatedSVD<T>::explained_variance_ratio() const {
  return fitted("explained_variance_ratio").explained_variance_ratio;
}

template <class T>
const std::vector<double>& TruncatedSVD<T>::singular_values() const {
  return fitted("singular_values").singular_values;
}

template <class T>
std::int64_t TruncatedSVD<T>::n_features_in() const {
  return fitted("n_features_in").components.columns();
}

template <class T>
SvdSolver TruncatedSVD<T>::svd_solver_used() const {
  return fitted("svd_solver_used").solver;
}

template <class T>
double TruncatedSVD<T>::residual() const {
  return fitted("residual").residual;
}

template <class T>
std::int64_t TruncatedSVD<T>::n_iter() const {
  return fitted("n_iter").n_iter;
}

template <class T>
bool TruncatedSVD<T>::converged() const {
  return fitted("converged").converged;
}

template <class T>
Params TruncatedSVD<T>::get_params() const {
  return core::truncated_svd_params().get(options_);
}

template <class T>
TruncatedSVD<T>& TruncatedSVD<T>::set_params(const Params& params) {
  core::truncated_svd_params().set("TruncatedSVD::set_params", options_, params);
  return *this;
}

template class TruncatedSVD<float>;
template class TruncatedSVD<double>;

}  // namespace forja
