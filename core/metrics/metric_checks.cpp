#include "metrics/metric_checks.h"

#include <numeric>

#include "forja/error.h"

namespace forja::core {

void check_lengths(std::string_view call, std::string_view name, std::int64_t length, std::int64_t rows) {
  if (rows == 0) throw InvalidArgument(fmt::format("{}: y_true is empty", call));
  if (length != rows) {
    throw InvalidArgument(fmt::format("{}: {} has {} values but y_true has {}", call, name, length, rows));
  }
}

std::vector<double> metric_weights(std::string_view call, const SampleWeight& sample_weight, std::int64_t rows) {
  std::vector<double> weights;
  std::visit([&](const auto& given) { weights.assign(given.begin(), given.end()); }, sample_weight.values());
  if (weights.empty()) return std::vector<double>(static_cast<std::size_t>(rows), 1.0);
  check_lengths(call, "sample_weight", std::ssize(weights), rows);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i]) || weights[i] < 0) {
      throw InvalidArgument(
          fmt::format("{}: sample_weight({}) = {} but weights must be finite and at least 0", call, i, weights[i]));
    }
  }
  if (!(std::accumulate(weights.begin(), weights.end(), 0.0) > 0)) {
    throw InvalidArgument(fmt::format("{}: sample_weight sums to 0", call));
  }
  return weights;
}

}  // namespace forja::core
