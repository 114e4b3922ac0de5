#include "forja/kmeans.h"

#include <fmt/format.h>

#include "compute/backend.h"
#include "estimator/watch.h"
#include "kmeans/fitted_centers.h"
#include "kmeans/kmeans_input.h"
#include "kmeans/kmeans_params.h"
#include "kmeans/lloyd.h"
#include "kmeans/seeding.h"

namespace forja {
namespace {

std::int64_t runs(const KMeansOptions& options) {
  if (options.init.method() == KMeansInit::Method::given) return 1;  // every run would be the same
  return options.n_init.value_or(options.init.method() == KMeansInit::Method::random ? 10 : 1);
}

template <class T>
KMeansAlgorithm choose_algorithm(compute::KMeansCompute<T>& rows, const KMeansOptions& options) {
  if (options.algorithm != KMeansAlgorithm::automatic) return options.algorithm;
  return rows.bounds_pay(options.n_clusters) ? KMeansAlgorithm::elkan : KMeansAlgorithm::lloyd;
}

}  // namespace

template <class T>
KMeans<T>::KMeans(KMeansOptions options, Device device) : options_(std::move(options)), device_(device) {}

template <class T>
KMeans<T>& KMeans<T>::fit(const Rows<T>& x, std::span<const T> sample_weight, Observer* observer) {
  constexpr const char* kCall = "KMeans::fit";
  core::kmeans_params().check(kCall, options_);
  core::check_training_rows_but_values(kCall, x, sample_weight, device_, options_.n_clusters);
  core::check_given_centers<T>(kCall, options_.init, options_.n_clusters, x.columns());

  core::Watch watch(observer, kCall);
  const auto rows = core::make_checked_rows(kCall, x, sample_weight, device_);
  State next;
  next.n_features = x.columns();
  next.algorithm = choose_algorithm(*rows, options_);
  rows->use_bounds(next.algorithm == KMeansAlgorithm::elkan);
  const core::LloydRules rules{options_.max_iter, core::largest_shift(options_.tol, rows->moments())};
  for (std::int64_t run = 0; run < runs(options_); ++run) {
    watch.begin_run(run, options_.max_iter);
    core::set_first_centers(*rows, sample_weight, options_.init, options_.n_clusters, options_.seed, run);
    const core::LloydEnd end = core::run_lloyd(*rows, rules, watch);
    if (run > 0 && !(end.inertia < next.inertia)) continue;
    next.centers = rows->centers();
    next.labels = rows->labels();
    next.inertia = end.inertia;
    next.shift = end.shift;
    next.n_iter = end.n_iter;
    next.converged = end.converged;
  }
  next.public_centers = Matrix<T>(next.centers.view());
  state_ = std::move(next);
  return *this;
}

template <class T>
std::vector<std::int32_t> KMeans<T>::fit_predict(const Rows<T>& x, std::span<const T> sample_weight,
                                                 Observer* observer) {
  return fit(x, sample_weight, observer).labels();
}

template <class T>
Matrix<T> KMeans<T>::fit_transform(const Rows<T>& x, std::span<const T> sample_weight, Observer* observer) {
  return fit(x, sample_weight, observer).transform(x);
}

template <class T>
const typename KMeans<T>::State& KMeans<T>::fitted(const char* what) const {
  if (!is_fitted()) throw NotFitted(fmt::format("KMeans::{}: call fit first", what));
  return state_;
}

template <class T>
std::vector<std::int32_t> KMeans<T>::predict(const Rows<T>& x) const {
  return core::nearest_centers<T>("KMeans::predict", fitted("predict").centers, x, device_);
}

template <class T>
Matrix<T> KMeans<T>::transform(const Rows<T>& x) const {
  return core::distances_to_centers<T>("KMeans::transform", fitted("transform").centers, x, device_);
}

template <class T>
double KMeans<T>::score(const Rows<T>& x, std::span<const T> sample_weight) const {
  return -core::inertia_under_centers<T>("KMeans::score", fitted("score").centers, x, sample_weight, device_);
}

template <class T>
const std::vector<std::int32_t>& KMeans<T>::labels() const {
  return fitted("labels").labels;
}

template <class T>
const Matrix<T>& KMeans<T>::cluster_centers() const {
  return fitted("cluster_centers").public_centers;
}

template <class T>
double KMeans<T>::inertia() const {
  return fitted("inertia").inertia;
}

template <class T>
std::int64_t KMeans<T>::n_iter() const {
  return fitted("n_iter").n_iter;
}

template <class T>
bool KMeans<T>::converged() const {
  return fitted("converged").converged;
}

template <class T>
double KMeans<T>::center_shift() const {
  return fitted("center_shift").shift;
}

template <class T>
KMeansAlgorithm KMeans<T>::algorithm_used() const {
  return fitted("algorithm_used").algorithm;
}

template <class T>
std::int64_t KMeans<T>::n_features_in() const {
  return fitted("n_features_in").n_features;
}

template <class T>
Params KMeans<T>::get_params() const {
  return core::kmeans_params().get(options_);
}

template <class T>
KMeans<T>& KMeans<T>::set_params(const Params& params) {
  core::kmeans_params().set("KMeans::set_params", options_, params);
  return *this;
}

template class KMeans<float>;
template class KMeans<double>;

}  // namespace forja
