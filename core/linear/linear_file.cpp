// Saving and loading of the linear models.

#include "estimator/model_files.h"
#include "forja/linear.h"
#include "forja/ridge_cv.h"
#include "linear/linear_params.h"
#include "linear/linear_state.h"

namespace forja {
namespace {

using nlohmann::json;

void add_report(json& state, const LeastSquaresReport& report) {
  state["rank"] = report.rank;
  state["singular_values"] = core::array_document<double>(report.singular_values);
  state["condition"] = report.condition;
  state["backward_error"] = report.backward_error;
  state["svd"] = report.solver_used == LeastSquaresSolver::svd;
}

LeastSquaresReport least_squares_report(const json& state) {
  LeastSquaresReport report;
  report.rank = core::integer_member(state, "rank", 0);
  report.singular_values = core::array_member<double>(state, "singular_values");
  report.condition = core::amount_member(state, "condition");
  report.backward_error = core::amount_member(state, "backward_error");
  report.solver_used = core::flag_member(state, "svd") ? LeastSquaresSolver::svd : LeastSquaresSolver::cholesky;
  return report;
}

}  // namespace

template <class T>
void LinearRegression<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("LinearRegression", core::type_name<T>(), get_params());
  json& state = document["state"] = core::linear_document(this->linear().coef, this->linear().intercept);
  add_report(state, report_);
  core::write_model("LinearRegression::save", out, document);
}

template <class T>
LinearRegression<T> LinearRegression<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "LinearRegression", core::type_name<T>());
  LinearRegression model(core::stored_options(document, core::linear_regression_params()), device);
  const json& state = document.at("state");
  core::LinearState linear = core::linear_from(state);
  model.set_linear(std::move(linear.coef), linear.intercept);
  model.report_ = least_squares_report(state);
  return model;
}

template <class T>
void Ridge<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("Ridge", core::type_name<T>(), get_params());
  document["alpha_per_target"] = core::array_document<double>(options_.alpha_per_target);
  json& state = document["state"] = core::linear_document(this->linear().coef, this->linear().intercept);
  add_report(state, report_);
  if (descent_.gradient_norm) {
    state["gradient_norm"] = *descent_.gradient_norm;
    state["n_iter"] = descent_.n_iter;
    state["converged"] = descent_.converged;
  }
  core::write_model("Ridge::save", out, document);
}

template <class T>
Ridge<T> Ridge<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "Ridge", core::type_name<T>());
  RidgeOptions options = core::stored_options(document, core::ridge_params());
  const json& state = document.at("state");
  core::LinearState linear = core::linear_from(state);
  options.alpha_per_target = core::array_member<double>(document, "alpha_per_target");
  try {
    core::check_ridge_options("model file", options, linear.coef.rows());
  } catch (const InvalidArgument& refused) {
    throw ModelFormatError(refused.what());
  }
  Ridge model(std::move(options), device);
  model.set_linear(std::move(linear.coef), linear.intercept);
  model.report_ = least_squares_report(state);
  if (state.contains("gradient_norm")) {
    model.report_.solver_used = LeastSquaresSolver::gradient;
    model.descent_ = {core::integer_member(state, "n_iter", 0), core::flag_member(state, "converged"),
                      core::amount_member(state, "gradient_norm")};
  }
  return model;
}

template <class T>
void RidgeCV<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("RidgeCV", core::type_name<T>(), get_params());
  document["alphas"] = core::array_document<double>(options_.alphas);
  json& state = document["state"] = core::linear_document(this->linear().coef, this->linear().intercept);
  state["scores"] = core::matrix_document(choice_.scores);
  state["best"] = choice_.best;
  add_report(state, report_);
  core::write_model("RidgeCV::save", out, document);
}

template <class T>
RidgeCV<T> RidgeCV<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "RidgeCV", core::type_name<T>());
  RidgeCVOptions options = core::stored_options(document, core::ridge_cv_params());
  options.alphas = core::array_member<double>(document, "alphas");
  try {
    core::check_ridge_cv_options("model file", options);
  } catch (const InvalidArgument& refused) {
    throw ModelFormatError(refused.what());
  }
  const json& state = document.at("state");
  core::LinearState linear = core::linear_from(state);
  Choice choice{core::matrix_member<double>(state, "scores"), core::integer_member(state, "best", 0)};
  core::require(choice.scores.rows() == std::ssize(options.alphas) && choice.scores.columns() >= 2,
                "\"scores\" does not fit the alphas");
  core::require(choice.best < choice.scores.rows(), "\"best\" is not one of the alphas");
  RidgeCV model(std::move(options), device);
  model.set_linear(std::move(linear.coef), linear.intercept);
  model.choice_ = std::move(choice);
  model.report_ = least_squares_report(state);
  return model;
}

/// Lasso and ElasticNet: the same state, other parameters.
#define FORJA_SPARSE(Model, table)                                                                          \
  template <class T>                                                                                        \
  void Model<T>::save(std::ostream& out) const {                                                            \
    this->check_fitted("save");                                                                             \
    json document = core::model_document(#Model, core::type_name<T>(), get_params());                       \
    json& state = document["state"] = core::linear_document(this->linear().coef, this->linear().intercept); \
    state["n_iter"] = this->report_.n_iter;                                                                 \
    state["converged"] = this->report_.converged;                                                           \
    state["dual_gap"] = this->report_.dual_gap;                                                             \
    core::write_model(#Model "::save", out, document);                                                      \
  }                                                                                                         \
  template <class T>                                                                                        \
  Model<T> Model<T>::load(std::istream& in, Device device) {                                                \
    const json document = core::read_model(in, #Model, core::type_name<T>());                               \
    Model model(core::stored_options(document, table), device);                                             \
    const json& state = document.at("state");                                                               \
    core::LinearState linear = core::linear_from(state);                                                    \
    core::require(linear.coef.rows() == 1, "\"coef\" is of several targets");                               \
    model.set_linear(std::move(linear.coef), linear.intercept);                                             \
    model.report_ = {core::integer_member(state, "n_iter", 0), core::flag_member(state, "converged"),       \
                     core::amount_member(state, "dual_gap")};                                               \
    return model;                                                                                           \
  }
FORJA_SPARSE(Lasso, core::lasso_params())
FORJA_SPARSE(ElasticNet, core::elastic_net_params())
#undef FORJA_SPARSE

FORJA_MODEL_FILES(LinearRegression, check_fitted)
FORJA_MODEL_FILES(Ridge, check_fitted)
FORJA_MODEL_FILES(RidgeCV, check_fitted)
FORJA_MODEL_FILES(Lasso, check_fitted)
FORJA_MODEL_FILES(ElasticNet, check_fitted)

}  // namespace forja
