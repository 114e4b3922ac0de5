#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "compute/backend.h"
#include "estimator/watch.h"
#include "forja/kmeans.h"
#include "kmeans/fitted_centers.h"
#include "kmeans/kmeans_input.h"
#include "kmeans/kmeans_params.h"
#include "kmeans/lloyd.h"
#include "kmeans/mini_batch.h"
#include "kmeans/random_streams.h"
#include "kmeans/seeding.h"

namespace forja {
namespace {

std::int64_t tries(const MiniBatchKMeansOptions& options) {
  if (options.init.method() == KMeansInit::Method::given) return 1;
  return options.n_init.value_or(options.init.method() == KMeansInit::Method::random ? 3 : 1);
}

std::int64_t sample_size(const MiniBatchKMeansOptions& options, std::int64_t batch_size) {
  return options.init_size.value_or(std::max(3 * batch_size, 3 * options.n_clusters));
}

/// The best of several first centres, judged by the inertia of the rows at hand.
template <class T>
Matrix<double> best_first_centers(compute::KMeansCompute<T>& rows, std::span<const T> sample_weight,
                                  const MiniBatchKMeansOptions& options) {
  Matrix<double> best;
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t run = 0; run < tries(options); ++run) {
    core::set_first_centers(rows, sample_weight, options.init, options.n_clusters, options.seed, run);
    const double inertia = tries(options) > 1 ? rows.assign().inertia : 0;
    if (run == 0 || inertia < least) {
      least = inertia;
      best = rows.centers();
    }
  }
  return best;
}

/// First centres from a sample of `size` different rows of positive weight, or from all rows when there are no more.
template <class T>
Matrix<double> first_centers(compute::KMeansCompute<T>& rows, std::span<const T> sample_weight,
                             const MiniBatchKMeansOptions& options, std::int64_t size, const Device& device) {
  if (options.init.method() == KMeansInit::Method::given) return options.init.centers();
  std::vector<std::int64_t> weighted;
  if (!sample_weight.empty()) {
    for (std::int64_t i = 0; i < rows.rows(); ++i) {
      if (sample_weight[static_cast<std::size_t>(i)] > 0) weighted.push_back(i);
    }
  }
  const std::int64_t candidates = sample_weight.empty() ? rows.rows() : std::ssize(weighted);
  if (size >= candidates) return best_first_centers(rows, sample_weight, options);

  std::vector<std::int64_t> chosen = core::sample_without_replacement(
      candidates, size, options.seed, core::chance_stream(core::Chance::init_sample, 0));
  std::vector<T> chosen_weight;
  if (!sample_weight.empty()) {
    for (std::int64_t& row : chosen) {
      row = weighted[static_cast<std::size_t>(row)];
      chosen_weight.push_back(sample_weight[static_cast<std::size_t>(row)]);
    }
  }
  const Matrix<T> sample = rows.take_rows(chosen);
  const auto sampled = core::families<T>(device).make_kmeans(core::place(device), sample, chosen_weight);
  return best_first_centers<T>(*sampled, chosen_weight, options);
}

/// Labels of all rows under the final centres.
template <class T, class State>
void finish(compute::KMeansCompute<T>& rows, State& state) {
  state.centers = rows.centers();
  state.public_centers = Matrix<T>(state.centers.view());
  rows.assign();
  state.inertia = rows.inertia();
  state.labels = rows.labels();
}

}  // namespace

template <class T>
MiniBatchKMeans<T>::MiniBatchKMeans(MiniBatchKMeansOptions options, Device device)
    : options_(std::move(options)), device_(device) {}

template <class T>
MiniBatchKMeans<T>& MiniBatchKMeans<T>::fit(const Rows<T>& x, std::span<const T> sample_weight, Observer* observer) {
  constexpr const char* kCall = "MiniBatchKMeans::fit";
  core::check_mini_batch_options(kCall, options_);
  core::check_training_rows(kCall, x, sample_weight, device_, options_.n_clusters);
  core::check_given_centers<T>(kCall, options_.init, options_.n_clusters, x.columns());

  core::Watch watch(observer, kCall);
  const auto rows = core::families<T>(device_).make_kmeans(core::place(device_), x, sample_weight);
  const std::int64_t n = x.rows();
  const std::int64_t batch = std::min(options_.batch_size, n);
  rows->set_centers(first_centers(*rows, sample_weight, options_, sample_size(options_, batch), device_).view());

  State next;
  next.n_features = x.columns();
  const std::int64_t most = core::most_steps(options_.max_iter, n, batch);
  watch.begin_run(0, most);
  core::MiniBatchStop stop({.rows = n,
                            .batch_size = batch,
                            .max_shift = core::largest_shift(options_.tol, rows->moments()),
                            .max_no_improvement = options_.max_no_improvement});
  while (!next.converged && next.n_steps < most) {
    const std::int64_t steps =
        std::min(core::steps_per_look(options_.n_clusters, batch, next.n_steps), most - next.n_steps);
    for (const compute::BatchStep& step : rows->batch_steps(options_.seed, next.n_steps, steps, batch)) {
      next.converged = stop.after(step) || next.converged;
      watch.tell(++next.n_steps, step.weight > 0 ? step.inertia / step.weight : 0);
    }
    next.rows_since_reassignment += steps * batch;
    next.counts = rows->counts();
    if (next.converged || next.n_steps >= most) break;
    if (core::reassignment_due(next.counts, next.rows_since_reassignment)) {
      core::move_idle_centers(*rows, sample_weight, next.counts, options_.reassignment_ratio, batch, options_.seed,
                              next.n_steps);
      next.rows_since_reassignment = 0;
    }
  }
  next.n_iter = (next.n_steps * batch + n - 1) / n;
  finish(*rows, next);
  state_ = std::move(next);
  return *this;
}

