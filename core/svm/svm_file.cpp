// Saving and loading of kernel machines.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "estimator/model_files.h"
#include "forja/svm.h"
#include "linear/linear_state.h"
#include "svm/kernel_state.h"
#include "svm/svm_params.h"

namespace forja {
namespace {

using nlohmann::json;

template <class Fitted>
json machine_document(const Fitted& fitted) {
  json document = core::kernel_state(fitted);
  document.update({{"n_features_in", fitted.n_features_in},
                   {"support", core::array_document<std::int64_t>(fitted.support)},
                   {"support_vectors", core::matrix_document(fitted.support_vectors)},
                   {"n_support", core::array_document<std::int64_t>(fitted.n_support)},
                   {"dual_coef", core::matrix_document(fitted.dual_coef)},
                   {"intercept", core::array_document<double>(fitted.intercept)},
                   {"objective", core::array_document<double>(fitted.objective)},
                   {"n_iter", fitted.n_iter},
                   {"kkt_violation", fitted.kkt_violation},
                   {"converged", fitted.converged}});
  return document;
}

/// classes: of a classifier; 0: one machine alone.
template <class T, class Fitted>
void read_machine(const json& state, std::int64_t classes, Fitted& fitted) {
  core::read_kernel_state(state, SVMKernel::precomputed, fitted);
  fitted.n_features_in = core::integer_member(state, "n_features_in", 1);
  fitted.support = core::array_member<std::int64_t>(state, "support");
  fitted.support_vectors = core::matrix_member<T>(state, "support_vectors");
  fitted.n_support = core::array_member<std::int64_t>(state, "n_support");
  fitted.dual_coef = core::matrix_member<double>(state, "dual_coef");
  fitted.intercept = core::array_member<double>(state, "intercept");
  fitted.objective = core::array_member<double>(state, "objective");
  fitted.n_iter = core::integer_member(state, "n_iter", 0);
  fitted.kkt_violation = core::amount_member(state, "kkt_violation");
  fitted.converged = core::flag_member(state, "converged");

  const std::int64_t count = std::ssize(fitted.support);
  const bool given = fitted.kernel == SVMKernel::precomputed;
  core::require(std::all_of(fitted.support.begin(), fitted.support.end(),
                            [&](std::int64_t row) { return row >= 0 && (!given || row < fitted.n_features_in); }),
                "\"support\" names a row that is not there");
  core::require(given || (fitted.support_vectors.rows() == count &&
                          (count == 0 || fitted.support_vectors.columns() == fitted.n_features_in)),
                "\"support_vectors\" does not fit \"support\"");
  core::require(
      fitted.dual_coef.rows() == std::max<std::int64_t>(classes - 1, 1) && fitted.dual_coef.columns() == count,
      "\"dual_coef\" does not fit \"support\"");
  const std::int64_t machines = classes == 0 ? 1 : classes * (classes - 1) / 2;
  core::require(std::ssize(fitted.intercept) == machines && std::ssize(fitted.objective) == machines,
                "\"intercept\" or \"objective\" does not fit the classes");
  core::require(std::ssize(fitted.n_support) == std::max<std::int64_t>(classes, 1) &&
                    std::all_of(fitted.n_support.begin(), fitted.n_support.end(),
                                [&](std::int64_t own) { return own >= 0 && own <= count; }) &&
                    std::accumulate(fitted.n_support.begin(), fitted.n_support.end(), std::int64_t{0}) == count,
                "\"n_support\" does not fit \"support\"");
}

/// What SVC's options have beside its parameters.
void store_more(const SVCOptions& options, json& state) { core::store_class_weights(options.class_weights, state); }
void store_more(const NuSVCOptions&, json&) {}
void read_more(const json& state, SVCOptions& options) { options.class_weights = core::class_weights_from(state); }
void read_more(const json&, NuSVCOptions&) {}

}  // namespace

#define FORJA_CLASSIFIER_FILE(Model, table)                                                                       \
  template <class T>                                                                                              \
  void Model<T>::save(std::ostream& out) const {                                                                  \
    json document = core::model_document(#Model, core::type_name<T>(), get_params());                             \
    document["state"] = machine_document(this->fitted("save"));                                                   \
    document["state"]["classes"] = core::array_document<std::int32_t>(this->classes());                           \
    document["state"]["probA"] = core::array_document<double>(this->probA());                                     \
    document["state"]["probB"] = core::array_document<double>(this->probB());                                     \
    store_more(options_, document["state"]);                                                                      \
    core::write_model(#Model "::save", out, document);                                                            \
  }                                                                                                               \
  template <class T>                                                                                              \
  Model<T> Model<T>::load(std::istream& in, Device device) {                                                      \
    const json document = core::read_model(in, #Model, core::type_name<T>());                                     \
    const json& state = document.at("state");                                                                     \
    auto options = core::stored_options(document, table);                                                         \
    read_more(state, options);                                                                                    \
    Model model(std::move(options), device);                                                                      \
    std::vector<std::int32_t> classes = core::classes_from(state);                                                \
    typename KernelMachine<T>::Fitted fitted;                                                                     \
    read_machine<T>(state, std::ssize(classes), fitted);                                                          \
    std::vector<double> prob_a = core::array_member<double>(state, "probA");                                      \
    std::vector<double> prob_b = core::array_member<double>(state, "probB");                                      \
    core::require(prob_a.size() == prob_b.size() && (prob_a.empty() || prob_a.size() == fitted.intercept.size()), \
                  "\"probA\" or \"probB\" does not fit the classes");                                             \
    model.set_sigmoids(std::move(prob_a), std::move(prob_b));                                                     \
    model.set_fitted(std::move(fitted));                                                                          \
    model.set_classes(std::move(classes));                                                                        \
    return model;                                                                                                 \
  }                                                                                                               \
  FORJA_MODEL_FILES(Model, fitted)

#define FORJA_MACHINE_FILE(Model, table)                                              \
  template <class T>                                                                  \
  void Model<T>::save(std::ostream& out) const {                                      \
    json document = core::model_document(#Model, core::type_name<T>(), get_params()); \
    document["state"] = machine_document(this->fitted("save"));                       \
    core::write_model(#Model "::save", out, document);                                \
  }                                                                                   \
  template <class T>                                                                  \
  Model<T> Model<T>::load(std::istream& in, Device device) {                          \
    const json document = core::read_model(in, #Model, core::type_name<T>());         \
    Model model(core::stored_options(document, table), device);                       \
    typename KernelMachine<T>::Fitted fitted;                                         \
    read_machine<T>(document.at("state"), 0, fitted);                                 \
    model.set_fitted(std::move(fitted));                                              \
    return model;                                                                     \
  }                                                                                   \
  FORJA_MODEL_FILES(Model, fitted)

FORJA_CLASSIFIER_FILE(SVC, core::svc_params())
FORJA_CLASSIFIER_FILE(NuSVC, core::nu_svc_params())
FORJA_MACHINE_FILE(SVR, core::svr_params())
FORJA_MACHINE_FILE(NuSVR, core::nu_svr_params())
FORJA_MACHINE_FILE(OneClassSVM, core::one_class_svm_params())

}  // namespace forja
