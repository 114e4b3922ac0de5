#pragma once

#include "estimator/parameter_table.h"
#include "forja/decomposition.h"

namespace forja::core {

const ParameterTable<PCAOptions>& pca_params();

}  // namespace forja::core
