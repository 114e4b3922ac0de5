// PCA as a normal distribution: variances along the components, noise in all other directions.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/decomposition.h"
#include "forja/error.h"

namespace forja {
namespace {

/// sum of f(variance_c) v_c v_c' over the components, f(noise) in all other directions.
Matrix<double> of_variances(const Matrix<double>& components, const std::vector<double>& variance, double noise,
                            const std::function<double(double)>& f) {
  const std::int64_t d = components.columns();
  const double elsewhere = components.rows() < d ? f(noise) : 0;
  Matrix<double> result(d, d);
  for (std::int64_t c = 0; c < components.rows(); ++c) {
    const double weight = f(variance[static_cast<std::size_t>(c)]) - elsewhere;
    for (std::int64_t i = 0; i < d; ++i) {
      const double left = weight * components(c, i);
      for (std::int64_t j = 0; j < d; ++j) result(i, j) += left * components(c, j);
    }
  }
  for (std::int64_t i = 0; i < d; ++i) result(i, i) += elsewhere;
  return result;
}

/// Throws InvalidArgument where not all directions have some.
void require_variance(const char* call, const Matrix<double>& components, const std::vector<double>& variance,
                      double noise) {
  const std::int64_t d = components.columns();
  auto with = static_cast<std::int64_t>(
      std::count_if(variance.begin(), variance.end(), [](double value) { return value > 0; }));
  if (noise > 0) with += d - components.rows();
  if (with < d) {
    throw InvalidArgument(fmt::format("{}: {} of {} directions have no variance", call, d - with, d));
  }
}

}  // namespace

template <class T>
Matrix<double> PCA<T>::get_covariance() const {
  const State& state = fitted("get_covariance");
  return of_variances(state.components, state.explained_variance, state.noise_variance, [](double v) { return v; });
}

template <class T>
Matrix<double> PCA<T>::get_precision() const {
  const State& state = fitted("get_precision");
  require_variance("PCA::get_precision", state.components, state.explained_variance, state.noise_variance);
  return of_variances(state.components, state.explained_variance, state.noise_variance, [](double v) { return 1 / v; });
}

// Rows times the root of the precision: a square of lengths, without cancellation.
template <class T>
std::vector<double> PCA<T>::score_samples(const Rows<T>& x) const {
  constexpr const char* kCall = "PCA::score_samples";
  const State& state = fitted("score_samples");
  const std::int64_t d = state.components.columns();
  core::check_new_rows(kCall, x, device_, d);
  require_variance(kCall, state.components, state.explained_variance, state.noise_variance);
  const Matrix<double> root = of_variances(state.components, state.explained_variance, state.noise_variance,
                                           [](double v) { return 1 / std::sqrt(v); });
  Matrix<T> scaled(x.rows(), d);
  core::families<T>(device_)
      .make_affine_map(core::place(device_), state.mean, root.view(), std::vector<double>(static_cast<std::size_t>(d)))
      ->apply(x, scaled.view());
  double log_determinant = static_cast<double>(d - state.components.rows()) *
                           (state.components.rows() < d ? std::log(state.noise_variance) : 0);
  for (const double variance : state.explained_variance) log_determinant += std::log(variance);
  const double constant = -(static_cast<double>(d) * std::log(2 * std::numbers::pi) + log_determinant) / 2;
  std::vector<double> scores;
  scores.reserve(static_cast<std::size_t>(x.rows()));
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    double square = 0;
    for (const T value : scaled.row(i)) square += static_cast<double>(value) * static_cast<double>(value);
    scores.push_back(constant - square / 2);
  }
  return scores;
}

template <class T>
double PCA<T>::score(const Rows<T>& x) const {
  fitted("score");
  const std::vector<double> scores = score_samples(x);
  return std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

template Matrix<double> PCA<float>::get_covariance() const;
template Matrix<double> PCA<double>::get_covariance() const;
template Matrix<double> PCA<float>::get_precision() const;
template Matrix<double> PCA<double>::get_precision() const;
template std::vector<double> PCA<float>::score_samples(const Rows<float>&) const;
template std::vector<double> PCA<double>::score_samples(const Rows<double>&) const;
template double PCA<float>::score(const Rows<float>&) const;
template double PCA<double>::score(const Rows<double>&) const;

}  // namespace forja
