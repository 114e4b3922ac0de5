#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "estimator/model_file.h"
#include "svm/kernel_params.h"

/// The kernel that a fit ended up with, in a model file: options may have left it to the fit, or have changed since.
namespace forja::core {

template <class State>
nlohmann::json kernel_state(const State& own) {
  return {{"kernel", static_cast<std::int64_t>(own.kernel)},
          {"gamma", own.gamma},
          {"coef0", array_document<double>(std::span(&own.coef0, 1))},
          {"degree", own.degree}};
}

/// last: of the kernels that there may be.
template <class State>
void read_kernel_state(const nlohmann::json& state, SVMKernel last, State& own) {
  const std::int64_t kernel = integer_member(state, "kernel", 0);
  require(kernel <= static_cast<std::int64_t>(last), "\"kernel\" is none");
  own.kernel = static_cast<SVMKernel>(kernel);
  own.gamma = amount_member(state, "gamma");
  const std::vector<double> coef0 = array_member<double>(state, "coef0");
  require(coef0.size() == 1, "\"coef0\" is not one number");
  own.coef0 = coef0[0];
  own.degree = integer_member(state, "degree", 0);
  require(own.degree <= kMostKernelDegree, "\"degree\" is too great");
}

}  // namespace forja::core
