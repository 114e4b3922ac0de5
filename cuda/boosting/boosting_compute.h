#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "boosting/binned_rows.h"
#include "boosting/gradients.h"
#include "boosting/growth.h"
#include "boosting/leaves.h"
#include "boosting/node_rows.h"
#include "compute/boosting_compute.h"

namespace forja::cuda {

/// Nodes of many trees are split together: one partition, one building of histograms, one search, one read-back of the
/// best splits a call. Rows that take no part stand in no node: with all others they walk down the grown trees by their
/// bins when leaves are added.
class CudaBoosting final : public compute::BoostingCompute {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaBoosting(int device, std::shared_ptr<const CudaBinnedRows> x, const compute::BoostingPlan& plan);

  void set_scores(MatrixView<const double> scores) override { gradients_.set_scores(scores); }
  void scores(MatrixView<double> out) override { gradients_.read_scores(out); }
  compute::BoostingLosses losses() override { return gradients_.losses(); }
  void begin_round(std::uint64_t round, double subsample, MatrixView<const double> gradients,
                   MatrixView<const double> hessians) override {
    gradients_.begin_round(round, subsample, gradients, hessians, node_rows_);
  }
  std::int64_t trees_at_once() const override { return trees_at_once_; }
  std::int64_t splits_at_once() const override;
  std::vector<compute::BoostingSplit> open(std::span<const std::int64_t> outputs,
                                           std::span<const compute::NodeRule> rules) override {
    return growth_.open(outputs, rules);
  }
  std::vector<compute::BoostingSplit> split(std::span<const compute::NodeToSplit> nodes) override {
    return growth_.split(nodes);
  }
  std::vector<formulas::NodeSums> leaf_sums(std::span<const std::int64_t> nodes) override {
    return leaves_.sums(nodes);
  }
  std::vector<double> leaf_quantiles(std::span<const std::int64_t> nodes, double q) override {
    return leaves_.quantiles(nodes, q);
  }
  void add(std::span<const compute::LeafValue> leaves) override { leaves_.add(leaves); }
  void add_trees(std::span<const compute::BinnedNode> nodes, std::span<const compute::BinnedTree> trees) override {
    leaves_.add_trees(nodes, trees);
  }

 private:
  Context context_;
  std::shared_ptr<const CudaBinnedRows> x_;
  NodeRows node_rows_;
  Gradients gradients_;
  Growth growth_;
  Leaves leaves_;
  std::int64_t trees_at_once_ = 1;
};

}  // namespace forja::cuda
