#include <algorithm>
#include <cmath>
#include <limits>

#include "forja/preprocessing.h"
#include "preprocessing/column_ranges.h"
#include "preprocessing/row_chunks.h"
#include "preprocessing/transformer_parts.h"

namespace forja {
namespace {

using nlohmann::json;

const core::ParameterTable<MinMaxScalerOptions>& min_max_scaler_params() {
  using Options = MinMaxScalerOptions;
  static const core::ParameterTable<Options> table =
      core::ParameterTable<Options>()
          .real("feature_min", &Options::feature_min, -core::kFinite, core::kFinite)
          .real("feature_max", &Options::feature_max, -core::kFinite, core::kFinite)
          .boolean("clip", &Options::clip);
  return table;
}

void check(std::string_view call, const MinMaxScalerOptions& options) {
  min_max_scaler_params().check(call, options);
  if (options.feature_min < options.feature_max) return;
  throw InvalidArgument(fmt::format("{}: feature_max = {} but it must be above feature_min = {}", call,
                                    options.feature_max, options.feature_min));
}

/// The range of a column, 1 of a constant one.
double width(double lowest, double highest) { return highest > lowest ? highest - lowest : 1; }

}  // namespace

template <class T>
MinMaxScaler<T>& MinMaxScaler<T>::fit(MatrixView<const T> x) {
  constexpr std::string_view kCall = "MinMaxScaler::fit";
  check(kCall, options_);
  core::check_host_rows(kCall, x);
  core::ColumnRanges ranges = core::column_ranges(x);
  for (std::size_t j = 0; j < ranges.lowest.size(); ++j) {
    if (std::isfinite(ranges.highest[j] - ranges.lowest[j])) continue;
    throw InvalidArgument(fmt::format("{}: column {} reaches from {} to {}: its range is no finite double", kCall, j,
                                      ranges.lowest[j], ranges.highest[j]));
  }
  state_ = {std::move(ranges.lowest), std::move(ranges.highest)};
  return *this;
}

template <class T>
Matrix<T> MinMaxScaler<T>::transform(MatrixView<const T> x) const {
  constexpr std::string_view kCall = "MinMaxScaler::transform";
  const State& state = fitted("transform");
  check(kCall, options_);
  core::check_new_host_rows(kCall, x, state.lowest.size());
  const double least = options_.feature_min;
  const double most = options_.feature_max;
  return core::map_values(x, [&](double value, std::size_t j) {
    const double place = (value - state.lowest[j]) / width(state.lowest[j], state.highest[j]);
    const double scaled = place * (most - least) + least;
    return options_.clip ? std::clamp(scaled, least, most) : scaled;
  });
}

template <class T>
Matrix<T> MinMaxScaler<T>::fit_transform(MatrixView<const T> x) {
  return fit(x).transform(x);
}

template <class T>
Matrix<T> MinMaxScaler<T>::inverse_transform(MatrixView<const T> x) const {
  constexpr std::string_view kCall = "MinMaxScaler::inverse_transform";
  const State& state = fitted("inverse_transform");
  check(kCall, options_);
  core::check_new_host_rows(kCall, x, state.lowest.size());
  return core::map_values(x, [&](double value, std::size_t j) {
    const double place = (value - options_.feature_min) / (options_.feature_max - options_.feature_min);
    return place * width(state.lowest[j], state.highest[j]) + state.lowest[j];
  });
}

template <class T>
const std::vector<double>& MinMaxScaler<T>::data_min() const {
  return fitted("data_min").lowest;
}

template <class T>
const std::vector<double>& MinMaxScaler<T>::data_max() const {
  return fitted("data_max").highest;
}

template <class T>
std::int64_t MinMaxScaler<T>::n_features_in() const {
  return std::ssize(fitted("n_features_in").lowest);
}

template <class T>
void MinMaxScaler<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  json document = core::model_document("MinMaxScaler", core::type_name<T>(), get_params());
  document["state"] = {{"data_min", core::array_document<double>(state.lowest)},
                       {"data_max", core::array_document<double>(state.highest)}};
  core::write_model("MinMaxScaler::save", out, document);
}

template <class T>
MinMaxScaler<T> MinMaxScaler<T>::load(std::istream& in) {
  const json document = core::read_model(in, "MinMaxScaler", core::type_name<T>());
  MinMaxScaler model(core::stored_options(document, min_max_scaler_params()));
  core::require(model.options_.feature_min < model.options_.feature_max, "feature_max is not above feature_min");
  const json& state = document.at("state");
  model.state_.lowest = core::array_member<double>(state, "data_min");
  core::require(!model.state_.lowest.empty(), "\"data_min\" is empty");
  model.state_.highest = core::sized_member(state, "data_max", model.state_.lowest.size());
  for (std::size_t j = 0; j < model.state_.lowest.size(); ++j) {
    core::require(model.state_.lowest[j] <= model.state_.highest[j], "\"data_max\" is below \"data_min\"");
  }
  return model;
}

FORJA_TRANSFORMER(MinMaxScaler, min_max_scaler_params)

}  // namespace forja
