#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compute/backend.h"
#include "data/random_order.h"
#include "estimator/host_rows.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/kernel_approximation.h"
#include "forja/model_selection.h"
#include "forja/svd.h"
#include "svm/approximation_params.h"
#include "svm/kernel_choice.h"

namespace forja {
namespace {

constexpr std::uint64_t kLandmarkStream = 34;

template <class T>
Matrix<T> landmark_kernel(const core::KernelChoice& kernel, const Rows<T>& x, const Matrix<T>& landmarks,
                          const Device& device) {
  Matrix<T> out(x.rows(), landmarks.rows());
  core::families<T>(device).kernel_matrix(core::place(device), kernel.function<T>(), x, landmarks, out.view());
  return out;
}

/// u s^(-1/2) v' of u s v'; values that T's rounding makes up count as 0.
template <class T>
Matrix<double> inverse_root(const Matrix<T>& kernel, const Device& device) {
  const Svd<double> found = svd<double>(Matrix<double>(kernel.view()), device);
  const std::int64_t k = kernel.rows();
  const double least =
      static_cast<double>(k) * static_cast<double>(std::numeric_limits<T>::epsilon()) * found.singular_values.front();
  Matrix<double> root(k, k);
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < k; ++i) {
    for (std::int64_t c = 0; c < k; ++c) {
      const double value = found.singular_values[static_cast<std::size_t>(c)];
      if (!(value > least)) continue;
      const double factor = found.u(i, c) / std::sqrt(value);
      for (std::int64_t j = 0; j < k; ++j) root(i, j) += factor * found.vt(c, j);
    }
  }
  return root;
}

}  // namespace

template <class T>
const typename Nystroem<T>::State& Nystroem<T>::fitted(const char* what) const {
  if (!is_fitted()) throw NotFitted(fmt::format("Nystroem::{}: call fit first", what));
  return state_;
}

template <class T>
Nystroem<T>& Nystroem<T>::fit(const Rows<T>& x) {
  constexpr std::string_view kCall = "Nystroem::fit";
  core::nystroem_params().check(kCall, options_);
  core::check_rows(kCall, x, device_);
  const std::int64_t k = options_.n_components;
  if (k > x.rows()) {
    throw InvalidArgument(fmt::format("{}: n_components = {} but x has {} rows", kCall, k, x.rows()));
  }
  const core::KernelChoice kernel = core::kernel_choice(kCall, options_, x);
  State state{kernel.kind, kernel.gamma, kernel.coef0, kernel.degree, {}, {}, {}};
  state.indices = core::random_order(x.rows(), options_.seed, kLandmarkStream);
  state.indices.resize(static_cast<std::size_t>(k));
  const core::HostRows<T> rows(x);
  state.components = take_rows(rows.view(), std::span<const std::int64_t>(state.indices));
  state.normalization = inverse_root(landmark_kernel<T>(kernel, state.components, state.components, device_), device_);
  state_ = std::move(state);
  return *this;
}

template <class T>
Matrix<T> Nystroem<T>::transform(const Rows<T>& x) const {
  const State& own = fitted("transform");
  core::check_new_rows("Nystroem::transform", x, device_, own.components.columns());
  const Matrix<T> kernel =
      landmark_kernel<T>({own.kernel, own.gamma, own.coef0, own.degree}, x, own.components, device_);
  const std::int64_t k = own.normalization.rows();
  Matrix<double> turned(k, k);
  for (std::int64_t i = 0; i < k; ++i) {
    for (std::int64_t j = 0; j < k; ++j) turned(j, i) = own.normalization(i, j);
  }
  const std::vector<double> nothing(static_cast<std::size_t>(k));
  Matrix<T> out(x.rows(), k);
  core::families<T>(device_)
      .make_affine_map(core::place(device_), nothing, turned.view(), nothing)
      ->apply(kernel, out.view());
  return out;
}

template <class T>
Matrix<T> Nystroem<T>::fit_transform(const Rows<T>& x) {
  return fit(x).transform(x);
}

template <class T>
Params Nystroem<T>::get_params() const {
  return core::nystroem_params().get(options_);
}

template <class T>
Nystroem<T>& Nystroem<T>::set_params(const Params& params) {
  core::nystroem_params().set("Nystroem::set_params", options_, params);
  return *this;
}

template class Nystroem<float>;
template class Nystroem<double>;

}  // namespace forja
