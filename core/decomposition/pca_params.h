#pragma once

#include "estimator/parameter_table.h"
#include "forja/decomposition.h"
#include "forja/incremental_pca.h"
#include "forja/random_projection.h"
#include "forja/svd.h"

namespace forja::core {

const ParameterTable<PCAOptions>& pca_params();
const ParameterTable<IncrementalPCAOptions>& incremental_pca_params();
const ParameterTable<GaussianRandomProjectionOptions>& gaussian_projection_params();
const ParameterTable<SparseRandomProjectionOptions>& sparse_projection_params();
const ParameterTable<TruncatedSVDOptions>& truncated_svd_params();
const ParameterTable<RandomizedSvdOptions>& randomized_svd_params();

}  // namespace forja::core
