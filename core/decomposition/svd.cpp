// Singular values as functions, and what is solved by them.

#include "forja/svd.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compute/backend.h"
#include "decomposition/component_count.h"
#include "decomposition/leading_svd.h"
#include "decomposition/pca_params.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "linear/linear_input.h"

namespace forja {
namespace {

template <class T>
Svd<T> decomposed(const Rows<T>& x, const core::SvdRequest& request, const Device& device) {
  const auto rows = core::families<T>(device).make_decomposition(core::place(device), x, false);
  core::SvdOutcome found = core::leading_svd(*rows, request);
  return {rows->left_vectors(found.components.view()), std::move(found.singular_values),
          Matrix<T>(found.components.view())};
}

/// Throws InvalidArgument where rcond is given and no number from 0 to 1.
void check_rcond(const char* call, std::optional<double> rcond) {
  if (rcond && !(*rcond >= 0 && *rcond <= 1)) {
    throw InvalidArgument(fmt::format("{}: rcond = {} but it must be a number from 0 to 1", call, *rcond));
  }
}

/// How many of the values, descending, count.
template <class T>
std::int64_t rank_of(const std::vector<double>& values, std::optional<double> rcond, const Rows<T>& x) {
  const double share = rcond.value_or(static_cast<double>(std::max(x.rows(), x.columns())) *
                                      static_cast<double>(std::numeric_limits<T>::epsilon()));
  return std::count_if(values.begin(), values.end(), [&](double v) { return v > share * values.front(); });
}

}  // namespace

template <class T>
Svd<T> svd(const Rows<T>& x, Device device) {
  core::check_rows("svd", x, device);
  return decomposed(x, {.solver = SvdSolver::full}, device);
}

template <class T>
Svd<T> randomized_svd(const Rows<T>& x, std::int64_t n_components, const RandomizedSvdOptions& options, Device device) {
  constexpr const char* kCall = "randomized_svd";
  core::randomized_svd_params().check(kCall, options);
  core::check_rows(kCall, x, device);
  if (n_components < 1) {
    throw InvalidArgument(
        fmt::format("{}: n_components = {} but it must be an integer of at least 1", kCall, n_components));
  }
  core::check_components(kCall, n_components, SvdSolver::randomized, x.rows(), x.columns());
  return decomposed(
      x,
      {n_components, SvdSolver::randomized, options.iterated_power, options.tol, options.n_oversamples, options.seed},
      device);
}

// v diag(1 / s) u', as the transpose of u times the rest.
template <class T>
Matrix<T> pinv(const Rows<T>& x, std::optional<double> rcond, Device device) {
  check_rcond("pinv", rcond);
  core::check_rows("pinv", x, device);
  const Svd<T> found = decomposed(x, {.solver = SvdSolver::full}, device);
  const std::int64_t rank = rank_of(found.singular_values, rcond, x);
  Matrix<double> w(found.u.columns(), x.columns());
  for (std::int64_t c = 0; c < rank; ++c) {
    for (std::int64_t j = 0; j < w.columns(); ++j) {
      w(c, j) = static_cast<double>(found.vt(c, j)) / found.singular_values[static_cast<std::size_t>(c)];
    }
  }
  Matrix<T> turned(x.rows(), x.columns());
  core::families<T>(device)
      .make_affine_map(core::place(device), std::vector<double>(static_cast<std::size_t>(w.rows())), w.view(),
                       std::vector<double>(static_cast<std::size_t>(w.columns())))
      ->apply(found.u, turned.view());
  Matrix<T> result(x.columns(), x.rows());
  for (std::int64_t i = 0; i < turned.rows(); ++i) {
    for (std::int64_t j = 0; j < turned.columns(); ++j) result(j, i) = turned(i, j);
  }
  return result;
}

template <class T>
Lstsq<T> lstsq(const Rows<T>& x, MatrixView<const T> y, std::optional<double> rcond, Device device) {
  constexpr const char* kCall = "lstsq";
  check_rcond(kCall, rcond);
  core::check_rows(kCall, x, device);
  core::check_targets(kCall, y, x.rows());
  const auto rows = core::families<T>(device).make_linear(core::place(device), x, y, {});
  compute::SingularSystem system = rows->svd(false);
  Lstsq<T> result;
  result.rank = rank_of(system.values, rcond, x);
  Matrix<double> coef(y.columns(), x.columns());
  for (std::int64_t t = 0; t < coef.rows(); ++t) {
    for (std::int64_t c = 0; c < result.rank; ++c) {
      const double along = system.projections(c, t) / system.values[static_cast<std::size_t>(c)];
      for (std::int64_t j = 0; j < coef.columns(); ++j) coef(t, j) += along * system.vectors(c, j);
    }
  }
  result.residual_squares =
      rows->residuals(coef.view(), std::vector<double>(static_cast<std::size_t>(coef.rows()))).sum_squares;
  result.singular_values = std::move(system.values);
  result.solution = Matrix<T>(x.columns(), y.columns());
  for (std::int64_t t = 0; t < coef.rows(); ++t) {
    for (std::int64_t j = 0; j < coef.columns(); ++j) result.solution(j, t) = static_cast<T>(coef(t, j));
  }
  return result;
}

template Svd<float> svd(const Rows<float>&, Device);
template Svd<double> svd(const Rows<double>&, Device);
template Svd<float> randomized_svd(const Rows<float>&, std::int64_t, const RandomizedSvdOptions&, Device);
template Svd<double> randomized_svd(const Rows<double>&, std::int64_t, const RandomizedSvdOptions&, Device);
template Matrix<float> pinv(const Rows<float>&, std::optional<double>, Device);
template Matrix<double> pinv(const Rows<double>&, std::optional<double>, Device);
template Lstsq<float> lstsq(const Rows<float>&, MatrixView<const float>, std::optional<double>, Device);
template Lstsq<double> lstsq(const Rows<double>&, MatrixView<const double>, std::optional<double>, Device);

}  // namespace forja
