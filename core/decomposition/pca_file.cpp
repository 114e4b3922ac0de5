// Saving and loading of PCA.

#include "decomposition/decomposition_file.h"
#include "decomposition/pca_params.h"
#include "estimator/model_files.h"
#include "forja/decomposition.h"

namespace forja {
using nlohmann::json;

template <class T>
void PCA<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  json document = core::model_document("PCA", core::type_name<T>(), get_params());
  document["state"] = {{"components", core::matrix_document(state.components)},
                       {"mean", core::array_document<double>(state.mean)},
                       {"singular_values", core::array_document<double>(state.singular_values)},
                       {"explained_variance", core::array_document<double>(state.explained_variance)},
                       {"explained_variance_ratio", core::array_document<double>(state.explained_variance_ratio)},
                       {"noise_variance", state.noise_variance},
                       {"n_samples", state.n_samples},
                       {"svd_solver_used", core::solver_document(state.solver)},
                       {"residual", state.residual},
                       {"n_iter", state.n_iter},
                       {"converged", state.converged}};
  core::write_model("PCA::save", out, document);
}

template <class T>
PCA<T> PCA<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "PCA", core::type_name<T>());
  PCA model(core::stored_options(document, core::pca_params()), device);
  const json& stored = document.at("state");
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
  state.n_samples = core::integer_member(stored, "n_samples", 1);
  state.solver = core::solver_named(core::member(stored, "svd_solver_used"));
  state.residual = core::amount_member(stored, "residual");
  state.n_iter = core::integer_member(stored, "n_iter", 0);
  state.converged = core::flag_member(stored, "converged");
  return model;
}

FORJA_MODEL_FILES(PCA, fitted)

}  // namespace forja
