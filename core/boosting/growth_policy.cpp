#include "boosting/growth_policy.h"

namespace forja::core {

GrowthPolicy::GrowthPolicy(const GrowthLimits& limits, double root_gain) : limits_(limits) {
  nodes_.push_back({root_gain, 0, -1});
  enter(0);
}

void GrowthPolicy::enter(std::int64_t node) {
  const Node& own = nodes_[static_cast<std::size_t>(node)];
  if (own.gain <= 0 || own.depth >= limits_.max_depth) return;
  queue_.insert({limits_.depth_wise ? own.depth : 0, own.gain, entered_++, node});
}

std::vector<GrowthPolicy::Task> GrowthPolicy::next(std::int64_t at_most) {
  while (!queue_.empty() && std::ssize(taken_) + 1 < limits_.max_leaves) {
    const std::int64_t node = queue_.begin()->node;
    const std::int64_t left = left_child(node);
    if (left < 0) return batch(at_most);
    queue_.erase(queue_.begin());
    taken_.push_back(node);
    enter(left);
    enter(left + 1);
  }
  return {};
}

std::vector<GrowthPolicy::Task> GrowthPolicy::batch(std::int64_t at_most) const {
  const std::int64_t turns_left = limits_.max_leaves - std::ssize(taken_) - 1;
  std::vector<Task> tasks;
  std::int64_t turn = 0;
  for (const Place& place : queue_) {
    if (turn == turns_left || (!limits_.depth_wise && std::ssize(tasks) == at_most)) break;
    ++turn;
    if (left_child(place.node) >= 0) continue;
    // Children come after their parent, which comes after the nodes before it; depth-wise, after all of its level.
    const std::int64_t before_children = limits_.depth_wise ? std::ssize(queue_) : turn;
    const bool deep = depth(place.node) + 1 >= limits_.max_depth;
    tasks.push_back({place.node, before_children < turns_left && !deep});
  }
  return tasks;
}

std::int64_t GrowthPolicy::split(std::int64_t node, double left_gain, double right_gain) {
  const std::int64_t left = std::ssize(nodes_);
  nodes_[static_cast<std::size_t>(node)].left = left;
  nodes_.push_back({left_gain, depth(node) + 1, -1});
  nodes_.push_back({right_gain, depth(node) + 1, -1});
  return left;
}

}  // namespace forja::core
