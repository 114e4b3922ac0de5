// Parameters, saving and loading of RBFSampler and Nystroem.

#include <algorithm>

#include "estimator/model_files.h"
#include "svm/approximation_params.h"
#include "svm/kernel_state.h"

namespace forja {

using nlohmann::json;

namespace core {

const ParameterTable<RBFSamplerOptions>& rbf_sampler_params() {
  using Options = RBFSamplerOptions;
  static const ParameterTable<Options> table = ParameterTable<Options>()
                                                   .add(gamma_parameter<Options>())
                                                   .integer("n_components", &Options::n_components, 1)
                                                   .seed("seed", &Options::seed);
  return table;
}

const ParameterTable<NystroemOptions>& nystroem_params() {
  using Options = NystroemOptions;
  static const ParameterTable<Options> table = ParameterTable<Options>()
                                                   .choice("kernel", &Options::kernel,
                                                           {{"linear", SVMKernel::linear},
                                                            {"poly", SVMKernel::poly},
                                                            {"rbf", SVMKernel::rbf},
                                                            {"sigmoid", SVMKernel::sigmoid}})
                                                   .add(gamma_parameter<Options>())
                                                   .real("coef0", &Options::coef0, -kFinite, kFinite)
                                                   .add(degree_parameter<Options>())
                                                   .integer("n_components", &Options::n_components, 1)
                                                   .seed("seed", &Options::seed);
  return table;
}

}  // namespace core

template <class T>
void RBFSampler<T>::save(std::ostream& out) const {
  const State& own = fitted("save");
  json document = core::model_document("RBFSampler", core::type_name<T>(), get_params());
  document["state"] = {{"random_weights", core::matrix_document(own.weights)},
                       {"random_offset", core::array_document<double>(own.offset)},
                       {"gamma", own.gamma}};
  core::write_model("RBFSampler::save", out, document);
}

template <class T>
RBFSampler<T> RBFSampler<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "RBFSampler", core::type_name<T>());
  RBFSampler model(core::stored_options(document, core::rbf_sampler_params()), device);
  const json& state = document.at("state");
  model.state_.weights = core::matrix_member<T>(state, "random_weights");
  model.state_.offset = core::array_member<double>(state, "random_offset");
  model.state_.gamma = core::amount_member(state, "gamma");
  core::require(!model.state_.weights.empty(), "\"random_weights\" is empty");
  core::require(std::ssize(model.state_.offset) == model.state_.weights.columns(),
                "\"random_offset\" does not fit \"random_weights\"");
  return model;
}

template <class T>
void Nystroem<T>::save(std::ostream& out) const {
  const State& own = fitted("save");
  json document = core::model_document("Nystroem", core::type_name<T>(), get_params());
  document["state"] = core::kernel_state(own);
  document["state"].update({{"components", core::matrix_document(own.components)},
                            {"component_indices", core::array_document<std::int64_t>(own.indices)},
                            {"normalization", core::matrix_document(own.normalization)}});
  core::write_model("Nystroem::save", out, document);
}

template <class T>
Nystroem<T> Nystroem<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "Nystroem", core::type_name<T>());
  Nystroem model(core::stored_options(document, core::nystroem_params()), device);
  const json& state = document.at("state");
  State& own = model.state_;
  core::read_kernel_state(state, SVMKernel::sigmoid, own);
  own.components = core::matrix_member<T>(state, "components");
  own.indices = core::array_member<std::int64_t>(state, "component_indices");
  own.normalization = core::matrix_member<double>(state, "normalization");
  const std::int64_t k = own.components.rows();
  core::require(!own.components.empty(), "\"components\" is empty");
  core::require(std::ssize(own.indices) == k &&
                    std::all_of(own.indices.begin(), own.indices.end(), [](std::int64_t row) { return row >= 0; }),
                "\"component_indices\" does not fit \"components\"");
  core::require(own.normalization.rows() == k && own.normalization.columns() == k,
                "\"normalization\" does not fit \"components\"");
  return model;
}

FORJA_MODEL_FILES(RBFSampler, fitted)
FORJA_MODEL_FILES(Nystroem, fitted)

}  // namespace forja
