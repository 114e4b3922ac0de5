// Parameters, saving and loading of LogisticRegression.

#include <limits>

#include "estimator/model_files.h"
#include "linear/class_input.h"
#include "linear/linear_state.h"
#include "linear/logistic_params.h"

namespace forja {

const core::ParameterTable<LogisticRegressionOptions>& core::logistic_regression_params() {
  using Options = LogisticRegressionOptions;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    made.choice("penalty", &Options::penalty,
                {{"l2", LogisticPenalty::l2},
                 {"none", LogisticPenalty::none},
                 {"l1", LogisticPenalty::l1},
                 {"elasticnet", LogisticPenalty::elasticnet}})
        .real("l1_ratio", &Options::l1_ratio, 0, 1)
        .positive("C", &Options::C, core::kFinite)
        .boolean("fit_intercept", &Options::fit_intercept)
        .real("tol", &Options::tol, 0, core::kFinite)
        .integer("max_iter", &Options::max_iter, 1)
        .choice("solver", &Options::solver,
                {{"auto", LogisticSolver::automatic},
                 {"lbfgs", LogisticSolver::lbfgs},
                 {"newton-cholesky", LogisticSolver::newton_cholesky}});
    return add_class_weight(made);
  }();
  return table;
}

void core::check_logistic_options(std::string_view call, const LogisticRegressionOptions& options) {
  logistic_regression_params().check(call, options);
  check_class_weights(call, options.class_weights);
  if (options.solver == LogisticSolver::newton_cholesky &&
      (options.penalty == LogisticPenalty::l1 || options.penalty == LogisticPenalty::elasticnet)) {
    throw InvalidArgument(fmt::format("{}: solver = \"newton-cholesky\" but penalty = {}: it must be l2 or none", call,
                                      to_text(logistic_regression_params().get(options).at("penalty"))));
  }
}

using nlohmann::json;

template <class T>
void LogisticRegression<T>::save(std::ostream& out) const {
  const End& end = this->end("save");
  json document = core::model_document("LogisticRegression", core::type_name<T>(), get_params());
  json& state = document["state"] = core::linear_document(this->exact_coef(), this->exact_intercept());
  state["classes"] = core::array_document<std::int32_t>(this->classes());
  core::store_class_weights(options_.class_weights, state);
  state["gradient_norm"] = end.gradient_norm;
  state["loss"] = end.loss;
  state["n_iter"] = end.n_iter;
  state["converged"] = end.converged;
  core::write_model("LogisticRegression::save", out, document);
}

template <class T>
LogisticRegression<T> LogisticRegression<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "LogisticRegression", core::type_name<T>());
  LogisticRegressionOptions options = core::stored_options(document, core::logistic_regression_params());
  const json& state = document.at("state");
  options.class_weights = core::class_weights_from(state);
  LogisticRegression model(std::move(options), device);
  model.end_.gradient_norm = core::amount_member(state, "gradient_norm");
  model.end_.loss = core::amount_member(state, "loss");
  model.end_.n_iter = core::integer_member(state, "n_iter", 0);
  model.end_.converged = core::flag_member(state, "converged");
  std::vector<std::int32_t> classes = core::classes_from(state);
  core::LinearState linear = core::linear_from(state, std::ssize(classes));
  model.set_linear(std::move(classes), std::move(linear.coef), linear.intercept);
  return model;
}

FORJA_MODEL_FILES(LogisticRegression, check_fitted)

}  // namespace forja
