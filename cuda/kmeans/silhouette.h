#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/backend.h"

namespace forja::cuda {

/// See compute::BackendFor::silhouette_samples. Rows of the host that do not fit pass through the device in blocks,
/// once for each part of them that stays there meanwhile: the same bits.
template <class T>
std::vector<double> silhouette_samples(int device, const Rows<T>& x, std::span<const std::int32_t> labels,
                                       std::int64_t k);

}  // namespace forja::cuda
