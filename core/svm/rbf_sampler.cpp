#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "compute/backend.h"
#include "data/random_normal.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/kernel_approximation.h"
#include "formulas/counter_random.h"
#include "svm/approximation_params.h"
#include "svm/kernel_choice.h"

namespace forja {
namespace {

enum SamplerStream : std::uint64_t { kSamplerWeights = 32, kSamplerOffset = 33 };

}  // namespace

template <class T>
const typename RBFSampler<T>::State& RBFSampler<T>::fitted(const char* what) const {
  if (!is_fitted()) throw NotFitted(fmt::format("RBFSampler::{}: call fit first", what));
  return state_;
}

template <class T>
RBFSampler<T>& RBFSampler<T>::fit(const Rows<T>& x) {
  constexpr std::string_view kCall = "RBFSampler::fit";
  core::rbf_sampler_params().check(kCall, options_);
  core::check_rows(kCall, x, device_);
  State state;
  state.gamma = core::gamma_of(options_.gamma, x);
  const std::int64_t k = options_.n_components;
  const double scale = std::sqrt(2 * state.gamma);
  state.weights = Matrix<T>(x.columns(), k);
  std::uint64_t number = 0;
  for (T& weight : state.weights.values()) {
    weight = static_cast<T>(scale * core::random_normal(options_.seed, kSamplerWeights, number++));
  }
  for (std::int64_t c = 0; c < k; ++c) {
    state.offset.push_back(2 * std::numbers::pi *
                           formulas::random_uniform(options_.seed, kSamplerOffset, static_cast<std::uint64_t>(c)));
  }
  state_ = std::move(state);
  return *this;
}

template <class T>
Matrix<T> RBFSampler<T>::transform(const Rows<T>& x) const {
  const State& own = fitted("transform");
  core::check_new_rows("RBFSampler::transform", x, device_, own.weights.rows());
  const Matrix<double> weights(own.weights.view());
  Matrix<T> out(x.rows(), own.weights.columns());
  core::families<T>(device_)
      .make_affine_map(core::place(device_), std::vector<double>(static_cast<std::size_t>(weights.rows())),
                       weights.view(), own.offset)
      ->apply(x, out.view());
  const auto scale = static_cast<T>(std::sqrt(2 / static_cast<double>(out.columns())));
  const std::int64_t rows = out.rows();
#pragma omp parallel for schedule(static) if (out.rows() * out.columns() > 100'000)
  for (std::int64_t i = 0; i < rows; ++i) {
    for (T& value : out.row(i)) value = scale * std::cos(value);
  }
  return out;
}

template <class T>
Matrix<T> RBFSampler<T>::fit_transform(const Rows<T>& x) {
  return fit(x).transform(x);
}

template <class T>
Params RBFSampler<T>::get_params() const {
  return core::rbf_sampler_params().get(options_);
}

template <class T>
RBFSampler<T>& RBFSampler<T>::set_params(const Params& params) {
  core::rbf_sampler_params().set("RBFSampler::set_params", options_, params);
  return *this;
}

template class RBFSampler<float>;
template class RBFSampler<double>;

}  // namespace forja
