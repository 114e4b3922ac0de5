#pragma once

#include <string_view>

#include "estimator/parameter_table.h"
#include "forja/logistic_regression.h"

namespace forja::core {

const ParameterTable<LogisticRegressionOptions>& logistic_regression_params();

/// The table's ranges, class_weights, and a solver that can do with the penalty. Throws InvalidArgument.
void check_logistic_options(std::string_view call, const LogisticRegressionOptions& options);

}  // namespace forja::core
