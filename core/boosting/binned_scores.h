#pragma once

#include "boosting/fitted_forest.h"

namespace forja::core {

/// The scores (n x outputs) that a forest gives to rows in bins of its own table.
void binned_scores(const FittedForest& forest, const compute::BinnedRows& rows, MatrixView<double> scores);

}  // namespace forja::core
