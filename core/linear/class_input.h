#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "estimator/parameter_table.h"
#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/linear_classifier.h"

/// What linear classifiers make of labels and weights. All throw InvalidArgument.
namespace forja::core {

/// Adds class_weight to a table.
template <class Options>
ParameterTable<Options>& add_class_weight(ParameterTable<Options>& table) {
  return table.choice("class_weight", &Options::class_weight,
                      {{"uniform", ClassWeight::uniform}, {"balanced", ClassWeight::balanced}});
}

/// One output for two classes, else one per class.
inline std::int64_t outputs_of(std::span<const std::int32_t> classes) {
  return classes.size() == 2 ? 1 : std::ssize(classes);
}

/// Checks rows, labels and weights.
template <class T>
void check_classes(std::string_view call, const Rows<T>& x, std::span<const std::int32_t> y,
                   std::span<const T> sample_weight, const Device& device);

/// The different labels, ascending; at least two.
std::vector<std::int32_t> all_classes(std::string_view call, std::span<const std::int32_t> y);

/// That each is finite and at least 0.
void check_class_weights(std::string_view call, const ClassWeights& class_weights);

/// Each label's place in classes, which have them all.
std::vector<std::int32_t> places_of(std::string_view call, std::span<const std::int32_t> y,
                                    std::span<const std::int32_t> classes);

/// What each class weighs; empty: one each.
std::vector<double> class_weights_of(std::string_view call, ClassWeight kind, const ClassWeights& given,
                                     std::span<const std::int32_t> places, std::span<const std::int32_t> classes);

/// Rows' weights times their classes'; empty: one each.
template <class T>
std::vector<T> row_weights(std::span<const T> sample_weight, std::span<const std::int32_t> places,
                           std::span<const double> class_weight);

}  // namespace forja::core
