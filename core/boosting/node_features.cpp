#include "boosting/node_features.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "formulas/counter_random.h"
#include "formulas/gradient_packing.h"

namespace forja::core {
namespace {

constexpr std::uint64_t kFeatureStream = 0x4746;

using Bits = std::vector<std::uint64_t>;

Bits no_bits(std::int64_t count) { return Bits(static_cast<std::size_t>((count + 63) / 64)); }
void set_bit(Bits& bits, std::int64_t place) {
  bits[static_cast<std::size_t>(place / 64)] |= std::uint64_t{1} << (place % 64);
}
bool has_bit(const Bits& bits, std::int64_t place) {
  return ((bits[static_cast<std::size_t>(place / 64)] >> (place % 64)) & 1) != 0;
}

}  // namespace

NodeFeatures::NodeFeatures(std::int64_t features, const std::vector<std::vector<std::int64_t>>& groups, double share,
                           std::uint64_t seed)
    : features_(features), share_(share), seed_(seed) {
  if (groups.empty()) return;
  Bits listed = no_bits(features);
  for (const std::vector<std::int64_t>& group : groups) {
    groups_.push_back(no_bits(features));
    for (const std::int64_t feature : group) {
      set_bit(groups_.back(), feature);
      set_bit(listed, feature);
    }
  }
  Bits rest = no_bits(features);
  bool any = false;
  for (std::int64_t f = 0; f < features; ++f) {
    if (has_bit(listed, f)) continue;
    set_bit(rest, f);
    any = true;
  }
  if (any) groups_.push_back(std::move(rest));
}

NodeFeatures::Node NodeFeatures::root(std::uint64_t round, std::int64_t output) const {
  Node node{formulas::mixed_bits(formulas::round_key(seed_, kFeatureStream, round), static_cast<std::uint64_t>(output)),
            std::vector<std::int32_t>(groups_.size())};
  std::iota(node.groups.begin(), node.groups.end(), 0);
  return node;
}

NodeFeatures::Node NodeFeatures::child(const Node& parent, std::int32_t feature, bool right) const {
  Node node{formulas::mixed_bits(parent.key, right ? 1 : 0), {}};
  for (const std::int32_t group : parent.groups) {
    if (has_bit(groups_[static_cast<std::size_t>(group)], feature)) node.groups.push_back(group);
  }
  return node;
}

std::vector<std::uint64_t> NodeFeatures::allowed(const Node& node) const {
  if (groups_.empty() && share_ >= 1) return {};
  std::vector<std::int64_t> features;
  for (std::int64_t f = 0; f < features_; ++f) {
    const bool open = groups_.empty() || std::any_of(node.groups.begin(), node.groups.end(), [&](std::int32_t group) {
                        return has_bit(groups_[static_cast<std::size_t>(group)], f);
                      });
    if (open) features.push_back(f);
  }
  // The first of Fisher and Yates' shuffle.
  const std::int64_t count = std::ssize(features);
  const auto kept = std::min(count, static_cast<std::int64_t>(std::ceil(share_ * static_cast<double>(count))));
  for (std::int64_t i = 0; i < kept && kept < count; ++i) {
    const std::int64_t j =
        i + formulas::random_below(node.key, kFeatureStream, static_cast<std::uint64_t>(i), count - i);
    std::swap(features[static_cast<std::size_t>(i)], features[static_cast<std::size_t>(j)]);
  }
  Bits bits = no_bits(features_);
  for (std::int64_t i = 0; i < kept; ++i) set_bit(bits, features[static_cast<std::size_t>(i)]);
  return bits;
}

}  // namespace forja::core
