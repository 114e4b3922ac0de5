// Normal equations by Cholesky where the condition allows, singular values where not; both refined by residuals in
// double (Bjorck 1967), whose size is the certificate.

#include "linear/least_squares.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "forja/error.h"
#include "linear/centred_gram.h"
#include "linear/normal_equations.h"

namespace forja::core {
namespace {

/// Solves (X'X + penalty) c = g for target t in terms of x', where X has the centred rows; g in, c out.
using Inverse = std::function<void(std::int64_t t, std::span<double> g)>;

/// A least-squares problem in terms of x' and y'.
struct Problem {
  ColumnUse use;
  std::int64_t columns = 0;
  double weight = 0;
  std::vector<double> mean;     // d + t
  std::vector<double> squares;  // d: of the centred columns
  std::vector<double> alpha;
  bool fit_intercept = true;

  /// The factor of c_j^2 that the penalty comes to.
  double penalty(std::int64_t t, std::size_t j) const {
    return alpha[static_cast<std::size_t>(t)] * use.scale[j] * use.scale[j];
  }
  /// The length of column j, the penalty's rows counted in.
  double length(std::int64_t t, std::size_t j) const { return std::sqrt(squares[j] + penalty(t, j)); }
};

struct Solution {
  Matrix<double> coef;
  std::vector<double> offset;
  double backward_error = std::numeric_limits<double>::infinity();
};

/// What refinement aims at: better is beyond T's digits, or beyond the residuals' own.
template <class T>
constexpr double good_enough() {
  return sizeof(T) == sizeof(double) ? 8 * unit_roundoff<T>() : unit_roundoff<T>();
}

// -- the certificate

/// The gradient of target t by the centred columns, the penalty's part counted in.
std::vector<double> full_gradient(const Problem& problem, const Solution& at, const compute::Residuals& residuals,
                                  std::int64_t t) {
  std::vector<double> gradient;
  for (std::int64_t j = 0; j < problem.columns; ++j) {
    const auto place = static_cast<std::size_t>(j);
    gradient.push_back(residuals.gradient(t, j) - problem.mean[place] * residuals.sum[static_cast<std::size_t>(t)] -
                       problem.penalty(t, place) * at.coef(t, j));
  }
  return gradient;
}

/// Stewart's bound for target t: the smaller of two changes of the scaled columns that make c exact.
double backward_error(const Problem& problem, const Solution& at, const std::vector<double>& gradient,
                      double sum_squares, std::int64_t t) {
  double gradient_square = 0;
  double coef_square = 0;
  double residual_square = sum_squares;
  double columns = 0;
  for (std::size_t j = 0; j < gradient.size(); ++j) {
    const double length = problem.length(t, j);
    if (!(length > 0)) continue;
    const double c = at.coef(t, static_cast<std::int64_t>(j));
    gradient_square += gradient[j] / length * (gradient[j] / length);
    coef_square += length * c * (length * c);
    residual_square += problem.penalty(t, j) * c * c;
    ++columns;
  }
  if (!(residual_square > 0) || !(gradient_square > 0)) return 0;
  const double by_gradient = std::sqrt(gradient_square / residual_square);
  const double by_residual =
      coef_square > 0 ? std::sqrt(residual_square / coef_square) : std::numeric_limits<double>::infinity();
  return std::min(by_gradient, by_residual) / std::sqrt(columns);
}

// -- refinement

/// The offsets that make residuals sum to zero for these coefficients.
void set_offsets(const Problem& problem, Solution& solution) {
  for (std::int64_t t = 0; t < solution.coef.rows(); ++t) {
    double offset = problem.fit_intercept ? problem.mean[static_cast<std::size_t>(problem.columns + t)] : 0;
    for (std::int64_t j = 0; j < problem.columns; ++j) {
      offset -= problem.mean[static_cast<std::size_t>(j)] * solution.coef(t, j);
    }
    solution.offset[static_cast<std::size_t>(t)] = offset;
  }
}

/// Measures `solution` and moves on from it: a pass over the rows.
template <class T>
Solution measured_step(compute::LinearCompute<T>& rows, const Problem& problem, const Inverse& inverse,
                       Solution& solution) {
  const compute::Residuals residuals = rows.residuals(solution.coef, solution.offset);
  Solution next = solution;
  solution.backward_error = 0;
  for (std::int64_t t = 0; t < solution.coef.rows(); ++t) {
    const auto target = static_cast<std::size_t>(t);
    std::vector<double> gradient = full_gradient(problem, solution, residuals, t);
    solution.backward_error = std::max(solution.backward_error,
                                       backward_error(problem, solution, gradient, residuals.sum_squares[target], t));
    inverse(t, gradient);
    if (problem.fit_intercept) next.offset[target] += residuals.sum[target] / problem.weight;
    for (std::int64_t j = 0; j < problem.columns; ++j) {
      const double step = gradient[static_cast<std::size_t>(j)];
      next.coef(t, j) += step;
      next.offset[target] -= problem.mean[static_cast<std::size_t>(j)] * step;
    }
  }
  return next;
}

/// Steps until the backward error is good enough or no longer halves; returns the best solution.
template <class T>
Solution refine(compute::LinearCompute<T>& rows, const Problem& problem, const Inverse& inverse, Solution solution) {
  constexpr int kMostPasses = 8;
  Solution best = solution;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    Solution next = measured_step(rows, problem, inverse, solution);
    const double before = best.backward_error;
    if (pass == 0 || solution.backward_error < before) best = solution;
    if (best.backward_error <= good_enough<T>() || !(solution.backward_error < before / 2)) break;
    solution = std::move(next);
  }
  return best;
}

// -- Cholesky

/// The normal equations of every target; targets of one alpha share theirs.
struct NormalEquations {
  std::vector<FactoredNormal> factored;
  std::vector<std::size_t> of_target;
  double condition = 1;
};

std::optional<NormalEquations> factor_all(const Problem& problem, const Matrix<double>& products) {
  NormalEquations all;
  for (std::size_t t = 0; t < problem.alpha.size(); ++t) {
    const auto same = static_cast<std::size_t>(std::find(problem.alpha.begin(), problem.alpha.end(), problem.alpha[t]) -
                                               problem.alpha.begin());
    if (same < t) {
      all.of_target.push_back(all.of_target[same]);
      continue;
    }
    std::vector<double> lengths;
    for (std::size_t j = 0; j < problem.squares.size(); ++j) {
      lengths.push_back(problem.length(static_cast<std::int64_t>(t), j));
    }
    std::optional<FactoredNormal> made = FactoredNormal::factor(products, lengths);
    if (!made) return std::nullopt;
    all.condition = std::max(all.condition, made->condition());
    all.of_target.push_back(all.factored.size());
    all.factored.push_back(std::move(*made));
  }
  return all;
}

/// Empty where the condition is beyond what refinement can mend.
template <class T>
std::optional<Solution> solve_by_cholesky(compute::LinearCompute<T>& rows, const Problem& problem,
                                          const Matrix<double>& products, LeastSquaresReport& report) {
  const std::optional<NormalEquations> equations = factor_all(problem, products);
  if (!equations || !normal_equations_serve<T>(equations->condition)) return std::nullopt;
  const Inverse inverse = [&](std::int64_t t, std::span<double> g) {
    equations->factored[equations->of_target[static_cast<std::size_t>(t)]].solve(g);
  };
  const auto targets = static_cast<std::int64_t>(problem.alpha.size());
  Solution solution{Matrix<double>(targets, problem.columns), std::vector<double>(problem.alpha.size())};
  for (std::int64_t t = 0; t < targets; ++t) {
    for (std::int64_t j = 0; j < problem.columns; ++j) solution.coef(t, j) = products(j, problem.columns + t);
    inverse(t, solution.coef.row(t));
  }
  set_offsets(problem, solution);
  solution = refine(rows, problem, inverse, std::move(solution));
  report.rank = equations->factored.front().rank();
  report.condition = std::sqrt(equations->condition);
  report.solver_used = LeastSquaresSolver::cholesky;
  return solution;
}

// -- singular values

template <class T>
Solution solve_by_svd(compute::LinearCompute<T>& rows, Problem& problem, LeastSquaresReport& report) {
  const compute::SingularSystem system = rows.svd(problem.fit_intercept);
  const std::vector<double>& values = system.values;
  const auto count = static_cast<std::int64_t>(values.size());
  const double least = (10 + static_cast<double>(count)) * 2 * unit_roundoff<T>() * values.front();
  const auto rank = std::count_if(values.begin(), values.end(), [least](double s) { return s > least; });
  problem.weight = system.weight;
  problem.mean = system.mean;
  problem.squares.assign(static_cast<std::size_t>(problem.columns), 0);
  for (std::int64_t k = 0; k < rank; ++k) {
    for (std::int64_t j = 0; j < problem.columns; ++j) {
      const double entry = values[static_cast<std::size_t>(k)] * system.vectors(k, j);
      problem.squares[static_cast<std::size_t>(j)] += entry * entry;
    }
  }
  // Of what is left of singular value k.
  const auto value = [&](std::int64_t k) { return values[static_cast<std::size_t>(k)]; };
  const auto add = [&](std::int64_t k, double amount, std::span<double> to) {
    for (std::int64_t j = 0; j < problem.columns; ++j) {
      to[static_cast<std::size_t>(j)] += amount * system.vectors(k, j);
    }
  };
  const Inverse inverse = [&](std::int64_t t, std::span<double> g) {
    std::vector<double> c(g.size());
    for (std::int64_t k = 0; k < rank; ++k) {
      double along = 0;
      for (std::size_t j = 0; j < g.size(); ++j) along += g[j] * system.vectors(k, static_cast<std::int64_t>(j));
      add(k, along / (value(k) * value(k) + problem.penalty(t, 0)), c);
    }
    std::copy(c.begin(), c.end(), g.begin());
  };
  const auto targets = static_cast<std::int64_t>(problem.alpha.size());
  Solution solution{Matrix<double>(targets, problem.columns), std::vector<double>(problem.alpha.size())};
  for (std::int64_t t = 0; t < targets; ++t) {
    for (std::int64_t k = 0; k < rank; ++k) {
      const double factor = value(k) / (value(k) * value(k) + problem.penalty(t, 0));
      add(k, factor * system.projections(k, t), solution.coef.row(t));
    }
  }
  set_offsets(problem, solution);
  solution = refine(rows, problem, inverse, std::move(solution));
  report.rank = rank;
  report.condition = rank > 0 ? values.front() / value(rank - 1) : 1;
  report.singular_values = values;
  for (double& s : report.singular_values) s /= problem.use.scale.front();
  report.solver_used = LeastSquaresSolver::svd;
  return solution;
}

LeastSquaresFit in_units(const Problem& problem, Solution solution, LeastSquaresReport report) {
  report.backward_error = solution.backward_error;
  to_units(problem.use, solution.coef, solution.offset);
  return {std::move(solution.coef), std::move(solution.offset), std::move(report)};
}

}  // namespace

