#include "boosting/monotone_leaves.h"

#include <algorithm>
#include <vector>

namespace forja::core {

void sum_facts(std::span<const compute::ForestNode> nodes, std::span<ForestNodeFacts> facts) {
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (nodes[i].feature < 0) continue;
    const auto left = static_cast<std::size_t>(nodes[i].left);
    facts[i].cover = facts[left].cover + facts[left + 1].cover;
    facts[i].count = facts[left].count + facts[left + 1].count;
  }
}

void make_monotone(std::span<compute::ForestNode> nodes, std::span<const ForestNodeFacts> facts,
                   std::span<const std::int8_t> monotonic) {
  std::vector<double> mean(nodes.size());
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const auto left = static_cast<std::size_t>(nodes[i].left);
    if (nodes[i].feature < 0) {
      mean[i] = nodes[i].value;
    } else if (facts[i].cover > 0) {
      mean[i] = (mean[left] * facts[left].cover + mean[left + 1] * facts[left + 1].cover) / facts[i].cover;
    }
  }
  std::vector<formulas::ValueBounds> bounds(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].feature < 0) {
      nodes[i].value = std::clamp(nodes[i].value, bounds[i].lower, bounds[i].upper);
      continue;
    }
    const auto left = static_cast<std::size_t>(nodes[i].left);
    bounds[left] = bounds[left + 1] = bounds[i];
    const std::int8_t direction = monotonic[static_cast<std::size_t>(nodes[i].feature)];
    if (direction == 0) continue;
    const double middle = std::clamp((mean[left] + mean[left + 1]) / 2, bounds[i].lower, bounds[i].upper);
    bounds[direction > 0 ? left : left + 1].upper = middle;
    bounds[direction > 0 ? left + 1 : left].lower = middle;
  }
}

}  // namespace forja::core
