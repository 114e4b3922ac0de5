#pragma once

#include <filesystem>
#include <iostream>

#include "estimator/model_file.h"
#include "estimator/parameter_table.h"
#include "forja/error.h"

namespace forja::core {

/// The options of a model file, from those that its table has not.
template <class Options>
Options stored_options(const nlohmann::json& document, const ParameterTable<Options>& table, Options options = {}) {
  try {
    table.set("model file", options, params_from(document.at("parameters")));
    table.check("model file", options);
  } catch (const InvalidArgument& refused) {
    throw ModelFormatError(refused.what());
  }
  return options;
}

}  // namespace forja::core

/// Defines save and load by the name of a file, and instantiates all four, for an estimator template that has them for
/// streams. check("save") throws NotFitted before there is a file.
#define FORJA_MODEL_FILES(Model, check)                                                                \
  template <class T>                                                                                   \
  void Model<T>::save(const std::filesystem::path& path) const {                                       \
    this->check("save");                                                                               \
    core::with_output_file(#Model "::save", path, [&](std::ostream& out) { save(out); });              \
  }                                                                                                    \
  template <class T>                                                                                   \
  Model<T> Model<T>::load(const std::filesystem::path& path, Device device) {                          \
    Model model({}, device);                                                                           \
    core::with_input_file(#Model "::load", path, [&](std::istream& in) { model = load(in, device); }); \
    return model;                                                                                      \
  }                                                                                                    \
  template void Model<float>::save(std::ostream&) const;                                               \
  template void Model<double>::save(std::ostream&) const;                                              \
  template void Model<float>::save(const std::filesystem::path&) const;                                \
  template void Model<double>::save(const std::filesystem::path&) const;                               \
  template Model<float> Model<float>::load(std::istream&, Device);                                     \
  template Model<double> Model<double>::load(std::istream&, Device);                                   \
  template Model<float> Model<float>::load(const std::filesystem::path&, Device);                      \
  template Model<double> Model<double>::load(const std::filesystem::path&, Device);
