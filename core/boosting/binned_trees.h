#pragma once

#include "boosting/fitted_forest.h"

namespace forja::core {

/// Adds all trees of a forest to the scores of rows in the bins of its table.
void add_forest(const FittedForest& forest, compute::BoostingCompute& compute);

}  // namespace forja::core
