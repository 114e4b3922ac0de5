#pragma once

#include <cstdint>
#include <span>

#include "boosting/fitted_forest.h"

namespace forja::core {

/// What a tree's inner nodes have in all, from its leaves.
void sum_facts(std::span<const compute::ForestNode> nodes, std::span<ForestNodeFacts> facts);

/// Moves the values of a tree's leaves, which are not those that its splits were found by, so that they rise (1) or
/// fall (-1) with these features: at such a split the middle of both sides' means bounds them.
void make_monotone(std::span<compute::ForestNode> nodes, std::span<const ForestNodeFacts> facts,
                   std::span<const std::int8_t> monotonic);

}  // namespace forja::core
