#pragma once

#include <string_view>

#include "estimator/parameter_table.h"
#include "forja/kmeans.h"

namespace forja::core {

const ParameterTable<KMeansOptions>& kmeans_params();
const ParameterTable<MiniBatchKMeansOptions>& mini_batch_kmeans_params();

/// The table's ranges, and what two parameters must have between them. Throws InvalidArgument.
void check_mini_batch_options(std::string_view call, const MiniBatchKMeansOptions& options);

}  // namespace forja::core
