#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "boosting/binned_rows.h"
#include "boosting/gradients.h"
#include "boosting/histograms.h"
#include "boosting/node_rows.h"
#include "boosting/split_search.h"
#include "compute/boosting_compute.h"

namespace forja::cuda {

/// A node of an opening. Its rows stay in its segment when they are split.
struct GrownNode {
  std::int64_t tree = 0;
  std::int64_t begin = 0;
  std::int64_t count = 0;
  int histogram = -1;
  bool busy = false;  ///< its histogram is asked for by what is not enqueued yet
  double gain = -1;
  std::int64_t left = -1;  ///< children, where it is split
  std::int64_t right = -1;
  std::int32_t feature = -1;
  BinMask left_bins{};
};

/// The trees of an opening: rows by nodes, histograms, splits. Histograms of nodes that may be split are kept, so that
/// of each split's children only the smaller is built, as memory allows: those of the least gain go first, and both
/// children of a node without are built.
class Growth {
 public:
  Growth(const Context& context, const CudaBinnedRows& x, const compute::BoostingPlan& plan, Gradients& gradients,
         NodeRows& node_rows);

  std::vector<compute::BoostingSplit> open(std::span<const std::int64_t> outputs,
                                           std::span<const compute::NodeRule> rules);
  std::vector<compute::BoostingSplit> split(std::span<const compute::NodeToSplit> nodes);

  const GrownNode& node(std::int64_t number) const { return nodes_[static_cast<std::size_t>(number)]; }
  std::int64_t output(std::int64_t tree) const { return outputs_[static_cast<std::size_t>(tree)]; }
  const std::uint32_t* rows(const GrownNode& node) const { return order_.data() + node.begin; }

 private:
  /// A node that is searched with the next ones.
  struct Wanted {
    std::int64_t node;
    std::int64_t sibling;  ///< whose sums are taken from the parent's; -1: built
    const compute::NodeRule* rule;
  };

  GrownNode& at(std::int64_t number) { return nodes_[static_cast<std::size_t>(number)]; }
  void move_rows(std::span<const compute::NodeToSplit> nodes);
  void add_children(const compute::NodeToSplit& one);
  /// Gives a node a histogram, if need be that of another which is not busy; false where there is none.
  bool give_histogram(GrownNode& node);
  void release_histogram(GrownNode& node);
  /// Lists the children of a split for the search, or none of them; false where memory wants the listed ones searched
  /// first.
  bool want_children(const compute::NodeToSplit& one);
  bool want_root(std::int64_t node, const compute::NodeRule& rule);
  /// Enqueues building and search of what is wanted.
  void search_wanted();
  /// Calls want() until it is done, with searches between where memory is short.
  template <class Want>
  void insist(const Want& want);
  /// Reads the results and forgets histograms of nodes without a split. Synchronises.
  std::vector<compute::BoostingSplit> found_splits();

  const Context* context_;
  const CudaBinnedRows* x_;
  Gradients* gradients_;
  NodeRows* node_rows_;
  Histograms histograms_;
  SplitSearch search_;
  std::vector<GrownNode> nodes_;
  std::vector<std::int64_t> outputs_;
  std::vector<std::int64_t> holders_;  ///< nodes by histogram; -1
  std::vector<Wanted> wanted_;
  std::vector<std::int64_t> searched_;  ///< nodes in the order of results
  DeviceBuffer<std::uint32_t> order_;
  DeviceBuffer<std::uint32_t> spare_;
  DeviceBuffer<std::uint64_t> masks_;
};

}  // namespace forja::cuda
