#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "estimator/watch.h"
#include "forja/sgd.h"
#include "linear/class_input.h"
#include "linear/sgd_driver.h"

namespace forja::core {

/// What classifiers by stochastic descent ask for beyond an SgdTask.
struct SgdClassTask {
  SgdTask descent;
  bool early_stopping;
  double validation_fraction;
  ClassWeight class_weight;
  const ClassWeights& class_weights;
};

/// Goes on from `weights` over rows whose labels are all among `classes`.
template <class T>
SGDReport descend_classes(std::string_view call, const SgdClassTask& task, const Rows<T>& x,
                          std::span<const std::int32_t> y, std::span<const std::int32_t> classes,
                          std::span<const T> sample_weight, const Device& device, SGDWeights& weights,
                          const Watch& watch);

/// Coefficients and intercepts apart.
struct LinearParts {
  Matrix<double> coef;
  std::vector<double> intercept;
};
LinearParts linear_parts(const SGDWeights& weights);

}  // namespace forja::core
