// Saving and loading of what stochastic descent learns.

#include <utility>

#include "estimator/model_files.h"
#include "forja/perceptron.h"
#include "forja/sgd.h"
#include "linear/class_input.h"
#include "linear/descent_driver.h"
#include "linear/descent_file.h"
#include "linear/linear_state.h"
#include "linear/sgd_params.h"

namespace forja {
namespace {

using nlohmann::json;

json document_of(const SGDReport& report, const SGDWeights& weights) {
  json state = core::descent_document(weights);
  state["n_iter"] = report.n_iter;
  state["converged"] = report.converged;
  state["loss"] = report.loss;
  return state;
}

SGDReport sgd_report(const json& state) {
  return {core::integer_member(state, "n_iter", 0), core::flag_member(state, "converged"),
          core::amount_member(state, "loss")};
}

json document_of(const SGDReport& report, const SGDWeights& weights, std::span<const std::int32_t> classes,
                 const ClassWeights& class_weights) {
  json state = document_of(report, weights);
  state["classes"] = core::array_document<std::int32_t>(classes);
  core::store_class_weights(class_weights, state);
  return state;
}

}  // namespace

template <class T>
void SGDClassifier<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("SGDClassifier", core::type_name<T>(), get_params());
  document["state"] = document_of(report_, weights_, this->classes(), options_.class_weights);
  core::write_model("SGDClassifier::save", out, document);
}

template <class T>
SGDClassifier<T> SGDClassifier<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "SGDClassifier", core::type_name<T>());
  SGDClassifierOptions options = core::stored_options(document, core::sgd_classifier_params());
  const json& state = document.at("state");
  options.class_weights = core::class_weights_from(state);
  SGDClassifier model(std::move(options), device);
  std::vector<std::int32_t> classes = core::classes_from(state);
  SGDWeights weights = core::descent_from(state, core::outputs_of(classes), 0);
  model.take(std::move(classes), sgd_report(state), std::move(weights));
  return model;
}

template <class T>
void Perceptron<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("Perceptron", core::type_name<T>(), get_params());
  document["state"] = document_of(report_, weights_, this->classes(), options_.class_weights);
  core::write_model("Perceptron::save", out, document);
}

template <class T>
Perceptron<T> Perceptron<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "Perceptron", core::type_name<T>());
  PerceptronOptions options = core::stored_options(document, core::perceptron_params());
  const json& state = document.at("state");
  options.class_weights = core::class_weights_from(state);
  Perceptron model(std::move(options), device);
  std::vector<std::int32_t> classes = core::classes_from(state);
  SGDWeights weights = core::descent_from(state, core::outputs_of(classes), 0);
  model.take(std::move(classes), sgd_report(state), std::move(weights));
  return model;
}

template <class T>
void SGDRegressor<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("SGDRegressor", core::type_name<T>(), get_params());
  document["state"] = document_of(report_, weights_);
  core::write_model("SGDRegressor::save", out, document);
}

template <class T>
SGDRegressor<T> SGDRegressor<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "SGDRegressor", core::type_name<T>());
  SGDRegressor model(core::stored_options(document, core::sgd_regressor_params()), device);
  const json& state = document.at("state");
  model.weights_ = core::descent_from(state, 1, 0);
  model.report_ = sgd_report(state);
  core::LinearParts parts = core::linear_parts(core::chosen_weights(model.weights_));
  model.set_linear(std::move(parts.coef), parts.intercept);
  return model;
}

FORJA_MODEL_FILES(SGDClassifier, check_fitted)
FORJA_MODEL_FILES(SGDRegressor, check_fitted)
FORJA_MODEL_FILES(Perceptron, check_fitted)

}  // namespace forja
