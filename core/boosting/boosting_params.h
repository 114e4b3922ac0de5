#pragma once

#include <string_view>

#include "estimator/parameter_table.h"
#include "forja/boosting.h"

namespace forja::core {

const ParameterTable<HistGradientBoostingRegressorOptions>& boosting_regressor_params();
const ParameterTable<HistGradientBoostingClassifierOptions>& boosting_classifier_params();
const ParameterTable<BinOptions>& bin_params();

}  // namespace forja::core
