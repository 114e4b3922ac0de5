#include "data/class_labels.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "forja/error.h"

namespace forja::core {

template <class T>
std::vector<std::int32_t> class_labels(std::string_view call, std::span<const T> target) {
  using Limits = std::numeric_limits<std::int32_t>;
  std::vector<std::int32_t> labels;
  labels.reserve(target.size());
  for (const T value : target) {
    const auto wide = static_cast<double>(value);
    if (!(wide >= Limits::min() && wide <= Limits::max()) || wide != std::trunc(wide)) {
      throw InvalidArgument(fmt::format("{}: the target is {} in row {} but a label is a whole number of 32 bits", call,
                                        value, labels.size()));
    }
    labels.push_back(static_cast<std::int32_t>(wide));
  }
  return labels;
}

template std::vector<std::int32_t> class_labels(std::string_view, std::span<const float>);
template std::vector<std::int32_t> class_labels(std::string_view, std::span<const double>);

}  // namespace forja::core
