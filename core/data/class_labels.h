#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace forja::core {

/// Numbers as class labels. Throws InvalidArgument for the first that is no whole number of 32 bits.
template <class T>
std::vector<std::int32_t> class_labels(std::string_view call, std::span<const T> target);

}  // namespace forja::core
