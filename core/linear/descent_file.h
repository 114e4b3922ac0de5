#pragma once

#include <cstdint>
#include <vector>

#include "estimator/model_file.h"
#include "forja/sgd.h"

/// What files keep of descents.
namespace forja::core {

nlohmann::json descent_document(const SGDWeights& weights);
/// Of so many outputs, and numbers of the optimiser for each weight. Throws ModelFormatError.
SGDWeights descent_from(const nlohmann::json& state, std::int64_t outputs, std::int64_t states);

/// The member "classes": two at least, ascending. Throws ModelFormatError.
std::vector<std::int32_t> classes_from(const nlohmann::json& state);

}  // namespace forja::core
