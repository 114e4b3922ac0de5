#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/descent_compute.h"
#include "linear/descent_data.h"

namespace forja::cpu {

/// Threads share out the outputs, each of which goes over the rows by itself, or the rows of a large batch; neither
/// changes a bit.
///
/// Floor of an epoch: 2 C d operations a row at the peak of multiply-adds in T, twice that where every row moves the
/// weights, or x read once for each thread.
template <class T>
class CpuDescent final : public compute::DescentCompute<T> {
 public:
  CpuDescent(MatrixView<const T> x, MatrixView<const T> y, std::span<const T> sample_weight,
             const compute::DescentPlan<T>& plan, int threads);

  std::vector<double> run(const compute::DescentRun& steps) override;
  compute::DescentState state() override { return state_; }
  void set_state(const compute::DescentState& state) override { state_ = state; }

 private:
  DescentData<T> data_;
  compute::DescentPlan<T> plan_;
  int threads_;
  compute::DescentState state_;
};

}  // namespace forja::cpu
