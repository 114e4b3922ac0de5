#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "compute/linear_compute.h"
#include "forja/linear.h"
#include "linear/centred_gram.h"

namespace forja::core {

/// Minimise sum of weight (y - x w - b)^2 + alpha ||w||^2 for each target.
struct LeastSquaresTask {
  std::vector<double> alpha;  ///< one per target
  bool fit_intercept = true;
  LeastSquaresSolver solver = LeastSquaresSolver::automatic;
};

struct LeastSquaresFit {
  Matrix<double> coef;  ///< t x d
  std::vector<double> intercept;
  LeastSquaresReport report;
};

/// Throws InvalidArgument when the solver is cholesky and the columns depend on each other, or sums leave T's range.
/// check_values throws where x has values that are not finite; a Gram matrix that is finite spares the pass.
/// known: a centred_gram() of such rows, whose columns are in use, where there is one already.
template <class T>
LeastSquaresFit solve_least_squares(std::string_view call, compute::LinearCompute<T>& rows,
                                    const LeastSquaresTask& task, const std::function<void()>& check_values,
                                    const CentredGram* known = nullptr);

}  // namespace forja::core
