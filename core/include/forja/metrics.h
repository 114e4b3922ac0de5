#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/device_matrix.h"

namespace forja {

/// The silhouette of each row of x (n x d): (b - a) / max(a, b), where a is its mean distance to the other rows of its
/// cluster and b the least mean distance to the rows of another cluster; 0 for a row alone in its cluster (Rousseeuw
/// 1987; book chapter 9). Distances are exact differences summed in double; takes n^2 d operations and memory of order
/// n. labels: n values, 2 to n - 1 different ones. Throws InvalidArgument.
template <class T>
FORJA_API std::vector<double> silhouette_samples(const Rows<T>& x, std::span<const std::int32_t> labels,
                                                 Device device = Device::automatic());

/// The mean of silhouette_samples.
template <class T>
FORJA_API double silhouette_score(const Rows<T>& x, std::span<const std::int32_t> labels,
                                  Device device = Device::automatic());

/// The same for what Rows<T> is made from: a view, a Matrix or a DeviceMatrix.
template <class X>
std::vector<double> silhouette_samples(const X& x, std::span<const std::int32_t> labels,
                                       Device device = Device::automatic()) {
  return silhouette_samples(Rows(x), labels, device);
}
template <class X>
double silhouette_score(const X& x, std::span<const std::int32_t> labels, Device device = Device::automatic()) {
  return silhouette_score(Rows(x), labels, device);
}

}  // namespace forja
