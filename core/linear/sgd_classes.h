#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "estimator/watch.h"
#include "forja/sgd.h"
#include "linear/sgd_driver.h"

namespace forja::core {

/// What classifiers by stochastic descent ask for beyond an SgdTask.
struct SgdClassTask {
  SgdTask descent;
  bool early_stopping;
  double validation_fraction;
  ClassWeight class_weight;
  std::span<const std::pair<std::int32_t, double>> class_weights;
};

/// One output for two classes, else one per class.
inline std::int64_t outputs_of(std::span<const std::int32_t> classes) {
  return classes.size() == 2 ? 1 : std::ssize(classes);
}

/// Checks rows, labels and weights. Throws InvalidArgument.
template <class T>
void check_classes(std::string_view call, const Rows<T>& x, std::span<const std::int32_t> y,
                   std::span<const T> sample_weight, const Device& device);

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
