// Saving and loading of random projections.

#include "decomposition/pca_params.h"
#include "estimator/model_files.h"
#include "forja/random_projection.h"

namespace forja {

template <class T>
void GaussianRandomProjection<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  nlohmann::json document = core::model_document("GaussianRandomProjection", core::type_name<T>(), get_params());
  document["state"] = {{"components", core::matrix_document(this->components_)}};
  core::write_model("GaussianRandomProjection::save", out, document);
}

template <class T>
GaussianRandomProjection<T> GaussianRandomProjection<T>::load(std::istream& in, Device device) {
  const nlohmann::json document = core::read_model(in, "GaussianRandomProjection", core::type_name<T>());
  GaussianRandomProjection model(core::stored_options(document, core::gaussian_projection_params()), device);
  const nlohmann::json& stored = document.at("state");
  model.components_ = core::matrix_member<T>(stored, "components");
  core::require(!model.components_.empty(), "\"components\" is empty");
  return model;
}

FORJA_MODEL_FILES(GaussianRandomProjection, check_fitted)

template <class T>
void SparseRandomProjection<T>::save(std::ostream& out) const {
  this->check_fitted("save");
  nlohmann::json document = core::model_document("SparseRandomProjection", core::type_name<T>(), get_params());
  document["state"] = {{"components", core::matrix_document(this->components_)}, {"density", density_}};
  core::write_model("SparseRandomProjection::save", out, document);
}

template <class T>
SparseRandomProjection<T> SparseRandomProjection<T>::load(std::istream& in, Device device) {
  const nlohmann::json document = core::read_model(in, "SparseRandomProjection", core::type_name<T>());
  SparseRandomProjection model(core::stored_options(document, core::sparse_projection_params()), device);
  const nlohmann::json& stored = document.at("state");
  model.components_ = core::matrix_member<T>(stored, "components");
  core::require(!model.components_.empty(), "\"components\" is empty");
  model.density_ = core::amount_member(stored, "density");
  return model;
}

FORJA_MODEL_FILES(SparseRandomProjection, check_fitted)

}  // namespace forja
