// Saving and loading of IncrementalPCA.

#include "decomposition/decomposition_file.h"
#include "decomposition/pca_params.h"
#include "estimator/model_files.h"
#include "forja/incremental_pca.h"

namespace forja {

template <class T>
void IncrementalPCA<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  nlohmann::json document = core::model_document("IncrementalPCA", core::type_name<T>(), get_params());
  document["state"] = {{"components", core::matrix_document(state.components)},
                       {"mean", core::array_document<double>(state.mean)},
                       {"singular_values", core::array_document<double>(state.singular_values)},
                       {"explained_variance", core::array_document<double>(state.explained_variance)},
                       {"explained_variance_ratio", core::array_document<double>(state.explained_variance_ratio)},
                       {"noise_variance", state.noise_variance},
                       {"total_square", state.total_square},
                       {"n_samples", state.n_samples}};
  core::write_model("IncrementalPCA::save", out, document);
}

template <class T>
IncrementalPCA<T> IncrementalPCA<T>::load(std::istream& in, Device device) {
  const nlohmann::json document = core::read_model(in, "IncrementalPCA", core::type_name<T>());
  IncrementalPCA model(core::stored_options(document, core::incremental_pca_params()), device);
  const nlohmann::json& stored = document.at("state");
  State& state = model.state_;
  state.components = core::matrix_member<double>(stored, "components");
  core::require(!state.components.empty(), "\"components\" is empty");
  state.public_components = Matrix<T>(state.components.view());
  const std::int64_t k = state.components.rows();
  state.mean = core::array_member<double>(stored, "mean");
  core::require(std::ssize(state.mean) == state.components.columns(), "\"mean\" is not one per column");
  state.singular_values = core::amounts_member(stored, "singular_values", k);
  state.explained_variance = core::amounts_member(stored, "explained_variance", k);
  state.explained_variance_ratio = core::amounts_member(stored, "explained_variance_ratio", k);
  state.noise_variance = core::amount_member(stored, "noise_variance");
  state.total_square = core::amount_member(stored, "total_square");
  state.n_samples = core::integer_member(stored, "n_samples", 1);
  return model;
}

FORJA_MODEL_FILES(IncrementalPCA, fitted)

}  // namespace forja
