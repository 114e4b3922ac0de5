#include "kmeans/fitted_centers.h"

#include "compute/backend.h"
#include "kmeans/kmeans_input.h"

namespace forja::core {
namespace {

template <class T>
std::unique_ptr<compute::KMeansPredictor<T>> predictor(const Matrix<double>& centers, const Device& device) {
  return families<T>(device).make_kmeans_predictor(place(device), centers.view());
}

}  // namespace

template <class T>
std::vector<std::int32_t> nearest_centers(std::string_view call, const Matrix<double>& centers, const Rows<T>& x,
                                          const Device& device) {
  check_new_rows(call, x, device, centers.columns());
  std::vector<std::int32_t> labels(static_cast<std::size_t>(x.rows()));
  predictor<T>(centers, device)->predict(x, labels);
  return labels;
}

template <class T>
Matrix<T> distances_to_centers(std::string_view call, const Matrix<double>& centers, const Rows<T>& x,
                               const Device& device) {
  check_new_rows(call, x, device, centers.columns());
  Matrix<T> distances(x.rows(), centers.rows());
  predictor<T>(centers, device)->transform(x, distances.view());
  return distances;
}

template <class T>
double inertia_under_centers(std::string_view call, const Matrix<double>& centers, const Rows<T>& x,
                             std::span<const T> sample_weight, const Device& device) {
  check_new_rows(call, x, device, centers.columns());
  check_sample_weight(call, sample_weight, x.rows());
  return predictor<T>(centers, device)->inertia(x, sample_weight);
}

#define FORJA_INSTANTIATE(T)                                                                                         \
  template std::vector<std::int32_t> nearest_centers(std::string_view, const Matrix<double>&, const Rows<T>&,        \
                                                     const Device&);                                                 \
  template Matrix<T> distances_to_centers(std::string_view, const Matrix<double>&, const Rows<T>&, const Device&);   \
  template double inertia_under_centers(std::string_view, const Matrix<double>&, const Rows<T>&, std::span<const T>, \
                                        const Device&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
