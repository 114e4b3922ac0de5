#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "forja/linear_classifier.h"
#include "forja/matrix.h"

/// What model files hold of linear models. Reading throws ModelFormatError where something does not fit.
namespace forja::core {

struct LinearState {
  Matrix<double> coef;
  std::vector<double> intercept;
};

nlohmann::json linear_document(const Matrix<double>& coef, const std::vector<double>& intercept);
LinearState linear_from(const nlohmann::json& state);

/// Two or more that ascend.
std::vector<std::int32_t> classes_from(const nlohmann::json& state);
/// Coefficients that fit so many classes.
LinearState linear_from(const nlohmann::json& state, std::int64_t classes);

void store_class_weights(const ClassWeights& weights, nlohmann::json& state);
ClassWeights class_weights_from(const nlohmann::json& state);

}  // namespace forja::core
