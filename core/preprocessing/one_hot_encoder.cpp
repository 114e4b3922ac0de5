#include <algorithm>
#include <limits>

#include "forja/preprocessing.h"
#include "preprocessing/row_chunks.h"
#include "preprocessing/transformer_parts.h"

namespace forja {
namespace {

using nlohmann::json;

const core::ParameterTable<OneHotEncoderOptions>& one_hot_encoder_params() {
  using Options = OneHotEncoderOptions;
  static const core::ParameterTable<Options> table =
      core::ParameterTable<Options>()
          .choice("drop", &Options::drop,
                  {{"none", OneHotDrop::none}, {"first", OneHotDrop::first}, {"if_binary", OneHotDrop::if_binary}})
          .choice("handle_unknown", &Options::handle_unknown,
                  {{"error", UnknownCategory::error}, {"ignore", UnknownCategory::ignore}});
  return table;
}

/// The place of a value among a column's categories; empty where it is none.
std::optional<std::int64_t> place_of(const std::vector<double>& categories, double value) {
  const auto found = std::lower_bound(categories.begin(), categories.end(), value);
  if (found == categories.end() || *found != value) return std::nullopt;
  return found - categories.begin();
}

template <class T>
void check_known(std::string_view call, MatrixView<const T> x, const std::vector<std::vector<double>>& categories) {
  std::vector<std::int64_t> unknown(static_cast<std::size_t>(core::chunk_count(x.rows())), -1);
  core::for_each_chunk(x.rows(), [&](std::int64_t chunk, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = last - 1; i >= first; --i) {
      for (std::size_t j = 0; j < categories.size(); ++j) {
        const auto value = static_cast<double>(x(i, static_cast<std::int64_t>(j)));
        if (!place_of(categories[j], value)) unknown[static_cast<std::size_t>(chunk)] = i;
      }
    }
  });
  const auto row = std::find_if(unknown.begin(), unknown.end(), [](std::int64_t i) { return i >= 0; });
  if (row == unknown.end()) return;
  for (std::int64_t j = 0; j < x.columns(); ++j) {
    if (place_of(categories[static_cast<std::size_t>(j)], static_cast<double>(x(*row, j)))) continue;
    throw InvalidArgument(
        fmt::format("{}: x has {} in row {}, column {}, a category that fit did not see", call, x(*row, j), *row, j));
  }
}

}  // namespace

template <class T>
typename OneHotEncoder<T>::State OneHotEncoder<T>::make_state(std::vector<std::vector<double>> categories,
                                                              std::vector<std::int64_t> dropped) {
  State state{std::move(categories), std::move(dropped), {0}};
  for (std::size_t j = 0; j < state.categories.size(); ++j) {
    state.first.push_back(state.first.back() + std::ssize(state.categories[j]) - state.dropped[j]);
  }
  return state;
}

template <class T>
OneHotEncoder<T>& OneHotEncoder<T>::fit(MatrixView<const T> x) {
  constexpr std::string_view kCall = "OneHotEncoder::fit";
  one_hot_encoder_params().check(kCall, options_);
  core::check_host_rows(kCall, x);
  std::vector<std::vector<double>> categories(static_cast<std::size_t>(x.columns()));
  std::vector<std::int64_t> dropped;
  for (std::int64_t j = 0; j < x.columns(); ++j) {
    std::vector<double>& of_column = categories[static_cast<std::size_t>(j)];
    of_column.resize(static_cast<std::size_t>(x.rows()));
    for (std::int64_t i = 0; i < x.rows(); ++i) of_column[static_cast<std::size_t>(i)] = static_cast<double>(x(i, j));
    std::sort(of_column.begin(), of_column.end());
    of_column.erase(std::unique(of_column.begin(), of_column.end()), of_column.end());
    of_column.shrink_to_fit();
    const bool drops =
        options_.drop == OneHotDrop::first || (options_.drop == OneHotDrop::if_binary && of_column.size() == 2);
    dropped.push_back(drops ? 1 : 0);
  }
  state_ = make_state(std::move(categories), std::move(dropped));
  return *this;
}

