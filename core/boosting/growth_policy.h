#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <span>
#include <vector>

namespace forja::core {

struct GrowthLimits {
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  bool depth_wise = false;
  std::int64_t max_leaves = kNone;
  std::int64_t max_depth = kNone;
};

/// Which nodes of one tree are split, and in which order; knows gains, not data. Nodes are taken from a queue by
/// greatest gain (depth-wise: by level, then by gain), of equal ones the one that entered first. Several may be split
/// ahead of their turn: those are taken as they are when it comes, or left as leaves when it never does. So the tree
/// does not depend on how many are split at once.
class GrowthPolicy {
 public:
  /// A node to be split, and whether its children might be split in turn.
  struct Task {
    std::int64_t node = 0;
    bool children_open = true;
  };

  /// Node 0 is the root. A gain of 0 or below: no split.
  GrowthPolicy(const GrowthLimits& limits, double root_gain);

  /// What to split next, at most so many (depth-wise: a level); empty: the tree is finished.
  std::vector<Task> next(std::int64_t at_most);
  /// Tells what a node's children promise; they get the next two numbers. Returns the left one's.
  std::int64_t split(std::int64_t node, double left_gain, double right_gain);

  /// The nodes that have been split, in the order of their turns.
  std::span<const std::int64_t> taken() const { return taken_; }
  std::int64_t left_child(std::int64_t node) const { return nodes_[static_cast<std::size_t>(node)].left; }
  std::int64_t depth(std::int64_t node) const { return nodes_[static_cast<std::size_t>(node)].depth; }

 private:
  struct Node {
    double gain = 0;
    std::int64_t depth = 0;
    std::int64_t left = -1;
  };
  struct Place {
    std::int64_t level;
    double gain;
    std::int64_t turn;  ///< how many had entered before
    std::int64_t node;
    bool operator<(const Place& other) const {
      if (level != other.level) return level < other.level;
      return gain != other.gain ? gain > other.gain : turn < other.turn;
    }
  };

  void enter(std::int64_t node);
  std::vector<Task> batch(std::int64_t at_most) const;

  GrowthLimits limits_;
  std::vector<Node> nodes_;
  std::set<Place> queue_;
  std::vector<std::int64_t> taken_;
  std::int64_t entered_ = 0;
};

}  // namespace forja::core
