#include "forja/random_projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <span>
#include <vector>

#include "decomposition/pca_params.h"
#include "decomposition/projection.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "formulas/counter_random.h"

namespace forja {
namespace {

/// Row c of the components has a stream of its own, so that rows are drawn in any order.
template <class T, class Draw>
Matrix<T> drawn(std::int64_t k, std::int64_t d, const Draw& draw) {
  Matrix<T> components(k, d);
#pragma omp parallel for schedule(static)
  for (std::int64_t c = 0; c < k; ++c) draw(static_cast<std::uint64_t>(c), components.row(c));
  return components;
}

/// Standard normal numbers times `scale`, both of each pair that Box and Muller (1958) give.
template <class T>
void fill_normal(std::uint64_t seed, std::uint64_t stream, double scale, std::span<T> out) {
  for (std::size_t i = 0; i < out.size(); i += 2) {
    const double length = scale * std::sqrt(-2 * std::log1p(-formulas::random_uniform(seed, stream, i)));
    const double angle = 2 * std::numbers::pi * formulas::random_uniform(seed, stream, i + 1);
    out[i] = static_cast<T>(length * std::cos(angle));
    if (i + 1 < out.size()) out[i + 1] = static_cast<T>(length * std::sin(angle));
  }
}

template <class T>
void fill_signs(std::uint64_t seed, std::uint64_t stream, double density, T size, std::span<T> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double u = formulas::random_uniform(seed, stream, i);
    if (u < density) out[i] = u < density / 2 ? size : -size;
  }
}

/// The components by their entries that are not 0, where these are so few that a product with them alone costs less
/// than one with all; else nothing.
template <class T>
std::optional<compute::SparseRows<T>> sparse_rows_of(const Matrix<T>& components) {
  constexpr std::int64_t kWorthwhile = 8;  // a dense product's operations cost about an eighth each
  const auto entries = components.values();
  const auto filled =
      static_cast<std::int64_t>(std::count_if(entries.begin(), entries.end(), [](T v) { return v != 0; }));
  if (filled > std::ssize(entries) / kWorthwhile) return std::nullopt;
  if (components.columns() > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  compute::SparseRows<T> sparse{.width = components.columns()};
  sparse.columns.reserve(static_cast<std::size_t>(filled));
  sparse.values.reserve(static_cast<std::size_t>(filled));
  for (std::int64_t c = 0; c < components.rows(); ++c) {
    for (std::int64_t j = 0; j < components.columns(); ++j) {
      if (components(c, j) == 0) continue;
      sparse.columns.push_back(static_cast<std::int32_t>(j));
      sparse.values.push_back(components(c, j));
    }
    sparse.starts.push_back(std::ssize(sparse.values));
  }
  return sparse;
}

}  // namespace

std::int64_t johnson_lindenstrauss_min_dim(std::int64_t n_samples, double eps) {
  constexpr const char* kCall = "johnson_lindenstrauss_min_dim";
  if (n_samples < 1) {
    throw InvalidArgument(fmt::format("{}: n_samples = {} but it must be an integer of at least 1", kCall, n_samples));
  }
  if (!(eps > 0 && eps < 1)) {
    throw InvalidArgument(fmt::format("{}: eps = {} but it must be a number between 0 and 1", kCall, eps));
  }
  const double denominator = eps * eps / 2 - eps * eps * eps / 3;
  return static_cast<std::int64_t>(4 * std::log(static_cast<double>(n_samples)) / denominator);
}

template <class T>
std::string RandomProjection<T>::call(std::string_view what) const {
  return fmt::format("{}::{}", name_, what);
}

template <class T>
void RandomProjection<T>::check_fitted(std::string_view what) const {
  if (!is_fitted()) throw NotFitted(call(what) + ": call fit first");
}

template <class T>
std::int64_t RandomProjection<T>::checked_count(const Rows<T>& x, std::optional<std::int64_t> n_components,
                                                double eps) const {
  core::check_rows(call("fit"), x, device_);
  if (n_components) return *n_components;
  const std::int64_t count = johnson_lindenstrauss_min_dim(x.rows(), eps);
  if (count < 1 || count > x.columns()) {
    throw InvalidArgument(fmt::format("{}: eps = {} asks for {} components of {} rows but x has {} columns",
                                      call("fit"), eps, count, x.rows(), x.columns()));
  }
  return count;
}

template <class T>
Matrix<T> RandomProjection<T>::transform(const Rows<T>& x) const {
  check_fitted("transform");
  core::check_new_rows(call("transform"), x, device_, n_features_in());
  if (const auto sparse = sparse_rows_of(components_)) {
    Matrix<T> result(x.rows(), components_.rows());
    core::families<T>(device_).make_sparse_map(core::place(device_), *sparse)->apply(x, result.view());
    return result;
  }
  return core::project(device_, x, std::vector<double>(static_cast<std::size_t>(n_features_in())),
                       Matrix<double>(components_.view()),
                       std::vector<double>(static_cast<std::size_t>(components_.rows()), 1.0));
}

template <class T>
const Matrix<T>& RandomProjection<T>::components() const {
  check_fitted("components");
  return components_;
}

template <class T>
std::int64_t RandomProjection<T>::n_components() const {
  check_fitted("n_components");
  return components_.rows();
}

template <class T>
std::int64_t RandomProjection<T>::n_features_in() const {
  check_fitted("n_features_in");
  return components_.columns();
}

template <class T>
GaussianRandomProjection<T>::GaussianRandomProjection(GaussianRandomProjectionOptions options, Device device)
    : RandomProjection<T>("GaussianRandomProjection", device), options_(options) {}

template <class T>
GaussianRandomProjection<T>& GaussianRandomProjection<T>::fit(const Rows<T>& x) {
  core::gaussian_projection_params().check(this->call("fit"), options_);
  const std::int64_t k = this->checked_count(x, options_.n_components, options_.eps);
  const double scale = std::sqrt(1 / static_cast<double>(k));
  this->components_ = drawn<T>(
      k, x.columns(), [&](std::uint64_t row, std::span<T> out) { fill_normal<T>(options_.seed, row, scale, out); });
  return *this;
}

template <class T>
Matrix<T> GaussianRandomProjection<T>::fit_transform(const Rows<T>& x) {
  return fit(x).transform(x);
}

template <class T>
Params GaussianRandomProjection<T>::get_params() const {
  return core::gaussian_projection_params().get(options_);
}

template <class T>
GaussianRandomProjection<T>& GaussianRandomProjection<T>::set_params(const Params& params) {
  core::gaussian_projection_params().set("GaussianRandomProjection::set_params", options_, params);
  return *this;
}

template <class T>
SparseRandomProjection<T>::SparseRandomProjection(SparseRandomProjectionOptions options, Device device)
    : RandomProjection<T>("SparseRandomProjection", device), options_(options) {}

template <class T>
SparseRandomProjection<T>& SparseRandomProjection<T>::fit(const Rows<T>& x) {
  core::sparse_projection_params().check(this->call("fit"), options_);
  const std::int64_t k = this->checked_count(x, options_.n_components, options_.eps);
  const double density = options_.density.value_or(1 / std::sqrt(static_cast<double>(x.columns())));
  const auto size = static_cast<T>(std::sqrt(1 / (density * static_cast<double>(k))));
  this->components_ = drawn<T>(k, x.columns(), [&](std::uint64_t row, std::span<T> out) {
    fill_signs<T>(options_.seed, row, density, size, out);
  });
  density_ = density;
  return *this;
}

template <class T>
Matrix<T> SparseRandomProjection<T>::fit_transform(const Rows<T>& x) {
  return fit(x).transform(x);
}

template <class T>
double SparseRandomProjection<T>::density() const {
  this->check_fitted("density");
  return density_;
}

template <class T>
Params SparseRandomProjection<T>::get_params() const {
  return core::sparse_projection_params().get(options_);
}

template <class T>
SparseRandomProjection<T>& SparseRandomProjection<T>::set_params(const Params& params) {
  core::sparse_projection_params().set("SparseRandomProjection::set_params", options_, params);
  return *this;
}

template class RandomProjection<float>;
template class RandomProjection<double>;
template class GaussianRandomProjection<float>;
template class GaussianRandomProjection<double>;
template class SparseRandomProjection<float>;
template class SparseRandomProjection<double>;

}  // namespace forja
