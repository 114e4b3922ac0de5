#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "estimator/watch.h"
#include "forja/sgd.h"

namespace forja::core {

/// What classifiers by stochastic descent have learned.
struct SgdLearned {
  std::vector<std::int32_t> classes = {};
  SGDReport report = {};
  SGDWeights weights = {};
};

/// Learns from the beginning. The options have been checked. Throws InvalidArgument for data that do not fit and as
/// descend() does.
template <class T>
SgdLearned learn_classes(std::string_view call, const SGDClassifierOptions& options, const Rows<T>& x,
                         std::span<const std::int32_t> y, std::span<const T> sample_weight, const Device& device,
                         Observer* observer);

/// One more epoch; `before` may be empty. classes: all that will come, or empty.
template <class T>
SgdLearned learn_more(std::string_view call, const SGDClassifierOptions& options, const Rows<T>& x,
                      std::span<const std::int32_t> y, std::span<const std::int32_t> classes,
                      std::span<const T> sample_weight, const Device& device, SgdLearned before);

}  // namespace forja::core
