#pragma once

#include <string_view>

#include "estimator/parameter_table.h"
#include "forja/gradient_descent.h"

namespace forja::core {

/// Losses of numbers only.
const ParameterTable<GradientDescentOptions>& gradient_descent_regressor_params();
const ParameterTable<GradientDescentOptions>& gradient_descent_classifier_params();

/// A table's ranges, clipping and the pieces of piecewise_constant. Throws InvalidArgument.
void check_gradient_descent(std::string_view call, const ParameterTable<GradientDescentOptions>& table,
                            const GradientDescentOptions& options);

}  // namespace forja::core
