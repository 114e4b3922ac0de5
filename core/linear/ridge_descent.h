#pragma once

#include <string_view>
#include <vector>

#include "compute/linear_compute.h"
#include "estimator/watch.h"
#include "linear/lbfgs.h"
#include "linear/least_squares.h"

namespace forja::core {

struct RidgeDescent {
  Matrix<double> coef;  ///< t x d
  std::vector<double> intercept;
  LbfgsEnd end;
};

/// Minimises the task's objective, all targets at once, over 2 x sum of weight, by L-BFGS on the gradient in double of
/// columns that are centred and scaled to 1 or less: a read of x for each evaluation. Throws InvalidArgument when sums
/// leave T's range, Cancelled.
template <class T>
RidgeDescent descend_ridge(std::string_view call, compute::LinearCompute<T>& rows, const LeastSquaresTask& task,
                           const LbfgsRules& rules, const Watch& watch);

}  // namespace forja::core
