#pragma once

#include <string_view>
#include <vector>

#include "boosting/boosting_rows.h"
#include "boosting/fitted_forest.h"
#include "compute/boosting_compute.h"
#include "forja/observer.h"

namespace forja::core {

/// Trees, and how they came to be.
struct BoostingFit {
  FittedForest forest;
  std::vector<double> train_score;
  std::vector<double> validation_score;
  bool converged = false;  ///< whether early stopping ended it
};

/// Whether none of the last n_iter_no_change scores is better by more than tol than the one before them.
bool no_better(const std::vector<double>& scores, std::int64_t n_iter_no_change, double tol);

/// Adds rounds to a fit, whose scores compute has, until there are max_iter, or early stopping or the observer ends it.
void add_rounds(std::string_view call, const BoostingSettings& settings, const BoostingRows& rows,
                compute::BoostingCompute& compute, Observer* observer, BoostingFit& fit);

}  // namespace forja::core
