#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace forja::core {

/// Labels of any values as places in the sorted list of the different ones.
struct DenseLabels {
  std::vector<std::int32_t> classes;  ///< ascending
  std::vector<std::int32_t> place;    ///< of each label in classes
};

DenseLabels dense_labels(std::span<const std::int32_t> labels);

}  // namespace forja::core
