#pragma once

#include <cstdint>

#include "boosting/boosting_view.h"
#include "boosting/node_rows.h"
#include "compute/boosting_compute.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"
#include "runtime/pinned_buffer.h"

namespace forja::cuda {

/// Scores, and the gradients of a round.
class Gradients {
 public:
  /// Throws OutOfMemory, DeviceUnavailable. Nothing of the plan is kept but numbers.
  Gradients(const Context& context, const compute::BoostingPlan& plan, std::int64_t n);
  /// Waits for what is on its way to the host.
  ~Gradients();
  Gradients(const Gradients&) = delete;
  Gradients& operator=(const Gradients&) = delete;

  void set_scores(MatrixView<const double> scores);
  /// Synchronises.
  void read_scores(MatrixView<double> out) const;
  double* scores() { return scores_.data(); }
  /// Synchronises.
  compute::BoostingLosses losses();

  void begin_round(std::uint64_t round, double subsample, MatrixView<const double> gradients,
                   MatrixView<const double> hessians, NodeRows& node_rows);
  GradientsView view();
  TargetsView targets() const;
  /// The rows that take part in the round, and how many they are: where that is not known yet, it synchronises.
  const std::uint32_t* taking_part() const { return taking_part_.data(); }
  std::int64_t taking_part_count();
  /// A power of two, from weights to fixed point.
  double weight_scale() const { return weight_scale_; }

 private:
  const Context* context_;
  std::int64_t n_;
  std::int64_t outputs_;
  formulas::BoostingLoss loss_;
  bool exact_;
  std::uint64_t seed_;
  double weight_scale_ = 1;
  DeviceBuffer<double> y_;
  DeviceBuffer<double> weight_;
  DeviceBuffer<std::uint8_t> held_out_;
  DeviceBuffer<double> scores_;
  DeviceBuffer<RowGradient> row_;
  DeviceBuffer<std::uint64_t> word_;
  DeviceBuffer<unsigned> greatest_;
  DeviceBuffer<OutputScales> scales_;
  DeviceBuffer<double> given_gradient_;
  DeviceBuffer<double> given_hessian_;
  DeviceBuffer<double> losses_;
  DeviceBuffer<std::uint32_t> taking_part_;
  DeviceBuffer<std::int64_t> count_;
  PinnedBuffer<std::int64_t> count_back_;
  bool all_listed_ = false;    ///< the list is of all rows that may ever take part
  bool count_coming_ = false;  ///< it is on its way back
};

}  // namespace forja::cuda
