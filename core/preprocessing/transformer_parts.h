#pragma once

#include <fmt/format.h>

#include <string_view>

#include "estimator/input_checks.h"
#include "estimator/model_files.h"

/// What the transformers of the host have in common.
namespace forja::core {

/// At least one row and one column, all finite.
template <class T>
void check_host_rows(std::string_view call, MatrixView<const T> x) {
  check_rows<T>(call, x, Device::cpu());
}

/// The same with as many columns as fit() saw.
template <class T>
void check_new_host_rows(std::string_view call, MatrixView<const T> x, std::size_t columns) {
  check_new_rows<T>(call, x, Device::cpu(), static_cast<std::int64_t>(columns));
}

/// A member of `size` numbers.
inline std::vector<double> sized_member(const nlohmann::json& state, const char* name, std::size_t size) {
  std::vector<double> values = array_member<double>(state, name);
  require(values.size() == size, fmt::format("\"{}\" is not one per column", name));
  return values;
}

}  // namespace forja::core

/// The members that every transformer defines alike, from `table`, which gives its parameter table, and save() and
/// load() of streams; and its instantiations.
#define FORJA_TRANSFORMER(Model, table)                                                        \
  template <class T>                                                                           \
  const typename Model<T>::State& Model<T>::fitted(const char* what) const {                   \
    if (!is_fitted()) throw NotFitted(fmt::format(#Model "::{}: call fit first", what));       \
    return state_;                                                                             \
  }                                                                                            \
  template <class T>                                                                           \
  Params Model<T>::get_params() const {                                                        \
    return table().get(options_);                                                              \
  }                                                                                            \
  template <class T>                                                                           \
  Model<T>& Model<T>::set_params(const Params& params) {                                       \
    table().set(#Model "::set_params", options_, params);                                      \
    return *this;                                                                              \
  }                                                                                            \
  template <class T>                                                                           \
  void Model<T>::save(const std::filesystem::path& path) const {                               \
    fitted("save");                                                                            \
    core::with_output_file(#Model "::save", path, [&](std::ostream& out) { save(out); });      \
  }                                                                                            \
  template <class T>                                                                           \
  Model<T> Model<T>::load(const std::filesystem::path& path) {                                 \
    Model model;                                                                               \
    core::with_input_file(#Model "::load", path, [&](std::istream& in) { model = load(in); }); \
    return model;                                                                              \
  }                                                                                            \
  template class Model<float>;                                                                 \
  template class Model<double>;
