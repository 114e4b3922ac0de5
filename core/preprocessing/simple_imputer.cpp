#include <algorithm>
#include <cmath>
#include <limits>

#include "forja/preprocessing.h"
#include "preprocessing/row_chunks.h"
#include "preprocessing/transformer_parts.h"

namespace forja {
namespace {

using nlohmann::json;

const core::ParameterTable<SimpleImputerOptions>& simple_imputer_params() {
  using Options = SimpleImputerOptions;
  static const core::ParameterTable<Options> table =
      core::ParameterTable<Options>()
          .choice("strategy", &Options::strategy,
                  {{"mean", ImputerStrategy::mean},
                   {"median", ImputerStrategy::median},
                   {"most_frequent", ImputerStrategy::most_frequent},
                   {"constant", ImputerStrategy::constant}})
          .real("fill_value", &Options::fill_value, -core::kFinite, core::kFinite);
  return table;
}

/// At least one row and one column; NaN is no error here.
template <class T>
void check_rows_with_gaps(std::string_view call, MatrixView<const T> x) {
  if (x.empty()) throw InvalidArgument(fmt::format("{}: x is empty ({} x {})", call, x.rows(), x.columns()));
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::int64_t j = 0; j < x.columns(); ++j) {
      if (std::isinf(x(i, j))) {
        throw InvalidArgument(fmt::format("{}: x has an infinity in row {}, column {}", call, i, j));
      }
    }
  }
}

/// The mean, about the first value so that a great one costs no digits.
double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value - values.front();
  return values.front() + sum / static_cast<double>(values.size());
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return std::midpoint(*std::max_element(values.begin(), middle), *middle);
}

double most_frequent(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  double best = values.front();
  std::int64_t most = 0;
  for (auto first = values.begin(); first != values.end();) {
    const auto next = std::upper_bound(first, values.end(), *first);
    if (next - first > most) {
      most = next - first;
      best = *first;
    }
    first = next;
  }
  return best;
}

/// What stands for the missing values of a column with these others, at least one.
double statistic(ImputerStrategy strategy, std::vector<double>& values) {
  switch (strategy) {
    case ImputerStrategy::median:
      return median(values);
    case ImputerStrategy::most_frequent:
      return most_frequent(values);
    default:
      return mean(values);
  }
}

template <class T>
std::vector<double> present_values(MatrixView<const T> x, std::int64_t column) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(x.rows()));
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    if (!std::isnan(x(i, column))) values.push_back(static_cast<double>(x(i, column)));
  }
  return values;
}

}  // namespace

template <class T>
SimpleImputer<T>& SimpleImputer<T>::fit(MatrixView<const T> x) {
  constexpr std::string_view kCall = "SimpleImputer::fit";
  simple_imputer_params().check(kCall, options_);
  check_rows_with_gaps(kCall, x);
  State next{std::vector<double>(static_cast<std::size_t>(x.columns()), options_.fill_value)};
  if (options_.strategy != ImputerStrategy::constant) {
    for (std::int64_t j = 0; j < x.columns(); ++j) {
      std::vector<double> values = present_values(x, j);
      if (values.empty()) {
        throw InvalidArgument(fmt::format("{}: column {} has no value in any of {} rows", kCall, j, x.rows()));
      }
      next.statistics[static_cast<std::size_t>(j)] = statistic(options_.strategy, values);
    }
  }
  state_ = std::move(next);
  return *this;
}

template <class T>
Matrix<T> SimpleImputer<T>::transform(MatrixView<const T> x) const {
  constexpr std::string_view kCall = "SimpleImputer::transform";
  const State& state = fitted("transform");
  core::check_columns(kCall, x.columns(), std::ssize(state.statistics));
  check_rows_with_gaps(kCall, x);
  return core::map_values(x,
                          [&](double value, std::size_t j) { return std::isnan(value) ? state.statistics[j] : value; });
}

template <class T>
Matrix<T> SimpleImputer<T>::fit_transform(MatrixView<const T> x) {
  return fit(x).transform(x);
}

template <class T>
const std::vector<double>& SimpleImputer<T>::statistics() const {
  return fitted("statistics").statistics;
}

template <class T>
std::int64_t SimpleImputer<T>::n_features_in() const {
  return std::ssize(fitted("n_features_in").statistics);
}

template <class T>
void SimpleImputer<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  json document = core::model_document("SimpleImputer", core::type_name<T>(), get_params());
  document["state"] = {{"statistics", core::array_document<double>(state.statistics)}};
  core::write_model("SimpleImputer::save", out, document);
}

template <class T>
SimpleImputer<T> SimpleImputer<T>::load(std::istream& in) {
  const json document = core::read_model(in, "SimpleImputer", core::type_name<T>());
  SimpleImputer model(core::stored_options(document, simple_imputer_params()));
  model.state_.statistics = core::array_member<double>(document.at("state"), "statistics");
  core::require(!model.state_.statistics.empty(), "\"statistics\" is empty");
  return model;
}

FORJA_TRANSFORMER(SimpleImputer, simple_imputer_params)

}  // namespace forja
