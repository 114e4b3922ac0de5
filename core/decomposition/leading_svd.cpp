#include "decomposition/leading_svd.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "data/random_normal.h"
#include "decomposition/component_count.h"
#include "decomposition/residual_norm.h"

namespace forja::core {
namespace {

using compute::Side;

constexpr std::uint64_t kDirections = 1;  // stream of the random numbers
constexpr std::int64_t kMoreSteps = 100;  // that a tolerance may add
constexpr std::int64_t kStepsAtOnce = 4;

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
  const std::int64_t kept = components_to_keep(wanted, squares, x.rows());
  for (std::int64_t i = 0; i < kept; ++i)
    outcome.singular_values.push_back(std::sqrt(squares[static_cast<std::size_t>(i)]));
  if (kept < std::ssize(squares)) outcome.residual = std::sqrt(squares[static_cast<std::size_t>(kept)]);
  outcome.components = x.right_vectors(kept);
  return outcome;
}

/// The first k of them.
compute::LeadingSvd first_of(const compute::LeadingSvd& found, std::int64_t k) {
  return {{found.singular_values.begin(), found.singular_values.begin() + k},
          Matrix<double>(found.vectors.view().middle_rows(0, k))};
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
  SvdOutcome outcome;
  const auto advance = [&](std::int64_t steps) {
    for (std::int64_t step = 0; step < steps; ++step) x.power_step();
    outcome.n_iter += steps;
  };
  advance(power);
  compute::LeadingSvd found = first_of(x.block_svd(), k);
  if (request.tol > 0) {
    double error = triplet_residual(x, found);
    outcome.converged = error <= request.tol;
    while (!outcome.converged && outcome.n_iter < power + kMoreSteps) {
      advance(kStepsAtOnce);
      found = first_of(x.block_svd(), k);
      const double before = std::exchange(error, triplet_residual(x, found));
      outcome.converged = error <= request.tol;
      constexpr double kHelps = 0.9;
      if (error > kHelps * before) break;
    }
  }
  outcome.solver = SvdSolver::randomized;
  if (k < least) outcome.residual = residual_bound(x, found.vectors.view(), request.seed);
  outcome.singular_values = std::move(found.singular_values);
  outcome.components = std::move(found.vectors);
  outcome.total_square = x.total_square();
  return outcome;
}

}  // namespace

SvdSolver choose_solver(SvdSolver asked, std::int64_t rows, std::int64_t columns, const ComponentCount& n_components) {
  constexpr std::int64_t kSmall = 500;
  constexpr std::int64_t kGram = 1000;
  if (asked != SvdSolver::automatic && asked != SvdSolver::by_size) return asked;
  if (std::max(rows, columns) <= kSmall) return SvdSolver::full;
  const std::int64_t least = std::min(rows, columns);
  const bool few = n_components.kind() == ComponentCount::Kind::count && 10 * n_components.count() < 8 * least;
  if (asked == SvdSolver::by_size) return few ? SvdSolver::randomized : SvdSolver::full;
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
  const SvdSolver solver = choose_solver(request.solver, x.rows(), x.columns(), request.n_components);
  SvdOutcome outcome = solver == SvdSolver::randomized ? by_random_directions(x, request)
                                                       : by_small_side(x, request.n_components, solver);
  fix_signs(outcome.components);
  return outcome;
}

template SvdOutcome leading_svd(compute::DecompositionCompute<float>&, const SvdRequest&);
template SvdOutcome leading_svd(compute::DecompositionCompute<double>&, const SvdRequest&);

}  // namespace forja::core
