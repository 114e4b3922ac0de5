#include <cmath>
#include <numeric>

#include "forja/preprocessing.h"
#include "preprocessing/column_ranges.h"
#include "preprocessing/row_chunks.h"
#include "preprocessing/transformer_parts.h"

namespace forja {
namespace {

using nlohmann::json;

const core::ParameterTable<StandardScalerOptions>& standard_scaler_params() {
  using Options = StandardScalerOptions;
  static const core::ParameterTable<Options> table =
      core::ParameterTable<Options>().boolean("with_mean", &Options::with_mean).boolean("with_std", &Options::with_std);
  return table;
}

/// Weighted sums over rows of x - origin, and of its square, by column.
struct Sums {
  std::vector<double> first;
  std::vector<double> second;
};

template <class T>
Sums sums_about(MatrixView<const T> x, std::span<const T> sample_weight, const std::vector<double>& origin) {
  const std::int64_t chunks = core::chunk_count(x.rows());
  Matrix<double> first(chunks, x.columns());
  Matrix<double> second(chunks, x.columns());
  core::for_each_chunk(x.rows(), [&](std::int64_t chunk, std::int64_t from, std::int64_t to) {
    double* sum = first.row(chunk).data();
    double* squares = second.row(chunk).data();
    for (std::int64_t i = from; i < to; ++i) {
      const double weight = sample_weight.empty() ? 1 : static_cast<double>(sample_weight[static_cast<std::size_t>(i)]);
      const T* row = x.row(i).data();
      for (std::int64_t j = 0; j < x.columns(); ++j) {
        const double difference = static_cast<double>(row[j]) - origin[static_cast<std::size_t>(j)];
        sum[j] += weight * difference;
        squares[j] += weight * difference * difference;
      }
    }
  });
  Sums all{std::vector<double>(origin.size()), std::vector<double>(origin.size())};
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    for (std::size_t j = 0; j < origin.size(); ++j) {
      all.first[j] += first(chunk, static_cast<std::int64_t>(j));
      all.second[j] += second(chunk, static_cast<std::int64_t>(j));
    }
  }
  return all;
}

}  // namespace

template <class T>
StandardScaler<T>& StandardScaler<T>::fit(MatrixView<const T> x, std::span<const T> sample_weight) {
  constexpr std::string_view kCall = "StandardScaler::fit";
  core::check_host_rows(kCall, x);
  if (core::check_sample_weight(kCall, sample_weight, x.rows()) == 0) {
    throw InvalidArgument(fmt::format("{}: sample_weight has no positive weight", kCall));
  }
  const double weight = sample_weight.empty() ? static_cast<double>(x.rows())
                                              : std::accumulate(sample_weight.begin(), sample_weight.end(), 0.0);
  // Sums about a value of the column keep its digits; those about the mean make up for the rounding of the mean.
  const core::ColumnRanges ranges = core::column_ranges(x, sample_weight);
  State next{ranges.lowest, {}, {}};
  const Sums about_lowest = sums_about(x, sample_weight, next.mean);
  for (std::size_t j = 0; j < next.mean.size(); ++j) next.mean[j] += about_lowest.first[j] / weight;
  const Sums about_mean = sums_about(x, sample_weight, next.mean);
  for (std::size_t j = 0; j < next.mean.size(); ++j) {
    const bool constant = ranges.lowest[j] == ranges.highest[j];
    const double rest = about_mean.first[j] / weight;
    next.var.push_back(constant ? 0 : about_mean.second[j] / weight - rest * rest);
    next.scale.push_back(constant ? 1 : std::sqrt(next.var[j]));
    if (!std::isfinite(next.mean[j]) || !(next.scale[j] > 0) || !std::isfinite(next.scale[j])) {
      throw InvalidArgument(
          fmt::format("{}: column {} reaches from {} to {}: its variance is no finite positive double", kCall, j,
                      ranges.lowest[j], ranges.highest[j]));
    }
  }
  state_ = std::move(next);
  return *this;
}

template <class T>
Matrix<T> StandardScaler<T>::transform(MatrixView<const T> x) const {
  const State& state = fitted("transform");
  core::check_new_host_rows("StandardScaler::transform", x, state.mean.size());
  return core::map_values(x, [&](double value, std::size_t j) {
    return (value - (options_.with_mean ? state.mean[j] : 0)) / (options_.with_std ? state.scale[j] : 1);
  });
}

template <class T>
Matrix<T> StandardScaler<T>::fit_transform(MatrixView<const T> x, std::span<const T> sample_weight) {
  return fit(x, sample_weight).transform(x);
}

template <class T>
Matrix<T> StandardScaler<T>::inverse_transform(MatrixView<const T> x) const {
  const State& state = fitted("inverse_transform");
  core::check_new_host_rows("StandardScaler::inverse_transform", x, state.mean.size());
  return core::map_values(x, [&](double value, std::size_t j) {
    return value * (options_.with_std ? state.scale[j] : 1) + (options_.with_mean ? state.mean[j] : 0);
  });
}

template <class T>
const std::vector<double>& StandardScaler<T>::mean() const {
  return fitted("mean").mean;
}

template <class T>
const std::vector<double>& StandardScaler<T>::var() const {
  return fitted("var").var;
}

template <class T>
const std::vector<double>& StandardScaler<T>::scale() const {
  return fitted("scale").scale;
}

template <class T>
std::int64_t StandardScaler<T>::n_features_in() const {
  return std::ssize(fitted("n_features_in").mean);
}

template <class T>
void StandardScaler<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  json document = core::model_document("StandardScaler", core::type_name<T>(), get_params());
  document["state"] = {{"mean", core::array_document<double>(state.mean)},
                       {"var", core::array_document<double>(state.var)},
                       {"scale", core::array_document<double>(state.scale)}};
  core::write_model("StandardScaler::save", out, document);
}

template <class T>
StandardScaler<T> StandardScaler<T>::load(std::istream& in) {
  const json document = core::read_model(in, "StandardScaler", core::type_name<T>());
  StandardScaler model(core::stored_options(document, standard_scaler_params()));
  const json& state = document.at("state");
  model.state_.mean = core::array_member<double>(state, "mean");
  core::require(!model.state_.mean.empty(), "\"mean\" is empty");
  model.state_.var = core::sized_member(state, "var", model.state_.mean.size());
  model.state_.scale = core::sized_member(state, "scale", model.state_.mean.size());
  for (std::size_t j = 0; j < model.state_.mean.size(); ++j) {
    core::require(model.state_.var[j] >= 0 && model.state_.scale[j] > 0, "\"scale\" is not positive");
  }
  return model;
}

FORJA_TRANSFORMER(StandardScaler, standard_scaler_params)

}  // namespace forja
