#pragma once

#include "estimator/parameter_table.h"
#include "forja/svm.h"

namespace forja::core {

const ParameterTable<SVCOptions>& svc_params();
const ParameterTable<NuSVCOptions>& nu_svc_params();
const ParameterTable<SVROptions>& svr_params();
const ParameterTable<NuSVROptions>& nu_svr_params();
const ParameterTable<OneClassSVMOptions>& one_class_svm_params();

}  // namespace forja::core
