#pragma once

#include <sstream>
#include <string>

#include "forja/device.h"

namespace forja::testing {

/// The bytes of a model's file.
template <class Model>
std::string saved(const Model& model) {
  std::ostringstream out;
  model.save(out);
  return out.str();
}

/// device: where the model is to run, if it runs on one.
template <class Model>
Model loaded(const std::string& bytes, const Device& device = Device::cpu()) {
  std::istringstream in(bytes);
  if constexpr (requires { Model::load(in, device); }) {
    return Model::load(in, device);
  } else {
    return Model::load(in);
  }
}

}  // namespace forja::testing
