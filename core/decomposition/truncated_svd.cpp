#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compute/backend.h"
#include "decomposition/component_count.h"
#include "decomposition/decomposition_file.h"
#include "decomposition/leading_svd.h"
#include "decomposition/pca_params.h"
#include "estimator/input_checks.h"
#include "estimator/model_files.h"
#include "forja/error.h"
#include "forja/svd.h"

namespace forja {

template <class T>
TruncatedSVD<T>::TruncatedSVD(TruncatedSVDOptions options, Device device) : options_(options), device_(device) {}

// Variances come from centred rows: of a mean far from 0 nothing would be left after a subtraction.
template <class T>
TruncatedSVD<T>& TruncatedSVD<T>::fit(const Rows<T>& x) {
  constexpr const char* kCall = "TruncatedSVD::fit";
  core::truncated_svd_params().check(kCall, options_);
  core::check_rows(kCall, x, device_);
  core::check_components(kCall, options_.n_components, options_.svd_solver, x.rows(), x.columns());
  const auto& families = core::families<T>(device_);
  core::SvdOutcome found = core::leading_svd(*families.make_decomposition(core::place(device_), x, false),
                                             {options_.n_components, options_.svd_solver, options_.iterated_power,
                                              options_.tol, options_.n_oversamples, options_.seed});
  State next;
  next.components = std::move(found.components);
  next.public_components = Matrix<T>(next.components.view());
  next.singular_values = std::move(found.singular_values);
  next.solver = found.solver;
  next.residual = found.residual;
  next.n_iter = found.n_iter;
  next.converged = found.converged;
  const auto centred = families.make_decomposition(core::place(device_), x, true);
  const double total = centred->total_square();
  const Matrix<double> image = centred->gram_times(next.components.view());
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
  Matrix<double> w(v.columns(), v.rows());
  for (std::int64_t j = 0; j < w.rows(); ++j) {
    for (std::int64_t c = 0; c < w.columns(); ++c) w(j, c) = v(c, j);
  }
  Matrix<T> result(x.rows(), w.columns());
  core::families<T>(device_)
      .make_affine_map(core::place(device_), std::vector<double>(static_cast<std::size_t>(w.rows())), w.view(),
                       std::vector<double>(static_cast<std::size_t>(w.columns())))
      ->apply(x, result.view());
  return result;
}

template <class T>
Matrix<T> TruncatedSVD<T>::inverse_transform(const Rows<T>& z) const {
  const Matrix<double>& v = fitted("inverse_transform").components;
  core::check_new_rows("TruncatedSVD::inverse_transform", z, device_, v.rows());
  Matrix<T> result(z.rows(), v.columns());
  core::families<T>(device_)
      .make_affine_map(core::place(device_), std::vector<double>(static_cast<std::size_t>(v.rows())), v.view(),
                       std::vector<double>(static_cast<std::size_t>(v.columns())))
      ->apply(z, result.view());
  return result;
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

template <class T>
void TruncatedSVD<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  nlohmann::json document = core::model_document("TruncatedSVD", core::type_name<T>(), get_params());
  document["state"] = {{"components", core::matrix_document(state.components)},
                       {"singular_values", core::array_document<double>(state.singular_values)},
                       {"explained_variance", core::array_document<double>(state.explained_variance)},
                       {"explained_variance_ratio", core::array_document<double>(state.explained_variance_ratio)},
                       {"svd_solver_used", core::solver_document(state.solver)},
                       {"residual", state.residual},
                       {"n_iter", state.n_iter},
                       {"converged", state.converged}};
  core::write_model("TruncatedSVD::save", out, document);
}

template <class T>
TruncatedSVD<T> TruncatedSVD<T>::load(std::istream& in, Device device) {
  const nlohmann::json document = core::read_model(in, "TruncatedSVD", core::type_name<T>());
  TruncatedSVD model(core::stored_options(document, core::truncated_svd_params()), device);
  const nlohmann::json& stored = document.at("state");
  State& state = model.state_;
  state.components = core::matrix_member<double>(stored, "components");
  core::require(!state.components.empty(), "\"components\" is empty");
  state.public_components = Matrix<T>(state.components.view());
  const std::int64_t k = state.components.rows();
  state.singular_values = core::amounts_member(stored, "singular_values", k);
  state.explained_variance = core::amounts_member(stored, "explained_variance", k);
  state.explained_variance_ratio = core::amounts_member(stored, "explained_variance_ratio", k);
  state.solver = core::solver_named(core::member(stored, "svd_solver_used"));
  state.residual = core::amount_member(stored, "residual");
  state.n_iter = core::integer_member(stored, "n_iter", 0);
  state.converged = core::flag_member(stored, "converged");
  return model;
}

FORJA_MODEL_FILES(TruncatedSVD, fitted)

template class TruncatedSVD<float>;
template class TruncatedSVD<double>;

}  // namespace forja
