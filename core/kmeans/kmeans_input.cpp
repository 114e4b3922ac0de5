#include "kmeans/kmeans_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "forja/error.h"

namespace forja::core {

template <class T>
void check_training_rows(std::string_view call, const Rows<T>& x, std::span<const T> sample_weight,
                         const Device& device, std::int64_t n_clusters) {
  check_rows(call, x, device);
  check_training_rows_but_values(call, x, sample_weight, device, n_clusters);
}

template <class T>
void check_training_rows_but_values(std::string_view call, const Rows<T>& x, std::span<const T> sample_weight,
                                    const Device& device, std::int64_t n_clusters) {
  check_rows_but_values(call, x, device);
  if (x.rows() < n_clusters) {
    throw InvalidArgument(fmt::format("{}: n_clusters = {} but x has {} rows", call, n_clusters, x.rows()));
  }
  const std::int64_t weighted = check_sample_weight(call, sample_weight, x.rows());
  if (weighted < n_clusters) {
    throw InvalidArgument(
        fmt::format("{}: n_clusters = {} but only {} rows have a positive weight", call, n_clusters, weighted));
  }
}

template <class T>
std::unique_ptr<compute::KMeansCompute<T>> make_checked_rows(std::string_view call, const Rows<T>& x,
                                                             std::span<const T> sample_weight, const Device& device) {
  auto rows = families<T>(device).make_kmeans(place(device), x, sample_weight);
  const auto finite = [](double moment) { return std::isfinite(moment); };
  const compute::ColumnMoments& moments = rows->moments();
  if (!std::all_of(moments.mean.begin(), moments.mean.end(), finite) ||
      !std::all_of(moments.variance.begin(), moments.variance.end(), finite)) {
    check_rows(call, x, device);
  }
  return rows;
}

template <class T>
void check_given_centers(std::string_view call, const KMeansInit& init, std::int64_t n_clusters, std::int64_t columns) {
  if (init.method() != KMeansInit::Method::given) return;
  const Matrix<double>& centers = init.centers();
  if (centers.rows() != n_clusters || centers.columns() != columns) {
    throw InvalidArgument(fmt::format("{}: the given centres are {} x {} but n_clusters x columns is {} x {}", call,
                                      centers.rows(), centers.columns(), n_clusters, columns));
  }
  for (std::int64_t c = 0; c < n_clusters; ++c) {
    for (std::int64_t j = 0; j < columns; ++j) {
      if (!std::isfinite(static_cast<T>(centers(c, j)))) {
        throw InvalidArgument(fmt::format("{}: the given centre ({}, {}) = {} but every value must be finite", call, c,
                                          j, centers(c, j)));
      }
    }
  }
}

#define FORJA_INSTANTIATE(T)                                                                                        \
  template void check_training_rows(std::string_view, const Rows<T>&, std::span<const T>, const Device&,            \
                                    std::int64_t);                                                                  \
  template void check_training_rows_but_values(std::string_view, const Rows<T>&, std::span<const T>, const Device&, \
                                               std::int64_t);                                                       \
  template std::unique_ptr<compute::KMeansCompute<T>> make_checked_rows(std::string_view, const Rows<T>&,           \
                                                                        std::span<const T>, const Device&);         \
  template void check_given_centers<T>(std::string_view, const KMeansInit&, std::int64_t, std::int64_t);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