template <class T>
MiniBatchKMeans<T>& MiniBatchKMeans<T>::partial_fit(const Rows<T>& x, std::span<const T> sample_weight) {
  constexpr const char* kCall = "MiniBatchKMeans::partial_fit";
  const std::int64_t k = is_fitted() ? state_.centers.rows() : options_.n_clusters;
  core::check_mini_batch_options(kCall, options_);
  core::check_training_rows(kCall, x, sample_weight, device_, is_fitted() ? 1 : k);
  if (is_fitted()) {
    core::check_columns(kCall, x.columns(), state_.n_features);
  } else {
    core::check_given_centers<T>(kCall, options_.init, k, x.columns());
  }

  const auto rows = core::families<T>(device_).make_kmeans(core::place(device_), x, sample_weight);
  State next;
  if (is_fitted()) {
    rows->set_centers(state_.centers.view());
    rows->set_counts(state_.counts);
    next.n_steps = state_.n_steps;
    next.rows_since_reassignment = state_.rows_since_reassignment;
  } else {
    rows->set_centers(first_centers(*rows, sample_weight, options_, sample_size(options_, x.rows()), device_).view());
  }
  rows->batch_steps(options_.seed, next.n_steps, 1, 0);
  ++next.n_steps;
  next.n_features = x.columns();
  next.rows_since_reassignment += x.rows();
  next.counts = rows->counts();
  if (core::reassignment_due(next.counts, next.rows_since_reassignment)) {
    core::move_idle_centers(*rows, sample_weight, next.counts, options_.reassignment_ratio, x.rows(), options_.seed,
                            next.n_steps);
    next.rows_since_reassignment = 0;
    next.counts = rows->counts();
  }
  next.n_iter = state_.n_iter + 1;
  finish(*rows, next);
  state_ = std::move(next);
  return *this;
}

template <class T>
std::vector<std::int32_t> MiniBatchKMeans<T>::fit_predict(const Rows<T>& x, std::span<const T> sample_weight,
                                                          Observer* observer) {
  return fit(x, sample_weight, observer).labels();
}

template <class T>
Matrix<T> MiniBatchKMeans<T>::fit_transform(const Rows<T>& x, std::span<const T> sample_weight, Observer* observer) {
  return fit(x, sample_weight, observer).transform(x);
}

template <class T>
const typename MiniBatchKMeans<T>::State& MiniBatchKMeans<T>::fitted(const char* what) const {
  if (!is_fitted()) throw NotFitted(fmt::format("MiniBatchKMeans::{}: call fit or partial_fit first", what));
  return state_;
}

template <class T>
std::vector<std::int32_t> MiniBatchKMeans<T>::predict(const Rows<T>& x) const {
  return core::nearest_centers<T>("MiniBatchKMeans::predict", fitted("predict").centers, x, device_);
}

template <class T>
Matrix<T> MiniBatchKMeans<T>::transform(const Rows<T>& x) const {
  return core::distances_to_centers<T>("MiniBatchKMeans::transform", fitted("transform").centers, x, device_);
}

template <class T>
double MiniBatchKMeans<T>::score(const Rows<T>& x, std::span<const T> sample_weight) const {
  return -core::inertia_under_centers<T>("MiniBatchKMeans::score", fitted("score").centers, x, sample_weight, device_);
}

template <class T>
const std::vector<std::int32_t>& MiniBatchKMeans<T>::labels() const {
  return fitted("labels").labels;
}

template <class T>
const Matrix<T>& MiniBatchKMeans<T>::cluster_centers() const {
  return fitted("cluster_centers").public_centers;
}

template <class T>
double MiniBatchKMeans<T>::inertia() const {
  return fitted("inertia").inertia;
}

template <class T>
std::int64_t MiniBatchKMeans<T>::n_iter() const {
  return fitted("n_iter").n_iter;
}

template <class T>
std::int64_t MiniBatchKMeans<T>::n_steps() const {
  return fitted("n_steps").n_steps;
}

template <class T>
bool MiniBatchKMeans<T>::converged() const {
  return fitted("converged").converged;
}

template <class T>
const std::vector<double>& MiniBatchKMeans<T>::counts() const {
  return fitted("counts").counts;
}

template <class T>
std::int64_t MiniBatchKMeans<T>::n_features_in() const {
  return fitted("n_features_in").n_features;
}

template <class T>
Params MiniBatchKMeans<T>::get_params() const {
  return core::mini_batch_kmeans_params().get(options_);
}

template <class T>
MiniBatchKMeans<T>& MiniBatchKMeans<T>::set_params(const Params& params) {
  core::mini_batch_kmeans_params().set("MiniBatchKMeans::set_params", options_, params);
  return *this;
}

template class MiniBatchKMeans<float>;
template class MiniBatchKMeans<double>;

}  // namespace forja
