// Saving and loading of gradient boosting.

#include <algorithm>
#include <functional>

#include "boosting/boosting_fit.h"
#include "boosting/boosting_params.h"
#include "boosting/forest_document.h"
#include "estimator/model_files.h"
#include "forja/boosting.h"
#include "linear/linear_state.h"

namespace forja {
namespace {

using nlohmann::json;

/// Options that are lists.
template <class Options>
void store_lists(const Options& options, json& state) {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> features;
  for (const std::vector<std::int64_t>& group : options.interaction_cst) {
    sizes.push_back(std::ssize(group));
    features.insert(features.end(), group.begin(), group.end());
  }
  state["categorical_features"] = core::array_document<std::int64_t>(options.categorical_features);
  state["monotonic_cst"] = core::array_document<std::int32_t>(options.monotonic_cst);
  state["interaction_sizes"] = core::array_document<std::int64_t>(sizes);
  state["interaction_features"] = core::array_document<std::int64_t>(features);
}

template <class Options>
void read_lists(const json& state, Options& options) {
  options.categorical_features = core::array_member<std::int64_t>(state, "categorical_features");
  options.monotonic_cst = core::array_member<std::int32_t>(state, "monotonic_cst");
  const auto sizes = core::array_member<std::int64_t>(state, "interaction_sizes");
  const auto features = core::array_member<std::int64_t>(state, "interaction_features");
  auto next = features.begin();
  for (const std::int64_t size : sizes) {
    core::require(size >= 0 && size <= features.end() - next, "\"interaction_sizes\" does not fit the features");
    options.interaction_cst.emplace_back(next, next + size);
    next += size;
  }
  core::require(next == features.end(), "\"interaction_sizes\" does not fit the features");
}

template <class Fitted>
json fit_document(const Fitted& fitted) {
  json state = core::forest_document(*fitted.forest);
  state["train_score"] = core::array_document<double>(fitted.train_score);
  state["validation_score"] = core::array_document<double>(fitted.validation_score);
  state["converged"] = fitted.converged;
  return state;
}

template <class T, class Fitted>
Fitted read_fit(const json& state, std::int64_t outputs) {
  core::BoostingFit fit;
  fit.forest = core::forest_from<T>(state, outputs);
  fit.train_score = core::array_member<double>(state, "train_score");
  fit.validation_score = core::array_member<double>(state, "validation_score");
  fit.converged = core::flag_member(state, "converged");
  return core::fitted_state<T, Fitted>(std::move(fit));
}

}  // namespace

template <class T>
void HistGradientBoostingRegressor<T>::save(std::ostream& out) const {
  const auto& fitted = this->fitted("save");
  json document = core::model_document("HistGradientBoostingRegressor", core::type_name<T>(), get_params());
  json& state = document["state"] = fit_document(fitted);
  store_lists(options_, state);
  state["exponential"] = exponential_;
  core::write_model("HistGradientBoostingRegressor::save", out, document);
}

template <class T>
HistGradientBoostingRegressor<T> HistGradientBoostingRegressor<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "HistGradientBoostingRegressor", core::type_name<T>());
  HistGradientBoostingRegressorOptions options = core::stored_options(document, core::boosting_regressor_params());
  const json& state = document.at("state");
  read_lists(state, options);
  HistGradientBoostingRegressor model(std::move(options), device);
  model.exponential_ = core::flag_member(state, "exponential");
  model.set_fitted(read_fit<T, typename HistGradientBoosting<T>::Fitted>(state, 1));
  return model;
}

template <class T>
void HistGradientBoostingClassifier<T>::save(std::ostream& out) const {
  const auto& fitted = this->fitted("save");
  json document = core::model_document("HistGradientBoostingClassifier", core::type_name<T>(), get_params());
  json& state = document["state"] = fit_document(fitted);
  store_lists(options_, state);
  core::store_class_weights(options_.class_weights, state);
  state["classes"] = core::array_document<std::int32_t>(classes_);
  core::write_model("HistGradientBoostingClassifier::save", out, document);
}

template <class T>
HistGradientBoostingClassifier<T> HistGradientBoostingClassifier<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "HistGradientBoostingClassifier", core::type_name<T>());
  HistGradientBoostingClassifierOptions options = core::stored_options(document, core::boosting_classifier_params());
  const json& state = document.at("state");
  read_lists(state, options);
  options.class_weights = core::class_weights_from(state);
  HistGradientBoostingClassifier model(std::move(options), device);
  model.classes_ = core::classes_from(state);
  const std::int64_t outputs = model.classes_.size() == 2 ? 1 : std::ssize(model.classes_);
  model.set_fitted(read_fit<T, typename HistGradientBoosting<T>::Fitted>(state, outputs));
  return model;
}

FORJA_MODEL_FILES(HistGradientBoostingRegressor, fitted)
FORJA_MODEL_FILES(HistGradientBoostingClassifier, fitted)

}  // namespace forja
