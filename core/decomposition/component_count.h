#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "forja/decomposition.h"

namespace forja::core {

/// Throws InvalidArgument for a count beyond min(rows, columns), or a kind that the solver cannot serve.
void check_components(std::string_view call, const ComponentCount& wanted, SvdSolver solver, std::int64_t rows,
                      std::int64_t columns);

/// How many of all the squared singular values, descending, of so many rows to keep.
std::int64_t components_to_keep(const ComponentCount& wanted, std::span<const double> squares, std::int64_t rows);

}  // namespace forja::core
