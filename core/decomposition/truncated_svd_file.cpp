// Saving and loading of TruncatedSVD.

#include "decomposition/decomposition_file.h"
#include "decomposition/pca_params.h"
#include "estimator/model_files.h"
#include "forja/svd.h"

namespace forja {

template <class T>
void TruncatedSVD<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  nlohmann::json document = core::model_document("TruncatedSVD", core::type_name<T>(), get_params());
  document["state"] = {{"components", core::matrix_document(state.components)},
                       {"singular_values", core::array_document<double>(state.singular_values)},
                       {"explained_variance", core::array_document<double>(state.explained_variance)},
                       {"explained_variance_ratio", core::array_document<double>(state.explained_variance_ratio)},
                       {"svd_solver_used", core::solver_document(state.solver)},
                       {"residual", state.residual},
                       {"n_iter", state.n_iter},
                       {"converged", state.converged}};
  core::write_model("TruncatedSVD::save", out, document);
}

template <class T>
TruncatedSVD<T> TruncatedSVD<T>::load(std::istream& in, Device device) {
  const nlohmann::json document = core::read_model(in, "TruncatedSVD", core::type_name<T>());
  TruncatedSVD model(core::stored_options(document, core::truncated_svd_params()), device);
  const nlohmann::json& stored = document.at("state");
  State& state = model.state_;
  state.components = core::matrix_member<double>(stored, "components");
  core::require(!state.components.empty(), "\"components\" is empty");
  state.public_components = Matrix<T>(state.components.view());
  const std::int64_t k = state.components.rows();
  state.singular_values = core::amounts_member(stored, "singular_values", k);
  state.explained_variance = core::amounts_member(stored, "explained_variance", k);
  state.explained_variance_ratio = core::amounts_member(stored, "explained_variance_ratio", k);
  state.solver = core::solver_named(core::member(stored, "svd_solver_used"));
  state.residual = core::amount_member(stored, "residual");
  state.n_iter = core::integer_member(stored, "n_iter", 0);
  state.converged = core::flag_member(stored, "converged");
  return model;
}

FORJA_MODEL_FILES(TruncatedSVD, fitted)

}  // namespace forja
