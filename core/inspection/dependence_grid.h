#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/inspection.h"

namespace forja::core {

/// The values that each of the features takes, all of them numbers of T. Throws InvalidArgument, also for features that
/// x has not.
template <class T>
std::vector<std::vector<double>> dependence_grid(MatrixView<const T> x, std::span<const std::int64_t> features,
                                                 const PartialDependenceOptions& options);

/// points x features: every combination of values, the last feature's running fastest.
Matrix<double> grid_points(const std::vector<std::vector<double>>& grid);

}  // namespace forja::core
