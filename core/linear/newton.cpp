#include "linear/newton.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "linear/cholesky.h"
#include "linear/lbfgs_history.h"

namespace forja::core {
namespace {

using Vector = std::vector<double>;

/// Minus the inverse Hessian times the gradient; empty where no damping makes the Hessian definite.
std::optional<Vector> direction(const Matrix<double>& hessian, const Vector& gradient, double noise) {
  double size = 0;
  for (std::int64_t k = 0; k < hessian.rows(); ++k) size = std::max(size, hessian(k, k));
  // Sums of rows may be wrong by this much: what is below is not known to be curved at all.
  for (double part = std::max(noise, 1e-12); part <= 1 && size > 0; part *= 100) {
    Matrix<double> damped = hessian;
    for (std::int64_t k = 0; k < damped.rows(); ++k) damped(k, k) += part * (damped(k, k) > 0 ? damped(k, k) : size);
    const std::optional<Cholesky> factors = Cholesky::factor(std::move(damped));
    if (!factors) continue;
    Vector way = gradient;
    factors->solve(way);
    for (double& value : way) value = -value;
    return way;
  }
  return std::nullopt;
}

/// The first of the whole step, half of it, ... that makes the value less; empty where none does.
std::optional<Place> step(const Objective& objective, const Place& here, const Vector& way, double noise) {
  constexpr int kMostProbes = 30;
  constexpr double kDecrease = 1e-4;
  const double slope = dot(here.gradient, way);
  double length = 1;
  for (int probe = 0; probe < kMostProbes && slope < 0; ++probe, length *= 0.5) {
    Place next{here.point, Vector(here.point.size()), 0};
    for (std::size_t k = 0; k < way.size(); ++k) next.point[k] += length * way[k];
    next.value = objective(next.point, next.gradient);
    if (next.value <= here.value + kDecrease * length * slope + noise * std::fabs(here.value)) return next;
  }
  return std::nullopt;
}

}  // namespace

LbfgsEnd minimise_newton(const Objective& objective, const Hessian& hessian, std::vector<double> start,
                         const LbfgsRules& rules, const Watch& watch) {
  Place here{std::move(start), {}, 0};
  here.gradient.resize(here.point.size());
  here.value = objective(here.point, here.gradient);
  LbfgsEnd end;
  while (end.n_iter < rules.max_iter && greatest(here.gradient) > rules.tol) {
    const std::optional<Vector> way = direction(hessian(here.point, end.n_iter + 1), here.gradient, rules.noise);
    if (!way) break;
    std::optional<Place> next = step(objective, here, *way, rules.noise);
    if (!next) break;
    ++end.n_iter;
    watch.tell(end.n_iter, here.value);
    here = std::move(*next);
  }
  end.gradient_norm = greatest(here.gradient);
  end.converged = end.gradient_norm <= rules.tol;
  end.value = here.value;
  end.point = std::move(here.point);
  return end;
}

}  // namespace forja::core
