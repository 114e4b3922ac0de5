#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "boosting/binned_rows.h"
#include "boosting/gradients.h"
#include "boosting/histograms.h"
#include "boosting/node_rows.h"
#include "boosting/split_search.h"
#include "compute/boosting_compute.h"

namespace forja::cpu {

/// Rows of a node are a segment of an order of rows. Of two children the smaller one's histogram is added up, the
/// other's is the parent's less that; each is searched while it is in the cache, block of features by block.
///
/// Floor of a tree: d adds for each row of the root and of each smaller child; of each split, the rows of its node
/// moved once, and a search of all bins of both children.
class CpuBoosting final : public compute::BoostingCompute {
 public:
  CpuBoosting(std::shared_ptr<const CpuBinnedRows> x, const compute::BoostingPlan& plan, int threads);

  void set_scores(MatrixView<const double> scores) override { gradients_.set_scores(scores); }
  void scores(MatrixView<double> out) override { gradients_.read_scores(out); }
  void add_trees(std::span<const compute::BinnedNode> nodes, std::span<const compute::BinnedTree> trees) override {
    gradients_.add_trees(*x_, nodes, trees);
  }
  compute::BoostingLosses losses() override { return gradients_.losses(); }
  void begin_round(std::uint64_t round, double subsample, MatrixView<const double> gradients,
                   MatrixView<const double> hessians) override {
    gradients_.begin_round(round, subsample, gradients, hessians);
  }
  std::int64_t trees_at_once() const override { return 1; }
  std::int64_t splits_at_once() const override { return 1; }
  std::vector<compute::BoostingSplit> open(std::span<const std::int64_t> outputs,
                                           std::span<const compute::NodeRule> rules) override;
  std::vector<compute::BoostingSplit> split(std::span<const compute::NodeToSplit> nodes) override;
  std::vector<formulas::NodeSums> leaf_sums(std::span<const std::int64_t> nodes) override;
  std::vector<double> leaf_quantiles(std::span<const std::int64_t> nodes, double q) override;
  void add(std::span<const compute::LeafValue> leaves) override;

 private:
  struct Tree {
    std::int64_t output = 0;
    NodeRows taking_part;
    NodeRows left_out;
    AlignedVector<std::uint64_t> words;
  };
  struct Node {
    std::size_t tree = 0;
    Segment taking_part;
    Segment left_out;
    std::int64_t children[2] = {-1, -1};  ///< once it is split
    compute::NodeRule rule;
    std::unique_ptr<Histogram> histogram;
    formulas::IntegerSums total;
    compute::BoostingSplit split;
  };

  /// A node whose histogram is made of its rows, and the one that gets the rest of the parent's.
  struct Family {
    Node* filled = nullptr;
    Node* rest = nullptr;
    const Histogram* parent = nullptr;
    formulas::IntegerSums total;  ///< the parent's
  };

  Node& node(std::int64_t number) { return nodes_[static_cast<std::size_t>(number)]; }
  Node& new_node(std::int64_t number);
  void partition(const compute::NodeToSplit& wanted);
  bool may_split(const Node& node) const;
  /// Makes the histograms of new nodes, and finds their best splits.
  void search_children(const compute::NodeToSplit& wanted);
  void search_family(const Family& family);
  /// The same for the features of one block, once the first histogram is filled; found: of both members.
  void search_block(const Family& family, const FeatureBlock& block, FoundSplit* found) const;
  SearchedNode searched(const Node& node, const formulas::IntegerSums& total) const;
  SearchedFeature feature(const Node& node, std::int64_t f) const;
  HistogramRows histogram_rows(const Node& node) const;
  /// The rows of a node, which those below it hold; all: those too that take no part.
  void collect_parts(std::int64_t number, std::size_t place, bool all, std::vector<NodePart>& parts);
  std::vector<NodePart> parts_of(std::span<const std::int64_t> nodes);

  std::shared_ptr<const CpuBinnedRows> x_;
  compute::BoostingPlan plan_;
  int threads_;
  HistogramLayout layout_;
  HistogramPool pool_;
  Gradients gradients_;
  std::vector<Tree> trees_;
  std::vector<Node> nodes_;
  std::vector<AlignedVector<std::uint64_t>> rooms_;  ///< one for each thread
};

}  // namespace forja::cpu