template <class T>
Matrix<T> OneHotEncoder<T>::transform(MatrixView<const T> x) const {
  constexpr std::string_view kCall = "OneHotEncoder::transform";
  const State& state = fitted("transform");
  core::check_new_host_rows(kCall, x, state.categories.size());
  if (options_.handle_unknown == UnknownCategory::error) check_known(kCall, x, state.categories);
  return core::map_rows(x, n_output_features(), [&](std::span<const T> from, std::span<T> to) {
    for (std::size_t j = 0; j < from.size(); ++j) {
      const std::optional<std::int64_t> place = place_of(state.categories[j], static_cast<double>(from[j]));
      if (!place || *place < state.dropped[j]) continue;
      to[static_cast<std::size_t>(state.first[j] + *place - state.dropped[j])] = T(1);
    }
  });
}

template <class T>
Matrix<T> OneHotEncoder<T>::fit_transform(MatrixView<const T> x) {
  return fit(x).transform(x);
}

template <class T>
Matrix<T> OneHotEncoder<T>::inverse_transform(MatrixView<const T> encoded) const {
  const State& state = fitted("inverse_transform");
  constexpr std::string_view kCall = "OneHotEncoder::inverse_transform";
  if (encoded.columns() != n_output_features()) {
    throw InvalidArgument(
        fmt::format("{}: x has {} columns but the model makes {}", kCall, encoded.columns(), n_output_features()));
  }
  core::check_host_rows(kCall, encoded);
  return core::map_rows(encoded, n_features_in(), [&](std::span<const T> from, std::span<T> to) {
    for (std::size_t j = 0; j < to.size(); ++j) {
      const auto begin = from.begin() + state.first[j];
      const auto end = from.begin() + state.first[j + 1];
      const auto greatest = std::max_element(begin, end);
      const std::vector<double>& categories = state.categories[j];
      if (greatest != end && *greatest > 0) {
        to[j] = static_cast<T>(categories[static_cast<std::size_t>(greatest - begin + state.dropped[j])]);
      } else {
        to[j] = state.dropped[j] > 0 ? static_cast<T>(categories.front()) : std::numeric_limits<T>::quiet_NaN();
      }
    }
  });
}

template <class T>
const std::vector<std::vector<double>>& OneHotEncoder<T>::categories() const {
  return fitted("categories").categories;
}

template <class T>
std::int64_t OneHotEncoder<T>::n_output_features() const {
  return fitted("n_output_features").first.back();
}

template <class T>
std::int64_t OneHotEncoder<T>::n_features_in() const {
  return std::ssize(fitted("n_features_in").categories);
}

template <class T>
void OneHotEncoder<T>::save(std::ostream& out) const {
  const State& state = fitted("save");
  json document = core::model_document("OneHotEncoder", core::type_name<T>(), get_params());
  json columns = json::array();
  for (std::size_t j = 0; j < state.categories.size(); ++j) {
    columns.push_back(
        {{"categories", core::array_document<double>(state.categories[j])}, {"dropped", state.dropped[j]}});
  }
  document["state"] = {{"columns", std::move(columns)}};
  core::write_model("OneHotEncoder::save", out, document);
}

template <class T>
OneHotEncoder<T> OneHotEncoder<T>::load(std::istream& in) {
  const json document = core::read_model(in, "OneHotEncoder", core::type_name<T>());
  OneHotEncoder model(core::stored_options(document, one_hot_encoder_params()));
  const json& columns = core::member(document.at("state"), "columns");
  core::require(columns.is_array() && !columns.empty(), "\"columns\" is no list");
  std::vector<std::vector<double>> categories;
  std::vector<std::int64_t> dropped;
  for (const json& column : columns) {
    core::require(column.is_object(), "\"columns\" has an entry that is no object");
    categories.push_back(core::array_member<double>(column, "categories"));
    dropped.push_back(core::integer_member(column, "dropped", 0));
    const std::vector<double>& values = categories.back();
    core::require(
        !values.empty() && std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end(),
        "\"categories\" do not ascend");
    core::require(dropped.back() <= 1, "\"dropped\" is neither 0 nor 1");
  }
  model.state_ = make_state(std::move(categories), std::move(dropped));
  core::require(model.n_output_features() > 0, "no category has a column");
  return model;
}

FORJA_TRANSFORMER(OneHotEncoder, one_hot_encoder_params)

}  // namespace forja
