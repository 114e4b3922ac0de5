// Parameters, saving and loading of LinearSVC and LinearSVR.

#include <limits>

#include "estimator/model_files.h"
#include "linear/class_input.h"
#include "linear/linear_state.h"
#include "linear/linear_svm_params.h"

namespace forja {

using nlohmann::json;

namespace core {
namespace {

template <class Options>
ParameterTable<Options>& add_common(ParameterTable<Options>& table) {
  return table.real("tol", &Options::tol, 0, kFinite)
      .positive("C", &Options::C, kFinite)
      .boolean("fit_intercept", &Options::fit_intercept)
      .positive("intercept_scaling", &Options::intercept_scaling, kFinite)
      .integer("max_iter", &Options::max_iter, 1)
      .seed("seed", &Options::seed);
}

}  // namespace

const ParameterTable<LinearSVCOptions>& linear_svc_params() {
  using Options = LinearSVCOptions;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    made.choice("loss", &Options::loss,
                {{"hinge", LinearSVCLoss::hinge}, {"squared_hinge", LinearSVCLoss::squared_hinge}});
    return add_class_weight(add_common(made));
  }();
  return table;
}

const ParameterTable<LinearSVROptions>& linear_svr_params() {
  using Options = LinearSVROptions;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    made.choice("loss", &Options::loss,
                {{"epsilon_insensitive", LinearSVRLoss::epsilon_insensitive},
                 {"squared_epsilon_insensitive", LinearSVRLoss::squared_epsilon_insensitive}})
        .real("epsilon", &Options::epsilon, 0, std::numeric_limits<double>::max());
    return add_common(made);
  }();
  return table;
}

}  // namespace core

namespace {

void store(const LinearSVMReport& report, json& state) {
  state["n_iter"] = report.n_iter;
  state["converged"] = report.converged;
  state["dual_gap"] = report.dual_gap;
  state["objective"] = report.objective;
}

LinearSVMReport linear_svm_report(const json& state) {
  return {core::integer_member(state, "n_iter", 0), core::flag_member(state, "converged"),
          core::amount_member(state, "dual_gap"), core::amount_member(state, "objective")};
}

}  // namespace

template <class T>
void LinearSVC<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("LinearSVC", core::type_name<T>(), get_params());
  json& state = document["state"] = core::linear_document(this->exact_coef(), this->exact_intercept());
  state["classes"] = core::array_document<std::int32_t>(this->classes());
  core::store_class_weights(options_.class_weights, state);
  store(report_, state);
  core::write_model("LinearSVC::save", out, document);
}

template <class T>
LinearSVC<T> LinearSVC<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "LinearSVC", core::type_name<T>());
  LinearSVCOptions options = core::stored_options(document, core::linear_svc_params());
  const json& state = document.at("state");
  options.class_weights = core::class_weights_from(state);
  LinearSVC model(std::move(options), device);
  std::vector<std::int32_t> classes = core::classes_from(state);
  core::LinearState linear = core::linear_from(state, std::ssize(classes));
  model.report_ = linear_svm_report(state);
  model.set_linear(std::move(classes), std::move(linear.coef), linear.intercept);
  return model;
}

template <class T>
void LinearSVR<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  json document = core::model_document("LinearSVR", core::type_name<T>(), get_params());
  json& state = document["state"] = core::linear_document(this->linear().coef, this->linear().intercept);
  store(report_, state);
  core::write_model("LinearSVR::save", out, document);
}

template <class T>
LinearSVR<T> LinearSVR<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "LinearSVR", core::type_name<T>());
  LinearSVR model(core::stored_options(document, core::linear_svr_params()), device);
  const json& state = document.at("state");
  core::LinearState linear = core::linear_from(state);
  core::require(linear.coef.rows() == 1, "\"coef\" is not of one target");
  model.report_ = linear_svm_report(state);
  model.set_linear(std::move(linear.coef), linear.intercept);
  return model;
}

FORJA_MODEL_FILES(LinearSVC, check_fitted)
FORJA_MODEL_FILES(LinearSVR, check_fitted)

}  // namespace forja
