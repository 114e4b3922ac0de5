// Saving and loading of PCA.

#include <algorithm>
#include <array>
#include <utility>

#include "decomposition/pca_params.h"
#include "estimator/model_files.h"
#include "forja/decomposition.h"

namespace forja {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<const char*, SvdSolver>, 3> kSolvers = {{{"full", SvdSolver::full},
                                                                        {"covariance_eigh", SvdSolver::covariance_eigh},
                                                                        {"randomized", SvdSolver::randomized}}};

const char* name_of(SvdSolver solver) {
  return std::find_if(kSolvers.begin(), kSolvers.end(), [&](const auto& s) { return s.second == solver; })->first;
}

SvdSolver solver_named(const json& name) {
  const auto found = std::find_if(kSolvers.begin(), kSolvers.end(), [&](const auto& s) { return name == s.first; });
  core::require(found != kSolvers.end(), "\"svd_solver_used\" is no solver");
  return found->second;
}

std::vector<double> amounts(const json& state, const char* name, std::int64_t count) {
  std::vector<double> values = core::array_member<double>(state, name);
  core::require(std::ssize(values) == count, std::string("\"") + name + "\" has another length");
  core::require(std::all_of(values.begin(), values.end(), [](double v) { return v >= 0; }),
                std::string("\"") + name + "\" has a negative value");
  return values;
}

}  // namespace

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
                       {"svd_solver_used", name_of(state.solver)},
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
  state.singular_values = amounts(stored, "singular_values", k);
  state.explained_variance = amounts(stored, "explained_variance", k);
  state.explained_variance_ratio = amounts(stored, "explained_variance_ratio", k);
  state.noise_variance = core::amount_member(stored, "noise_variance");
  state.n_samples = core::integer_member(stored, "n_samples", 1);
  state.solver = solver_named(core::member(stored, "svd_solver_used"));
  state.residual = core::amount_member(stored, "residual");
  state.n_iter = core::integer_member(stored, "n_iter", 0);
  state.converged = core::flag_member(stored, "converged");
  return model;
}

FORJA_MODEL_FILES(PCA, fitted)

}  // namespace forja
