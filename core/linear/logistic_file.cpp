// Parameters, saving and loading of LogisticRegression.

#include <algorithm>
#include <functional>
#include <limits>

#include "estimator/model_files.h"
#include "linear/logistic_params.h"

namespace forja {

const core::ParameterTable<LogisticRegressionOptions>& core::logistic_regression_params() {
  using Options = LogisticRegressionOptions;
  constexpr double kFinite = std::numeric_limits<double>::max();
  static const ParameterTable<Options> table =
      ParameterTable<Options>()
          .choice("penalty", &Options::penalty, {{"l2", LogisticPenalty::l2}, {"none", LogisticPenalty::none}})
          .add({"C", "a finite number above 0", [](const Options& options) { return ParamValue(options.C); },
                [](Options& options, const ParamValue& value) {
                  const std::optional<double> number = as_real(value);
                  if (number) options.C = *number;
                  return number.has_value();
                },
                [](const Options& options) { return options.C > 0 && options.C <= kFinite; }})
          .boolean("fit_intercept", &Options::fit_intercept)
          .real("tol", &Options::tol, 0, kFinite)
          .integer("max_iter", &Options::max_iter, 1);
  return table;
}

using nlohmann::json;

template <class T>
void LogisticRegression<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  json document = core::model_document("LogisticRegression", core::type_name<T>(), get_params());
  document["state"] = {{"classes", core::array_document<std::int32_t>(state.classes)},
                       {"coef", core::matrix_document(state.coef)},
                       {"intercept", core::array_document<double>(state.intercept)},
                       {"gradient_norm", state.gradient_norm},
                       {"loss", state.loss},
                       {"n_iter", state.n_iter},
                       {"converged", state.converged}};
  core::write_model("LogisticRegression::save", out, document);
}

template <class T>
LogisticRegression<T> LogisticRegression<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "LogisticRegression", core::type_name<T>());
  LogisticRegression model(core::stored_options(document, core::logistic_regression_params()), device);
  const json& state = document.at("state");
  State next;
  next.classes = core::array_member<std::int32_t>(state, "classes");
  next.coef = core::matrix_member<double>(state, "coef");
  next.intercept = core::array_member<double>(state, "intercept");
  next.gradient_norm = core::amount_member(state, "gradient_norm");
  next.loss = core::amount_member(state, "loss");
  next.n_iter = core::integer_member(state, "n_iter", 0);
  next.converged = core::flag_member(state, "converged");
  const std::int64_t classes = std::ssize(next.classes);
  core::require(classes >= 2 && std::adjacent_find(next.classes.begin(), next.classes.end(), std::greater_equal<>()) ==
                                    next.classes.end(),
                "\"classes\" are not two or more that ascend");
  core::require(next.coef.rows() == (classes == 2 ? 1 : classes) && next.coef.columns() > 0,
                "\"coef\" does not fit the classes");
  core::require(std::ssize(next.intercept) == next.coef.rows(), "\"intercept\" does not fit \"coef\"");
  set_public(next);
  model.state_ = std::move(next);
  return model;
}

FORJA_MODEL_FILES(LogisticRegression, fitted)

}  // namespace forja
