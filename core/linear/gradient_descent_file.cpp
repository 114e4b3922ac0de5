// Saving and loading of what gradient descent learns: all that the next epoch depends on.

#include <utility>

#include "estimator/model_files.h"
#include "forja/gradient_descent.h"
#include "formulas/optimizers.h"
#include "linear/class_input.h"
#include "linear/descent_driver.h"
#include "linear/descent_file.h"
#include "linear/gradient_descent_params.h"
#include "linear/linear_state.h"

namespace forja {
namespace {

using nlohmann::json;

void put(json& state, const char* name, const std::optional<double>& value) {
  if (value) state[name] = *value;
}

std::optional<double> amount_if_there(const json& state, const char* name) {
  if (!state.contains(name)) return std::nullopt;
  return core::amount_member(state, name);
}

json document_of(const GradientDescentOptions& options, const GradientDescentReport& report,
                 const GradientDescentState& learned) {
  json state = core::descent_document(learned.weights);
  state["boundaries"] = core::array_document<std::int64_t>(options.boundaries);
  state["rates"] = core::array_document<double>(options.rates);
  state["n_iter"] = report.n_iter;
  state["converged"] = report.converged;
  state["loss"] = report.loss;
  put(state, "validation_loss", report.validation_loss);
  put(state, "gradient_norm", report.gradient_norm);
  state["model"] = core::matrix_document(learned.model);
  state["optimizer"] = static_cast<std::int64_t>(learned.optimizer);
  put(state, "least_loss", learned.least_loss);
  state["without_gain"] = learned.without_gain;
  state["best"] = core::matrix_document(learned.best);
  put(state, "plateau_rate", learned.plateau_rate);
  put(state, "plateau_loss", learned.plateau_loss);
  state["plateau_without_progress"] = learned.plateau_without_progress;
  return state;
}

/// The pieces of a schedule, which its table has not.
void add_pieces(const json& state, GradientDescentOptions& options) {
  options.boundaries = core::array_member<std::int64_t>(state, "boundaries");
  options.rates = core::array_member<double>(state, "rates");
}

GradientDescentReport gradient_descent_report(const json& state) {
  return {core::integer_member(state, "n_iter", 0), core::flag_member(state, "converged"),
          core::amount_member(state, "loss"), amount_if_there(state, "validation_loss"),
          amount_if_there(state, "gradient_norm")};
}

GradientDescentState learned_from(const json& state, std::int64_t outputs) {
  GradientDescentState learned;
  const std::int64_t optimizer = core::integer_member(state, "optimizer", 0);
  core::require(optimizer <= static_cast<std::int64_t>(Optimizer::adamw), "\"optimizer\" is none that there is");
  learned.optimizer = static_cast<Optimizer>(optimizer);
  const auto kind = static_cast<formulas::OptimizerKind>(learned.optimizer);
  learned.weights = core::descent_from(state, outputs, formulas::optimizer_states(kind));
  learned.least_loss = amount_if_there(state, "least_loss");
  learned.without_gain = core::integer_member(state, "without_gain", 0);
  const auto like_weights = [&](const char* name, bool needed) {
    Matrix<double> found = core::matrix_member<double>(state, name);
    const Matrix<double>& weights = learned.weights.weights;
    core::require((found.empty() && !needed) || (found.rows() == outputs && found.columns() == weights.columns()),
                  "\"model\" or \"best\" does not fit \"weights\"");
    return found;
  };
  learned.model = like_weights("model", true);
  learned.best = like_weights("best", false);
  learned.plateau_rate = amount_if_there(state, "plateau_rate");
  learned.plateau_loss = amount_if_there(state, "plateau_loss");
  learned.plateau_without_progress = core::integer_member(state, "plateau_without_progress", 0);
  return learned;
}

}  // namespace

template <class T>
void GradientDescentRegressor<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("GradientDescentRegressor", core::type_name<T>(), get_params());
  document["state"] = document_of(options_, report_, state_);
  document["state"]["targets"] = this->n_targets();
  core::write_model("GradientDescentRegressor::save", out, document);
}

template <class T>
GradientDescentRegressor<T> GradientDescentRegressor<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "GradientDescentRegressor", core::type_name<T>());
  GradientDescentOptions options = core::stored_options(document, core::gradient_descent_regressor_params());
  const json& state = document.at("state");
  add_pieces(state, options);
  GradientDescentRegressor model(std::move(options), device);
  model.state_ = learned_from(state, core::integer_member(state, "targets", 1));
  model.report_ = gradient_descent_report(state);
  core::LinearParts parts = core::linear_parts(model.state_.model);
  model.set_linear(std::move(parts.coef), parts.intercept);
  return model;
}

template <class T>
void GradientDescentClassifier<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("GradientDescentClassifier", core::type_name<T>(), get_params());
  document["state"] = document_of(options_, report_, state_);
  core::store_class_weights(options_.class_weights, document["state"]);
  document["state"]["classes"] = core::array_document<std::int32_t>(this->classes());
  core::write_model("GradientDescentClassifier::save", out, document);
}

template <class T>
GradientDescentClassifier<T> GradientDescentClassifier<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "GradientDescentClassifier", core::type_name<T>());
  GradientDescentOptions options = core::stored_options(document, core::gradient_descent_classifier_params());
  const json& state = document.at("state");
  add_pieces(state, options);
  options.class_weights = core::class_weights_from(state);
  GradientDescentClassifier model(std::move(options), device);
  std::vector<std::int32_t> classes = core::classes_from(state);
  model.state_ = learned_from(state, core::outputs_of(classes));
  model.report_ = gradient_descent_report(state);
  core::LinearParts parts = core::linear_parts(model.state_.model);
  model.set_linear(std::move(classes), std::move(parts.coef), parts.intercept);
  return model;
}

FORJA_MODEL_FILES(GradientDescentRegressor, check_fitted)
FORJA_MODEL_FILES(GradientDescentClassifier, check_fitted)

}  // namespace forja
