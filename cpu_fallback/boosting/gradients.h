#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "boosting/node_rows.h"
#include "compute/boosting_compute.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Scores, and the gradients of a round. All by outputs: the numbers of one output lie side by side.
class Gradients {
 public:
  /// The plan's spans outlive this.
  Gradients(const compute::BoostingPlan& plan, std::int64_t rows, int threads);

  void set_scores(MatrixView<const double> scores);
  void read_scores(MatrixView<double> out) const;
  double* scores(std::int64_t output) { return scores_.data() + output * rows_; }
  compute::BoostingLosses losses() const;

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

  /// Of rows that take part, in parts.
  formulas::NodeSums sums(std::int64_t output, std::span<const SegmentRows> parts) const;
  double quantile(std::span<const SegmentRows> parts, double q) const;

 private:
  struct Greatest {
    float gradient = 0;
    float hessian = 0;
  };

  double weight(std::int64_t i) const {
    return plan_.sample_weight.empty() ? 1.0 : plan_.sample_weight[static_cast<std::size_t>(i)];
  }
  bool held_out(std::int64_t i) const {
    return !plan_.held_out.empty() && plan_.held_out[static_cast<std::size_t>(i)] != 0;
  }
  double row_loss(std::int64_t i, std::vector<double>& row) const;
  void choose_rows(std::uint64_t round, double subsample);
  void fill_chunk(std::int64_t first, std::int64_t last, MatrixView<const double> gradients,
                  MatrixView<const double> hessians);
  void find_greatest();

  compute::BoostingPlan plan_;
  std::int64_t rows_;
  int threads_;
  std::uint64_t round_ = 0;
  AlignedVector<double> scores_;
  AlignedVector<float> gradients_;
  AlignedVector<float> hessians_;
  std::vector<Greatest> greatest_;
  AlignedVector<RowNumber> taking_part_;
  AlignedVector<RowNumber> left_out_;
  double weight_scale_ = 1;
};

}  // namespace forja::cpu
