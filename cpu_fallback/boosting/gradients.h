#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "boosting/binned_rows.h"
#include "boosting/node_rows.h"
#include "compute/boosting_compute.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Rows of one of the nodes that something is asked of.
struct NodePart {
  std::size_t place = 0;  ///< of the node in the question
  std::int64_t output = 0;
  SegmentRows rows;
};

/// Scores, and the gradients of a round. All by outputs: the numbers of one output lie side by side.
class Gradients {
 public:
  /// The plan's spans outlive this.
  Gradients(const compute::BoostingPlan& plan, std::int64_t rows, int threads);

  void set_scores(MatrixView<const double> scores);
  void read_scores(MatrixView<double> out) const;
  compute::BoostingLosses losses() const;
  /// Adds to the scores of a part's rows the value at its place.
  void add(std::span<const NodePart> parts, std::span<const compute::LeafValue> values);
  void add_trees(const CpuBinnedRows& x, std::span<const compute::BinnedNode> nodes,
                 std::span<const compute::BinnedTree> trees);

  /// Floor: of each row 24 bytes read and 8 written, and about 40 operations of double where the loss has an
  /// exponential.
  void begin_round(std::uint64_t round, double subsample, MatrixView<const double> gradients,
                   MatrixView<const double> hessians);
  /// Whether all rows take part; where not, those that do and those that do not.
  bool all_take_part() const { return left_out_.empty(); }
  std::span<const RowNumber> taking_part() const { return taking_part_; }
  std::span<const RowNumber> left_out() const { return left_out_; }

  /// The integers of the rows that take part; of others anything.
  void integers(std::int64_t output, AlignedVector<std::uint64_t>& words) const;
  double gradient_unit(std::int64_t output) const;
  double hessian_unit(std::int64_t output) const;

  /// Adds up the parts of each of `count` places.
  std::vector<formulas::NodeSums> sums(std::span<const NodePart> parts, std::size_t count) const;
  /// Of y - score.
  std::vector<double> quantiles(std::span<const NodePart> parts, std::size_t count, double q) const;

 private:
  struct Pair {
    float gradient;
    float hessian;
  };
  /// Gradients of some rows of an output before they are stored.
  struct Stage;

  double weight(std::int64_t i) const {
    return plan_.sample_weight.empty() ? 1.0 : plan_.sample_weight[static_cast<std::size_t>(i)];
  }
  bool held_out(std::int64_t i) const {
    return !plan_.held_out.empty() && plan_.held_out[static_cast<std::size_t>(i)] != 0;
  }
  /// Weights of rows from `first` on, of a chunk.
  const double* weights(std::int64_t first) const {
    return plan_.sample_weight.empty() ? ones_.data() : plan_.sample_weight.data() + first;
  }
  const double* scores(std::int64_t output) const { return scores_.data() + output * rows_; }
  void find_losses(std::int64_t first, std::int64_t last, double* losses) const;
  void choose_rows(std::uint64_t round, double subsample);
  void find_gradients(std::int64_t first, std::int64_t last, MatrixView<const double> gradients,
                      MatrixView<const double> hessians, std::span<Pair> greatest);
  void find_softmax(std::int64_t first, std::int64_t last, std::span<Stage> stages) const;
  void store(std::int64_t first, std::int64_t last, std::int64_t output, const Stage& stage, Pair& greatest);
  int threads_for(std::int64_t rows) const;

  compute::BoostingPlan plan_;
  std::int64_t rows_;
  int threads_;
  std::uint64_t round_ = 0;
  AlignedVector<double> ones_;
  AlignedVector<double> scores_;
  AlignedVector<Pair> pairs_;
  std::vector<Pair> greatest_;              ///< of each output
  AlignedVector<std::uint8_t> takes_part_;  ///< empty: all
  AlignedVector<RowNumber> taking_part_;
  AlignedVector<RowNumber> left_out_;
  double weight_scale_ = 1;
};

}  // namespace forja::cpu
