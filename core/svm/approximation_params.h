#pragma once

#include "estimator/parameter_table.h"
#include "forja/kernel_approximation.h"

namespace forja::core {

const ParameterTable<RBFSamplerOptions>& rbf_sampler_params();
const ParameterTable<NystroemOptions>& nystroem_params();

}  // namespace forja::core
