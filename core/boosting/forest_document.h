#pragma once

#include <nlohmann/json.hpp>

#include "boosting/fitted_forest.h"

/// What model files hold of forests.
namespace forja::core {

nlohmann::json forest_document(const FittedForest& forest);

/// Checked so that no prediction can leave the forest or run in circles. T: of the model, whose numbers bounds are.
/// Throws ModelFormatError where something does not fit.
template <class T>
FittedForest forest_from(const nlohmann::json& state, std::int64_t outputs);

}  // namespace forja::core
