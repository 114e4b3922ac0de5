#include <algorithm>
#include <cmath>

#include "forja/preprocessing.h"
#include "preprocessing/row_chunks.h"
#include "preprocessing/transformer_parts.h"

namespace forja {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostTerms = std::int64_t{1} << 24;

const core::ParameterTable<PolynomialFeaturesOptions>& polynomial_features_params() {
  using Options = PolynomialFeaturesOptions;
  static const core::ParameterTable<Options> table = core::ParameterTable<Options>()
                                                         .integer("degree", &Options::degree, 0)
                                                         .boolean("interaction_only", &Options::interaction_only)
                                                         .boolean("include_bias", &Options::include_bias);
  return table;
}

/// The number of products of degree 1 and more, or kMostTerms + 1 where they are more than that.
std::int64_t count_terms(std::int64_t columns, const PolynomialFeaturesOptions& options) {
  double all = 0;
  double of_degree = 1;
  for (std::int64_t degree = 1; degree <= options.degree && of_degree > 0; ++degree) {
    const std::int64_t choices = options.interaction_only ? columns - degree + 1 : columns + degree - 1;
    of_degree *= static_cast<double>(choices) / static_cast<double>(degree);
    all += of_degree;
    if (all > static_cast<double>(kMostTerms)) return kMostTerms + 1;
  }
  return std::llround(all);
}

}  // namespace

/// Products in scikit-learn's order: those of one degree after the lesser ones, each a product of the degree before
/// times a column from its last one on.
template <class T>
typename PolynomialFeatures<T>::State PolynomialFeatures<T>::make_state(const PolynomialFeaturesOptions& options,
                                                                        std::int64_t columns) {
  constexpr std::string_view kCall = "PolynomialFeatures::fit";
  if (options.degree == 0 && !options.include_bias) {
    throw InvalidArgument(fmt::format("{}: degree = 0 without include_bias leaves no column", kCall));
  }
  const std::int64_t count = count_terms(columns, options);
  if (count > kMostTerms) {
    throw InvalidArgument(fmt::format("{}: degree = {} of {} columns makes more than {} columns", kCall, options.degree,
                                      columns, kMostTerms));
  }
  State state;
  state.n_features = columns;
  state.made_with = options;
  state.terms.reserve(static_cast<std::size_t>(count + 1));
  if (options.include_bias) state.terms.push_back({-1, -1});
  std::size_t first = 0;
  std::size_t last = 0;
  for (std::int64_t degree = 1; degree <= options.degree; ++degree) {
    const std::size_t begin = state.terms.size();
    const auto extend = [&](std::int32_t parent, std::int32_t from) {
      for (std::int32_t column = from; column < columns; ++column) state.terms.push_back({parent, column});
    };
    if (degree == 1) extend(-1, 0);
    for (std::size_t parent = first; parent < last; ++parent) {
      extend(static_cast<std::int32_t>(parent), state.terms[parent].column + (options.interaction_only ? 1 : 0));
    }
    first = begin;
    last = state.terms.size();
    if (first == last) break;
  }
  return state;
}

template <class T>
PolynomialFeatures<T>& PolynomialFeatures<T>::fit(MatrixView<const T> x) {
  constexpr std::string_view kCall = "PolynomialFeatures::fit";
  polynomial_features_params().check(kCall, options_);
  core::check_host_rows(kCall, x);
  state_ = make_state(options_, x.columns());
  return *this;
}

template <class T>
Matrix<T> PolynomialFeatures<T>::transform(MatrixView<const T> x) const {
  const State& state = fitted("transform");
  core::check_new_host_rows("PolynomialFeatures::transform", x, static_cast<std::size_t>(state.n_features));
  return core::map_rows(x, n_output_features(), [&](std::span<const T> from, std::span<T> to) {
    for (std::size_t t = 0; t < to.size(); ++t) {
      const auto [parent, column] = state.terms[t];
      const T left = parent < 0 ? T(1) : to[static_cast<std::size_t>(parent)];
      to[t] = column < 0 ? left : left * from[static_cast<std::size_t>(column)];
    }
  });
}

template <class T>
Matrix<T> PolynomialFeatures<T>::fit_transform(MatrixView<const T> x) {
  return fit(x).transform(x);
}

template <class T>
Matrix<double> PolynomialFeatures<T>::powers() const {
  const State& state = fitted("powers");
  Matrix<double> powers(std::ssize(state.terms), state.n_features);
  for (std::int64_t t = 0; t < powers.rows(); ++t) {
    const auto [parent, column] = state.terms[static_cast<std::size_t>(t)];
    if (parent >= 0) std::ranges::copy(powers.row(parent), powers.row(t).begin());
    if (column >= 0) powers(t, column) += 1;
  }
  return powers;
}

template <class T>
std::int64_t PolynomialFeatures<T>::n_output_features() const {
  return std::ssize(fitted("n_output_features").terms);
}

template <class T>
std::int64_t PolynomialFeatures<T>::n_features_in() const {
  return fitted("n_features_in").n_features;
}

template <class T>
void PolynomialFeatures<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  json document = core::model_document("PolynomialFeatures", core::type_name<T>(), get_params());
  document["state"] = {{"n_features", state.n_features},
                       {"degree", state.made_with.degree},
                       {"interaction_only", state.made_with.interaction_only},
                       {"include_bias", state.made_with.include_bias}};
  core::write_model("PolynomialFeatures::save", out, document);
}

template <class T>
PolynomialFeatures<T> PolynomialFeatures<T>::load(std::istream& in) {
  const json document = core::read_model(in, "PolynomialFeatures", core::type_name<T>());
  PolynomialFeatures model(core::stored_options(document, polynomial_features_params()));
  const json& state = document.at("state");
  const PolynomialFeaturesOptions made_with{.degree = core::integer_member(state, "degree", 0),
                                            .interaction_only = core::flag_member(state, "interaction_only"),
                                            .include_bias = core::flag_member(state, "include_bias")};
  try {
    model.state_ = make_state(made_with, core::integer_member(state, "n_features", 1));
  } catch (const InvalidArgument& refused) {
    throw ModelFormatError(fmt::format("model file: {}", refused.what()));
  }
  return model;
}

FORJA_TRANSFORMER(PolynomialFeatures, polynomial_features_params)

}  // namespace forja
