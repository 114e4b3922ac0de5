#pragma once

#include <cstdint>
#include <span>

#include "boosting/fitted_forest.h"
#include "forja/matrix.h"

namespace forja::core {

/// The mean score where `features` have the values of each of the points (points x features): at nodes that ask for
/// other features both ways are taken, weighted by their rows. outputs x points, with the baseline. The same bits for
/// any number of threads (0: all).
Matrix<double> forest_dependence(const FittedForest& forest, std::span<const std::int64_t> features,
                                 const Matrix<double>& points, int threads);

}  // namespace forja::core
