#include "forja/incremental_pca.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "decomposition/component_count.h"
#include "decomposition/component_normal.h"
#include "decomposition/leading_svd.h"
#include "decomposition/pca_params.h"
#include "decomposition/projection.h"
#include "estimator/host_rows.h"
#include "estimator/input_checks.h"
#include "forja/error.h"

namespace forja {
namespace {

/// The factor of the rows so far, the batch minus its mean, and what the means' difference adds.
template <class T>
Matrix<double> joined(const Matrix<double>& components, const std::vector<double>& values, MatrixView<const T> batch,
                      const std::vector<double>& batch_mean, const std::vector<double>& difference) {
  const std::int64_t k = components.rows();
  Matrix<double> rows(k + batch.rows() + (difference.empty() ? 0 : 1), batch.columns());
  for (std::int64_t c = 0; c < k; ++c) {
    for (std::int64_t j = 0; j < rows.columns(); ++j)
      rows(c, j) = values[static_cast<std::size_t>(c)] * components(c, j);
  }
  for (std::int64_t i = 0; i < batch.rows(); ++i) {
    for (std::int64_t j = 0; j < rows.columns(); ++j) {
      rows(k + i, j) = static_cast<double>(batch(i, j)) - batch_mean[static_cast<std::size_t>(j)];
    }
  }
  if (!difference.empty()) std::copy(difference.begin(), difference.end(), rows.row(rows.rows() - 1).begin());
  return rows;
}

}  // namespace

template <class T>
IncrementalPCA<T>::IncrementalPCA(IncrementalPCAOptions options, Device device) : options_(options), device_(device) {}

template <class T>
typename IncrementalPCA<T>::State IncrementalPCA<T>::learned(const State& before, MatrixView<const T> batch) const {
  const auto rows = core::families<T>(device_).make_decomposition(core::place(device_), Rows<T>(batch), true);
  const std::vector<double>& batch_mean = rows->mean();
  const auto old = static_cast<double>(before.n_samples);
  const auto more = static_cast<double>(batch.rows());
  State next;
  next.n_samples = before.n_samples + batch.rows();
  next.total_square = before.total_square + rows->total_square();
  next.mean = batch_mean;
  std::vector<double> difference;
  if (before.n_samples > 0) {
    const double weight = std::sqrt(old * more / (old + more));
    for (std::size_t j = 0; j < batch_mean.size(); ++j) {
      const double apart = before.mean[j] - batch_mean[j];
      next.mean[j] = batch_mean[j] + apart * (old / (old + more));
      difference.push_back(weight * apart);
      next.total_square += difference.back() * difference.back();
    }
  }
  const Matrix<double> stack = joined(before.components, before.singular_values, batch, batch_mean, difference);
  const std::int64_t least = std::min(stack.rows(), stack.columns());
  const std::int64_t k = before.n_samples > 0 ? before.components.rows() : options_.n_components.value_or(least);
  const auto all = core::families<double>(device_).make_decomposition(core::place(device_), Rows<double>(stack), false);
  const SvdSolver solver = core::choose_solver(SvdSolver::automatic, stack.rows(), stack.columns(), {});
  core::SvdOutcome found = core::leading_svd(*all, {.n_components = k, .solver = solver});
  next.components = std::move(found.components);
  next.public_components = Matrix<T>(next.components.view());
  next.singular_values = std::move(found.singular_values);
  const double degrees = std::max(old + more - 1, 1.0);
  double kept = 0;
  for (const double value : next.singular_values) {
    const double square = value * value;
    kept += square;
    next.explained_variance.push_back(square / degrees);
    next.explained_variance_ratio.push_back(next.total_square > 0 ? square / next.total_square : 0);
  }
  if (least > k) {
    next.noise_variance = std::max(found.total_square - kept, 0.0) / degrees / static_cast<double>(least - k);
  }
  return next;
}

template <class T>
IncrementalPCA<T>& IncrementalPCA<T>::fit(const Rows<T>& x) {
  constexpr const char* kCall = "IncrementalPCA::fit";
  core::incremental_pca_params().check(kCall, options_);
  core::check_rows(kCall, x, device_);
  const core::HostRows<T> host(x);
  const MatrixView<const T> rows = host.view();
  const std::int64_t size = options_.batch_size.value_or(5 * rows.columns());
  const std::int64_t least = options_.n_components.value_or(1);
  State next;
  for (std::int64_t first = 0; first < rows.rows();) {
    const std::int64_t left = rows.rows() - first;
    const std::int64_t count = left < size || left - size < least ? left : size;
    if (first == 0 && options_.n_components) {
      core::check_components(kCall, *options_.n_components, SvdSolver::automatic, count, rows.columns());
    }
    next = learned(next, rows.middle_rows(first, count));
    first += count;
  }
  state_ = std::move(next);
  return *this;
}

template <class T>
IncrementalPCA<T>& IncrementalPCA<T>::partial_fit(const Rows<T>& x) {
  constexpr const char* kCall = "IncrementalPCA::partial_fit";
  core::incremental_pca_params().check(kCall, options_);
  core::check_rows(kCall, x, device_);
  if (is_fitted()) {
    core::check_columns(kCall, x.columns(), state_.components.columns());
  } else if (options_.n_components) {
    core::check_components(kCall, *options_.n_components, SvdSolver::automatic, x.rows(), x.columns());
  }
  state_ = learned(state_, core::HostRows<T>(x).view());
  return *this;
}

template <class T>
Matrix<T> IncrementalPCA<T>::fit_transform(const Rows<T>& x) {
  return fit(x).transform(x);
}

template <class T>
const typename IncrementalPCA<T>::State& IncrementalPCA<T>::fitted(const char* what) const {
  if (!is_fitted()) throw NotFitted(fmt::format("IncrementalPCA::{}: call fit first", what));
  return state_;
}

template <class T>
Matrix<T> IncrementalPCA<T>::transform(const Rows<T>& x) const {
  const State& state = fitted("transform");
  core::check_new_rows("IncrementalPCA::transform", x, device_, state.components.columns());
  return core::project(device_, x, state.mean, state.components,
                       core::component_units(options_.whiten, state.explained_variance));
}

template <class T>
Matrix<T> IncrementalPCA<T>::inverse_transform(const Rows<T>& z) const {
  const State& state = fitted("inverse_transform");
  core::check_new_rows("IncrementalPCA::inverse_transform", z, device_, state.components.rows());
  return core::unproject(device_, z, state.mean, state.components,
                         core::component_units(options_.whiten, state.explained_variance));
}

template <class T>
std::vector<double> IncrementalPCA<T>::score_samples(const Rows<T>& x) const {
  const auto normal = core::normal_of(fitted("score_samples"));
  return core::log_likelihoods("IncrementalPCA::score_samples", device_, x, normal);
}

template <class T>
double IncrementalPCA<T>::score(const Rows<T>& x) const {
  const auto normal = core::normal_of(fitted("score"));
  return core::mean_of(core::log_likelihoods("IncrementalPCA::score", device_, x, normal));
}

template <class T>
Matrix<double> IncrementalPCA<T>::get_covariance() const {
  return core::covariance_of(core::normal_of(fitted("get_covariance")));
}

template <class T>
Matrix<double> IncrementalPCA<T>::get_precision() const {
  return core::precision_of("IncrementalPCA::get_precision", core::normal_of(fitted("get_precision")));
}

template <class T>
const Matrix<T>& IncrementalPCA<T>::components() const {
  return fitted("components").public_components;
}

template <class T>
const std::vector<double>& IncrementalPCA<T>::explained_variance() const {
  return fitted("explained_variance").explained_variance;
}

template <class T>
const std::vector<double>& IncrementalPCA<T>::explained_variance_ratio() const {
  return fitted("explained_variance_ratio").explained_variance_ratio;
}

template <class T>
const std::vector<double>& IncrementalPCA<T>::singular_values() const {
  return fitted("singular_values").singular_values;
}

template <class T>
const std::vector<double>& IncrementalPCA<T>::mean() const {
  return fitted("mean").mean;
}

template <class T>
double IncrementalPCA<T>::noise_variance() const {
  return fitted("noise_variance").noise_variance;
}

template <class T>
std::int64_t IncrementalPCA<T>::n_components() const {
  return fitted("n_components").components.rows();
}

template <class T>
std::int64_t IncrementalPCA<T>::n_features_in() const {
  return fitted("n_features_in").components.columns();
}

template <class T>
std::int64_t IncrementalPCA<T>::n_samples_seen() const {
  return fitted("n_samples_seen").n_samples;
}

template <class T>
Params IncrementalPCA<T>::get_params() const {
  return core::incremental_pca_params().get(options_);
}

template <class T>
IncrementalPCA<T>& IncrementalPCA<T>::set_params(const Params& params) {
  core::incremental_pca_params().set("IncrementalPCA::set_params", options_, params);
  return *this;
}

template class IncrementalPCA<float>;
template class IncrementalPCA<double>;

}  // namespace forja
