#include "decomposition/component_normal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <numeric>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"

namespace forja::core {
namespace {

/// sum of f(variance_c) v_c v_c' over the components, f(noise) in all other directions.
Matrix<double> of_variances(const ComponentNormal& normal, const std::function<double(double)>& f) {
  const Matrix<double>& components = normal.components;
  const std::int64_t d = components.columns();
  const double elsewhere = components.rows() < d ? f(normal.noise) : 0;
  Matrix<double> result(d, d);
  for (std::int64_t c = 0; c < components.rows(); ++c) {
    const double weight = f(normal.variance[static_cast<std::size_t>(c)]) - elsewhere;
    for (std::int64_t i = 0; i < d; ++i) {
      const double left = weight * components(c, i);
      for (std::int64_t j = 0; j < d; ++j) result(i, j) += left * components(c, j);
    }
  }
  for (std::int64_t i = 0; i < d; ++i) result(i, i) += elsewhere;
  return result;
}

/// Throws InvalidArgument where not all directions have some.
void require_variance(std::string_view call, const ComponentNormal& normal) {
  const std::int64_t d = normal.components.columns();
  auto with = static_cast<std::int64_t>(
      std::count_if(normal.variance.begin(), normal.variance.end(), [](double value) { return value > 0; }));
  if (normal.noise > 0) with += d - normal.components.rows();
  if (with < d) {
    throw InvalidArgument(fmt::format("{}: {} of {} directions have no variance", call, d - with, d));
  }
}

}  // namespace

Matrix<double> covariance_of(const ComponentNormal& normal) {
  return of_variances(normal, [](double v) { return v; });
}

Matrix<double> precision_of(std::string_view call, const ComponentNormal& normal) {
  require_variance(call, normal);
  return of_variances(normal, [](double v) { return 1 / v; });
}

// Rows times the root of the precision: a square of lengths, without cancellation.
template <class T>
std::vector<double> log_likelihoods(std::string_view call, const Device& device, const Rows<T>& x,
                                    const ComponentNormal& normal) {
  const std::int64_t k = normal.components.rows();
  const std::int64_t d = normal.components.columns();
  check_new_rows(call, x, device, d);
  require_variance(call, normal);
  const Matrix<double> root = of_variances(normal, [](double v) { return 1 / std::sqrt(v); });
  Matrix<T> scaled(x.rows(), d);
  families<T>(device)
      .make_affine_map(place(device), normal.mean, root.view(), std::vector<double>(static_cast<std::size_t>(d)))
      ->apply(x, scaled.view());
  double log_determinant = k < d ? static_cast<double>(d - k) * std::log(normal.noise) : 0;
  for (const double variance : normal.variance) log_determinant += std::log(variance);
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

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

template std::vector<double> log_likelihoods(std::string_view, const Device&, const Rows<float>&,
                                             const ComponentNormal&);
template std::vector<double> log_likelihoods(std::string_view, const Device&, const Rows<double>&,
                                             const ComponentNormal&);

}  // namespace forja::core
