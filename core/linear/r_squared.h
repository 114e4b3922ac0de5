#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"

/// The coefficient of determination, target by target.
namespace forja::core {

/// Sum of weight (y - mean)^2 of each target over rows first .. last - 1, about these rows' own weighted mean.
template <class T>
std::vector<double> target_spreads(MatrixView<const T> y, std::span<const T> sample_weight, std::int64_t first,
                                   std::int64_t last);

/// R^2, the mean over targets, of what is left of the spreads. Where a spread is zero: 1 if nothing is left, else 0.
double mean_r_squared(std::span<const double> unexplained, std::span<const double> spread);

}  // namespace forja::core
