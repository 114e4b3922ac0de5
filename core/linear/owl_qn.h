#pragma once

#include <span>
#include <vector>

#include "estimator/watch.h"
#include "linear/lbfgs.h"

namespace forja::core {

/// Minimises a smooth convex function plus sum of l1_k |x_k|, l1_k >= 0, by orthant-wise limited-memory quasi-Newton
/// (Andrew and Gao 2007). What the end calls gradient is the subgradient of least norm, and its value has the penalty.
/// Otherwise as minimise().
LbfgsEnd minimise_sparse(const Objective& objective, std::span<const double> l1, std::vector<double> start,
                         const LbfgsRules& rules, const Watch& watch);

}  // namespace forja::core
