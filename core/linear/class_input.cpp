#include "linear/class_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "estimator/dense_labels.h"
#include "estimator/input_checks.h"
#include "forja/error.h"

namespace forja::core {

template <class T>
void check_classes(std::string_view call, const Rows<T>& x, std::span<const std::int32_t> y,
                   std::span<const T> sample_weight, const Device& device) {
  check_rows(call, x, device);
  check_labels(call, y, x.rows());
  if (check_sample_weight(call, sample_weight, x.rows()) == 0) {
    throw InvalidArgument(fmt::format("{}: all {} weights are 0", call, x.rows()));
  }
}

std::vector<std::int32_t> all_classes(std::string_view call, std::span<const std::int32_t> y) {
  std::vector<std::int32_t> classes = dense_labels(y).classes;
  if (classes.size() < 2) {
    throw InvalidArgument(fmt::format("{}: y has 1 class, {}, but at least 2 are needed", call, classes.front()));
  }
  return classes;
}

void check_class_weights(std::string_view call, const ClassWeights& class_weights) {
  for (const auto& [label, weight] : class_weights) {
    if (!(weight >= 0 && weight <= std::numeric_limits<double>::max())) {
      throw InvalidArgument(fmt::format("{}: class_weights of {} is {} but it must be a finite number of at least 0",
                                        call, label, weight));
    }
  }
}

std::vector<std::int32_t> places_of(std::string_view call, std::span<const std::int32_t> y,
                                    std::span<const std::int32_t> classes) {
  std::vector<std::int32_t> places;
  places.reserve(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const auto found = std::lower_bound(classes.begin(), classes.end(), y[i]);
    if (found == classes.end() || *found != y[i]) {
      throw InvalidArgument(
          fmt::format("{}: y has {} in row {}, which is none of the {} classes", call, y[i], i, classes.size()));
    }
    places.push_back(static_cast<std::int32_t>(found - classes.begin()));
  }
  return places;
}

std::vector<double> class_weights_of(std::string_view call, ClassWeight kind, const ClassWeights& given,
                                     std::span<const std::int32_t> places, std::span<const std::int32_t> classes) {
  std::vector<double> weight;
  if (kind == ClassWeight::balanced) {
    weight.assign(classes.size(), 0);
    for (const std::int32_t place : places) weight[static_cast<std::size_t>(place)] += 1;
    for (double& value : weight) {
      if (value > 0) value = static_cast<double>(places.size()) / (static_cast<double>(classes.size()) * value);
    }
  }
  for (const auto& [label, value] : given) {
    const auto found = std::lower_bound(classes.begin(), classes.end(), label);
    if (found == classes.end() || *found != label) {
      throw InvalidArgument(
          fmt::format("{}: class_weights has {}, which is none of the {} classes", call, label, classes.size()));
    }
    weight.resize(classes.size(), 1);
    weight[static_cast<std::size_t>(found - classes.begin())] = value;
  }
  return weight;
}

template <class T>
std::vector<T> row_weights(std::span<const T> sample_weight, std::span<const std::int32_t> places,
                           std::span<const double> class_weight) {
  std::vector<T> weight(sample_weight.begin(), sample_weight.end());
  if (class_weight.empty()) return weight;
  weight.resize(places.size(), T(1));
  for (std::size_t i = 0; i < places.size(); ++i) {
    weight[i] *= static_cast<T>(class_weight[static_cast<std::size_t>(places[i])]);
  }
  return weight;
}

#define FORJA_INSTANTIATE(T)                                                                                       \
  template void check_classes(std::string_view, const Rows<T>&, std::span<const std::int32_t>, std::span<const T>, \
                              const Device&);                                                                      \
  template std::vector<T> row_weights(std::span<const T>, std::span<const std::int32_t>, std::span<const double>);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
