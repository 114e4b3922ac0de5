#include "linear/linear_state.h"

#include <algorithm>
#include <functional>

#include "estimator/model_file.h"

namespace forja::core {

using nlohmann::json;

json linear_document(const Matrix<double>& coef, const std::vector<double>& intercept) {
  return {{"coef", matrix_document(coef)}, {"intercept", array_document<double>(intercept)}};
}

LinearState linear_from(const json& state) {
  LinearState linear{matrix_member<double>(state, "coef"), array_member<double>(state, "intercept")};
  require(linear.coef.rows() > 0 && linear.coef.columns() > 0, "\"coef\" is empty");
  require(std::ssize(linear.intercept) == linear.coef.rows(), "\"intercept\" is not one per target");
  return linear;
}

std::vector<std::int32_t> classes_from(const json& state) {
  std::vector<std::int32_t> classes = array_member<std::int32_t>(state, "classes");
  require(classes.size() >= 2 &&
              std::adjacent_find(classes.begin(), classes.end(), std::greater_equal<>()) == classes.end(),
          "\"classes\" are not two or more that ascend");
  return classes;
}

LinearState linear_from(const json& state, std::int64_t classes) {
  LinearState linear = linear_from(state);
  require(linear.coef.rows() == (classes == 2 ? 1 : classes), "\"coef\" does not fit the classes");
  return linear;
}

void store_class_weights(const ClassWeights& weights, json& state) {
  std::vector<std::int32_t> labels;
  std::vector<double> values;
  for (const auto& [label, weight] : weights) {
    labels.push_back(label);
    values.push_back(weight);
  }
  state["weighed"] = array_document<std::int32_t>(labels);
  state["class_weights"] = array_document<double>(values);
}

ClassWeights class_weights_from(const json& state) {
  const auto labels = array_member<std::int32_t>(state, "weighed");
  const auto values = array_member<double>(state, "class_weights");
  require(labels.size() == values.size(), "\"class_weights\" does not fit \"weighed\"");
  ClassWeights weights;
  for (std::size_t i = 0; i < labels.size(); ++i) weights.emplace_back(labels[i], values[i]);
  return weights;
}

}  // namespace forja::core
