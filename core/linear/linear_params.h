#pragma once

#include <cstdint>
#include <string_view>

#include "estimator/parameter_table.h"
#include "forja/linear.h"
#include "forja/ridge_cv.h"

namespace forja::core {

const ParameterTable<LinearRegressionOptions>& linear_regression_params();
const ParameterTable<RidgeOptions>& ridge_params();
const ParameterTable<RidgeCVOptions>& ridge_cv_params();
const ParameterTable<LassoOptions>& lasso_params();
const ParameterTable<ElasticNetOptions>& elastic_net_params();

/// The table's ranges, and that alpha_per_target is empty or one finite value of at least 0 per target. Throws
/// InvalidArgument.
void check_ridge_options(std::string_view call, const RidgeOptions& options, std::int64_t targets);

/// The table's ranges, and that there are alphas, each a finite number of at least 0. Throws InvalidArgument.
void check_ridge_cv_options(std::string_view call, const RidgeCVOptions& options);

/// The options' ranges. Throws InvalidArgument.
void check_path_options(std::string_view call, const PathOptions& options);

}  // namespace forja::core
