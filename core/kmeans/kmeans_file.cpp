// Saving and loading of KMeans and MiniBatchKMeans.

#include <algorithm>
#include <utility>

#include "estimator/model_files.h"
#include "forja/kmeans.h"
#include "kmeans/kmeans_params.h"

namespace forja {
namespace {

using nlohmann::json;

/// The options as the table has them, and given centres, which it has not.
template <class Options>
json options_document(const char* kind, std::string_view type, const core::ParameterTable<Options>& table,
                      const Options& options) {
  json document = core::model_document(kind, type, table.get(options));
  if (options.init.method() == KMeansInit::Method::given) {
    document["given_centers"] = core::matrix_document(options.init.centers());
  }
  return document;
}

template <class Options>
Options options_from(const json& document, const core::ParameterTable<Options>& table) {
  Options options;
  if (document.contains("given_centers")) {
    options.init = KMeansInit::given(core::matrix_member<double>(document, "given_centers"));
  }
  return core::stored_options(document, table, std::move(options));
}

/// What both models have in their state.
template <class State>
json state_document(const State& state) {
  return {{"centers", core::matrix_document(state.centers)},
          {"labels", core::array_document<std::int32_t>(state.labels)},
          {"inertia", state.inertia},
          {"n_iter", state.n_iter},
          {"converged", state.converged}};
}

template <class T, class State>
State state_from(const json& document) {
  State state;
  state.centers = core::matrix_member<double>(document, "centers");
  state.public_centers = Matrix<T>(state.centers.view());
  state.labels = core::array_member<std::int32_t>(document, "labels");
  state.inertia = core::amount_member(document, "inertia");
  state.n_iter = core::integer_member(document, "n_iter", 1);
  state.converged = core::flag_member(document, "converged");
  state.n_features = state.centers.columns();
  const std::int64_t k = state.centers.rows();
  core::require(k > 0 && state.n_features > 0, "\"centers\" is empty");
  core::require(std::all_of(state.labels.begin(), state.labels.end(),
                            [k](std::int32_t label) { return label >= 0 && label < k; }),
                "\"labels\" names a cluster that is not there");
  return state;
}

}  // namespace

template <class T>
void KMeans<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  json document = options_document("KMeans", core::type_name<T>(), core::kmeans_params(), options_);
  document["state"] = state_document(state);
  document["state"]["center_shift"] = state.shift;
  document["state"]["elkan"] = state.algorithm == KMeansAlgorithm::elkan;
  core::write_model("KMeans::save", out, document);
}

template <class T>
KMeans<T> KMeans<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "KMeans", core::type_name<T>());
  KMeans model(options_from(document, core::kmeans_params()), device);
  const json& state = document.at("state");
  model.state_ = state_from<T, State>(state);
  model.state_.shift = core::amount_member(state, "center_shift");
  model.state_.algorithm = core::flag_member(state, "elkan") ? KMeansAlgorithm::elkan : KMeansAlgorithm::lloyd;
  return model;
}

template <class T>
void MiniBatchKMeans<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  json document = options_document("MiniBatchKMeans", core::type_name<T>(), core::mini_batch_kmeans_params(), options_);
  document["state"] = state_document(state);
  document["state"]["counts"] = core::array_document<double>(state.counts);
  document["state"]["n_steps"] = state.n_steps;
  document["state"]["rows_since_reassignment"] = state.rows_since_reassignment;
  core::write_model("MiniBatchKMeans::save", out, document);
}

template <class T>
MiniBatchKMeans<T> MiniBatchKMeans<T>::load(std::istream& in, Device device) {
  const json document = core::read_model(in, "MiniBatchKMeans", core::type_name<T>());
  MiniBatchKMeans model(options_from(document, core::mini_batch_kmeans_params()), device);
  const json& state = document.at("state");
  model.state_ = state_from<T, State>(state);
  model.state_.counts = core::array_member<double>(state, "counts");
  model.state_.n_steps = core::integer_member(state, "n_steps", 1);
  model.state_.rows_since_reassignment = core::integer_member(state, "rows_since_reassignment", 0);
  core::require(std::ssize(model.state_.counts) == model.state_.centers.rows(), "\"counts\" is not one per centre");
  core::require(std::all_of(model.state_.counts.begin(), model.state_.counts.end(), [](double c) { return c >= 0; }),
                "\"counts\" has a negative weight");
  return model;
}

FORJA_MODEL_FILES(KMeans, fitted)
FORJA_MODEL_FILES(MiniBatchKMeans, fitted)

}  // namespace forja
