#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "estimator/watch.h"
#include "forja/matrix.h"
#include "linear/lbfgs.h"

namespace forja::core {

/// The Hessian at a point, or something near it; `iteration` counts from 1.
using Hessian = std::function<Matrix<double>(std::span<const double> point, std::int64_t iteration)>;

/// Minimises a smooth convex function by Newton's method: Cholesky's factors of the Hessian, with a small part of its
/// diagonal added and more where that takes it, and steps halved until the value falls. Otherwise as minimise().
LbfgsEnd minimise_newton(const Objective& objective, const Hessian& hessian, std::vector<double> start,
                         const LbfgsRules& rules, const Watch& watch);

}  // namespace forja::core
