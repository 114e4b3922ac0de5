#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "boosting/boosting_view.h"
#include "boosting/growth.h"

namespace forja::cuda {

/// What is asked of leaves, and done by them to scores.
class Leaves {
 public:
  Leaves(const Context& context, const CudaBinnedRows& x, const Growth& growth, Gradients& gradients)
      : context_(&context), x_(&x), growth_(&growth), gradients_(&gradients) {}

  /// Synchronises.
  std::vector<formulas::NodeSums> sums(std::span<const std::int64_t> nodes);
  /// Synchronises.
  std::vector<double> quantiles(std::span<const std::int64_t> nodes, double q);
  void add(std::span<const compute::LeafValue> leaves);
  void add_trees(std::span<const compute::BinnedNode> nodes, std::span<const compute::BinnedTree> trees);

 private:
  void walk(std::span<const WalkNode> nodes, std::span<const WalkTree> trees);
  /// Uploads tasks; returns their pieces.
  std::int64_t put_tasks(std::span<const std::int64_t> nodes);

  const Context* context_;
  const CudaBinnedRows* x_;
  const Growth* growth_;
  Gradients* gradients_;
  DeviceBuffer<LeafTask> tasks_;
  DeviceBuffer<BinSums> sums_;
  DeviceBuffer<formulas::NodeSums> found_;
  DeviceBuffer<double> quantiles_;
  DeviceBuffer<WalkNode> walk_nodes_;
  DeviceBuffer<WalkTree> walk_trees_;
};

}  // namespace forja::cuda
