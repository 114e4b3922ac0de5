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
  const End& end = this->end("save");
  json document = core::model_document("LogisticRegression", core::type_name<T>(), get_params());
  document["state"] = {{"classes", core::array_document<std::int32_t>(this->classes())},
                       {"coef", core::matrix_document(this->exact_coef())},
                       {"intercept", core::array_document<double>(this->exact_intercept())},
                       {"gradient_norm", end.gradient_norm},
                       {"loss", end.loss},
                       {"n_iter", end.n_iter},
                       {"converged", end.converged}};
  core::write_model("LogisticRegression::save", out, document);
}

template <class T>
LogisticRegression<T> LogisticRegression<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "LogisticRegression", core::type_name<T>());
  LogisticRegression model(core::stored_options(document, core::logistic_regression_params()), device);
  const json& state = document.at("state");
  std::vector<std::int32_t> names = core::array_member<std::int32_t>(state, "classes");
  Matrix<double> coef = core::matrix_member<double>(state, "coef");
  const std::vector<double> intercept = core::array_member<double>(state, "intercept");
  model.end_.gradient_norm = core::amount_member(state, "gradient_norm");
  model.end_.loss = core::amount_member(state, "loss");
  model.end_.n_iter = core::integer_member(state, "n_iter", 0);
  model.end_.converged = core::flag_member(state, "converged");
  const std::int64_t classes = std::ssize(names);
  core::require(classes >= 2 && std::adjacent_find(names.begin(), names.end(), std::greater_equal<>()) == names.end(),
                "\"classes\" are not two or more that ascend");
  core::require(coef.rows() == (classes == 2 ? 1 : classes) && coef.columns() > 0, "\"coef\" does not fit the classes");
  core::require(std::ssize(intercept) == coef.rows(), "\"intercept\" does not fit \"coef\"");
  model.set_linear(std::move(names), std::move(coef), intercept);
  return model;
}

FORJA_MODEL_FILES(LogisticRegression, check_fitted)

}  // namespace forja
