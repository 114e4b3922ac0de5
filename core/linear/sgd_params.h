#pragma once

#include <string_view>

#include "estimator/parameter_table.h"
#include "forja/perceptron.h"
#include "forja/sgd.h"

namespace forja::core {

const ParameterTable<SGDClassifierOptions>& sgd_classifier_params();
const ParameterTable<SGDRegressorOptions>& sgd_regressor_params();
const ParameterTable<PerceptronOptions>& perceptron_params();

/// The tables' ranges, and what hangs together: optimal rates need alpha, a regressor a loss of numbers. Throw
/// InvalidArgument.
void check_sgd_options(std::string_view call, const SGDClassifierOptions& options);
void check_sgd_options(std::string_view call, const SGDRegressorOptions& options);
void check_sgd_options(std::string_view call, const PerceptronOptions& options);

}  // namespace forja::core
