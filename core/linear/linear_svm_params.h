#pragma once

#include "estimator/parameter_table.h"
#include "forja/linear_svm.h"

namespace forja::core {

const ParameterTable<LinearSVCOptions>& linear_svc_params();
const ParameterTable<LinearSVROptions>& linear_svr_params();

}  // namespace forja::core
