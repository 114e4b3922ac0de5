#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"

/// What a fitted k-means model does with new rows; KMeans and MiniBatchKMeans share it. `call` names the public call
/// in messages.
namespace forja::core {

/// The nearest centre of each row.
template <class T>
std::vector<std::int32_t> nearest_centers(std::string_view call, const Matrix<double>& centers, const Rows<T>& x,
                                          const Device& device);

/// Distances from each row to each centre.
template <class T>
Matrix<T> distances_to_centers(std::string_view call, const Matrix<double>& centers, const Rows<T>& x,
                               const Device& device);

/// Sum of weight x squared distance to the nearest centre.
template <class T>
double inertia_under_centers(std::string_view call, const Matrix<double>& centers, const Rows<T>& x,
                             std::span<const T> sample_weight, const Device& device);

}  // namespace forja::core