template <class T>
LeastSquaresFit solve_least_squares(std::string_view call, compute::LinearCompute<T>& rows,
                                    const LeastSquaresTask& task, const std::function<void()>& check_values,
                                    const CentredGram* known) {
  Problem problem;
  problem.columns = rows.columns();
  problem.alpha = task.alpha;
  problem.fit_intercept = task.fit_intercept;
  LeastSquaresReport report;
  // Where there are fewer rows than columns, their Gram matrix is large and singular.
  if (task.solver == LeastSquaresSolver::cholesky ||
      (task.solver == LeastSquaresSolver::automatic && rows.columns() < rows.rows())) {
    CentredGram gram = known != nullptr ? *known : centred_gram(call, rows, task.fit_intercept, check_values);
    problem.use = gram.use;
    problem.weight = gram.weight;
    problem.mean = std::move(gram.mean);
    for (std::int64_t j = 0; j < problem.columns; ++j) problem.squares.push_back(std::max(0.0, gram.products(j, j)));
    std::optional<Solution> solution = solve_by_cholesky(rows, problem, gram.products, report);
    if (solution) return in_units(problem, std::move(*solution), std::move(report));
    if (task.solver == LeastSquaresSolver::cholesky) {
      throw InvalidArgument(fmt::format(
          "{}: solver = \"cholesky\" but columns of x depend on each other to rounding: use \"svd\" or \"auto\"",
          call));
    }
  } else {
    check_values();
  }
  problem.use = choose_columns<T>(rows.column_ranges(rows.rows()), rows.columns(), task.fit_intercept, true);
  use_columns(rows, problem.use);
  Solution solution = solve_by_svd(rows, problem, report);
  return in_units(problem, std::move(solution), std::move(report));
}

template LeastSquaresFit solve_least_squares(std::string_view, compute::LinearCompute<float>&, const LeastSquaresTask&,
                                             const std::function<void()>&, const CentredGram*);
template LeastSquaresFit solve_least_squares(std::string_view, compute::LinearCompute<double>&, const LeastSquaresTask&,
                                             const std::function<void()>&, const CentredGram*);

}  // namespace forja::core
