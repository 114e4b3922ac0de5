#pragma once

#include <cstdint>
#include <vector>

namespace forja::core {

/// Which features the nodes of trees may be split by: those that may stand together with the ones on the way to the
/// node, and of them a share by chance, which depends on the seed, the round, the output and the way alone.
class NodeFeatures {
 public:
  /// What is known of a node.
  struct Node {
    std::uint64_t key = 0;             ///< of its chance
    std::vector<std::int32_t> groups;  ///< those that have all features on the way to it
  };

  /// groups: of features that may stand together; features in none are one more; none at all: as they like.
  NodeFeatures(std::int64_t features, const std::vector<std::vector<std::int64_t>>& groups, double share,
               std::uint64_t seed);

  Node root(std::uint64_t round, std::int64_t output) const;
  /// A child of a node that is split by a feature.
  Node child(const Node& parent, std::int32_t feature, bool right) const;
  /// A bit for each feature that it may be split by; empty: all.
  std::vector<std::uint64_t> allowed(const Node& node) const;

 private:
  std::int64_t features_;
  std::vector<std::vector<std::uint64_t>> groups_;
  double share_;
  std::uint64_t seed_;
};

}  // namespace forja::core
