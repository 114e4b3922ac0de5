#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "forja/metrics.h"

/// What every metric asks of its input. `call` names the public call; all throw InvalidArgument.
namespace forja::core {

/// Two arguments of the same length, at least 1.
void check_lengths(std::string_view call, std::string_view name, std::int64_t length, std::int64_t rows);

/// The weights of `rows` rows, ones where none are given.
std::vector<double> metric_weights(std::string_view call, const SampleWeight& sample_weight, std::int64_t rows);

template <class T>
void check_finite_values(std::string_view call, std::string_view name, std::span<const T> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw InvalidArgument(fmt::format("{}: {}({}) = {} but every value must be finite", call, name, i, values[i]));
    }
  }
}

}  // namespace forja::core
