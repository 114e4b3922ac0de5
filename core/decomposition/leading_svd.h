#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compute/decomposition_compute.h"
#include "forja/decomposition.h"

namespace forja::core {

/// What a decomposition is asked for.
struct SvdRequest {
  ComponentCount n_components = {};
  SvdSolver solver = SvdSolver::automatic;
  std::optional<std::int64_t> iterated_power = {};
  double tol = 0;
  std::int64_t n_oversamples = 10;
  std::uint64_t seed = 0;
};

/// The leading part of a decomposition.
struct SvdOutcome {
  std::vector<double> singular_values;  ///< descending
  Matrix<double> components;            ///< k x d, signs fixed
  double total_square = 0;              ///< of all singular values
  SvdSolver solver = SvdSolver::full;   ///< that did it
  double residual = 0;                  ///< the first singular value left out, or a bound on it
  std::int64_t n_iter = 0;              ///< power iterations
  bool converged = true;
};

/// The solver that SvdSolver::automatic and by_size stand for; another stands for itself.
SvdSolver choose_solver(SvdSolver asked, std::int64_t rows, std::int64_t columns, const ComponentCount& n_components);

/// The entry of largest absolute value of each row becomes positive; equal ones: the first.
void fix_signs(Matrix<double>& components);

/// The same on every device.
template <class T>
SvdOutcome leading_svd(compute::DecompositionCompute<T>& x, const SvdRequest& request);

}  // namespace forja::core
