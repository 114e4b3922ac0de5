#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/svm_compute.h"
#include "svm/kernel_rows.h"

namespace forja::cuda {

/// A round takes all listed problems at once: a working set each, its kernel values, steps by one block for each
/// problem, then all gradients by tiles that compute kernel values and use them (Wen et al. 2018). Kernel values of
/// working sets alone are stored: as many problems go together as the cache allows. Gradients anew are sums over all
/// variables, those at 0 as well, so that nothing of their size crosses the bus. Rows lie on the device as a whole.
template <class T>
class CudaSvm final : public compute::SvmCompute<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaSvm(int device, const Rows<T>& x, const formulas::KernelFunction<T>& kernel, const compute::SvmPlan& plan);

  void set_problems(std::span<const compute::SvmProblem> problems) override;
  std::vector<compute::SvmState> run(std::span<const std::int64_t> listed,
                                     std::span<const std::int64_t> most_steps) override;
  std::vector<compute::SvmState> refresh(std::span<const std::int64_t> listed) override;
  compute::SvmSolution solution(std::int64_t problem) override;

 private:
  /// Where a problem's variables lie in the arrays of all.
  struct Place {
    std::int64_t first;
    std::int64_t count;
    std::int64_t first_group;
    double epsilon;
  };
  /// Memory of the working sets of a round.
  struct Sets;

  VariablesView variables(std::int64_t problem);
  /// One round of some of the listed problems.
  void run_together(std::span<const std::int64_t> listed, std::span<const std::int64_t> most_steps,
                    std::span<compute::SvmState> states);
  void refresh_together(std::span<const std::int64_t> listed, std::span<compute::SvmState> states);

  Context context_;
  formulas::KernelFunction<T> kernel_;
  compute::SvmPlan plan_;
  DeviceBuffer<T> given_;
  KernelRows<T> rows_;
  std::vector<Place> places_;
  DeviceBuffer<std::int64_t> row_;
  DeviceBuffer<double> linear_;
  DeviceBuffer<double> lower_;
  DeviceBuffer<double> upper_;
  DeviceBuffer<double> b_;
  DeviceBuffer<double> gradient_;
  DeviceBuffer<double> slope_;
  DeviceBuffer<std::int32_t> at_work_;
  DeviceBuffer<std::int32_t> set_variables_;  ///< kWorkingSet for each problem
  DeviceBuffer<std::int64_t> set_sizes_;
  DeviceBuffer<std::int64_t> counts_;  ///< variables of each problem
};

}  // namespace forja::cuda
