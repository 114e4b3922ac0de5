#pragma once

#include "estimator/parameter_table.h"
#include "forja/logistic_regression.h"

namespace forja::core {

const ParameterTable<LogisticRegressionOptions>& logistic_regression_params();

}  // namespace forja::core
