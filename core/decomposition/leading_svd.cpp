#include "decomposition/leading_svd.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/random_normal.h"
#include "decomposition/component_count.h"

namespace forja::core {
namespace {

using compute::Side;

constexpr std::uint64_t kDirections = 1;  // stream of the random numbers

template <class T>
Side small_side(const compute::DecompositionCompute<T>& x) {
  return x.rows() < x.columns() ? Side::rows : Side::columns;
}

/// All singular values and as many vectors as are to be kept.
template <class T>
SvdOutcome by_small_side(compute::DecompositionCompute<T>& x, const ComponentCount& wanted, SvdSolver solver) {
  SvdOutcome outcome;
  outcome.solver = solver;
  std::vector<double> squares;
  if (solver == SvdSolver::full) {
    squares = x.singular_values(small_side(x));
    for (double& value : squares) value *= value;
  } else {
    squares = x.gram_eigenvalues(small_side(x));
    for (double& value : squares) value = std::max(value, 0.0);  // rounding around 0
  }
  outcome.total_square = std::accumulate(squares.begin(), squares.end(), 0.0);
  const std::int64_t kept = components_to_keep(wanted, squares);
  for (std::int64_t i = 0; i < kept; ++i)
    outcome.singular_values.push_back(std::sqrt(squares[static_cast<std::size_t>(i)]));
  outcome.components = x.right_vectors(kept);
  return outcome;
}

/// Halko, Martinsson and Tropp (2011), with both products of a power iteration in one read of X.
template <class T>
SvdOutcome by_random_directions(compute::DecompositionCompute<T>& x, const SvdRequest& request) {
  const std::int64_t k = request.n_components.count();
  const std::int64_t d = x.columns();
  const std::int64_t least = std::min(x.rows(), d);
  const std::int64_t power = request.iterated_power.value_or(10 * k < least ? 7 : 4);
  const std::int64_t r = request.n_oversamples < least - k ? k + request.n_oversamples : least;
  Matrix<double> directions(r, d);
  for (std::size_t i = 0; i < directions.values().size(); ++i) {
    directions.values()[i] = random_normal(request.seed, kDirections, i);
  }
  x.set_block(directions.view());
  for (std::int64_t step = 0; step < power; ++step) x.power_step();
  const compute::LeadingSvd found = x.block_svd();
  SvdOutcome outcome;
  outcome.solver = SvdSolver::randomized;
  outcome.singular_values.assign(found.singular_values.begin(), found.singular_values.begin() + k);
  outcome.components = Matrix<double>(found.vectors.view().middle_rows(0, k));
  outcome.total_square = x.total_square();
  return outcome;
}

}  // namespace

SvdSolver choose_solver(std::int64_t rows, std::int64_t columns, const ComponentCount& n_components) {
  constexpr std::int64_t kSmall = 500;
  constexpr std::int64_t kGram = 1000;
  if (std::max(rows, columns) <= kSmall) return SvdSolver::full;
  const std::int64_t least = std::min(rows, columns);
  const bool few = n_components.kind() == ComponentCount::Kind::count && 10 * n_components.count() < 8 * least;
  return few && least > kGram ? SvdSolver::randomized : SvdSolver::covariance_eigh;
}

void fix_signs(Matrix<double>& components) {
  for (std::int64_t i = 0; i < components.rows(); ++i) {
    const auto row = components.row(i);
    const auto largest =
        std::max_element(row.begin(), row.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
    if (*largest >= 0) continue;
    for (double& value : row) value = -value;
  }
}

template <class T>
SvdOutcome leading_svd(compute::DecompositionCompute<T>& x, const SvdRequest& request) {
  const SvdSolver solver = request.solver == SvdSolver::automatic
                               ? choose_solver(x.rows(), x.columns(), request.n_components)
                               : request.solver;
  SvdOutcome outcome = solver == SvdSolver::randomized ? by_random_directions(x, request)
                                                       : by_small_side(x, request.n_components, solver);
  fix_signs(outcome.components);
  return outcome;
}

template SvdOutcome leading_svd(compute::DecompositionCompute<float>&, const SvdRequest&);
template SvdOutcome leading_svd(compute::DecompositionCompute<double>&, const SvdRequest&);

}  // namespace forja::core
