#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"

namespace forja::cpu {

/// See compute::BackendFor::silhouette_samples.
template <class T>
std::vector<double> silhouette_samples(MatrixView<const T> x, std::span<const std::int32_t> labels, std::int64_t k,
                                       int threads);

}  // namespace forja::cpu
