#pragma once

#include <cstdint>
#include <span>

namespace forja::core {

/// The likeliest dimension, 1 to d - 1 (d = 1: 1), of n normal rows whose centred squares along the principal
/// directions are `squares` (d, descending), under equal noise in the other directions: Minka (2000), "Automatic choice
/// of dimensionality for PCA", Laplace's approximation. Variances below 1e-15 of the largest have no likelihood, nor
/// has a dimension that splits equal ones.
std::int64_t likeliest_dimension(std::span<const double> squares, std::int64_t n);

}  // namespace forja::core
