#pragma once

#include <cstdint>

#include "estimator/model_file.h"
#include "forja/sgd.h"

/// What files keep of descents.
namespace forja::core {

nlohmann::json descent_document(const SGDWeights& weights);
/// Of so many outputs, and numbers of the optimiser for each weight. Throws ModelFormatError.
SGDWeights descent_from(const nlohmann::json& state, std::int64_t outputs, std::int64_t states);

}  // namespace forja::core
