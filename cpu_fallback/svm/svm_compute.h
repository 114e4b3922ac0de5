#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compute/svm_compute.h"
#include "runtime/aligned.h"
#include "svm/active_steps.h"
#include "svm/kernel_rows.h"
#include "svm/smo.h"

namespace forja::cpu {

/// Where the kernel values of all rows fit the cache, they are computed once, for all problems, and steps go over the
/// variables of a problem that could move, a thread for each problem. Where those of a problem's own rows fit, likewise
/// for one problem after the other. Else in two levels: a working set at a time, whose steps then move all gradients at
/// once by a tile that computes kernel values and uses them (Joachims 1999; Wen et al. 2018).
///
/// Floor: n^2 d operations of T for all kernel values, at the peak of multiply-adds; a step as Smo has it. In two
/// levels 2 n d operations for each variable that moved.
template <class T>
class CpuSvm final : public compute::SvmCompute<T> {
 public:
  CpuSvm(MatrixView<const T> x, const formulas::KernelFunction<T>& kernel, const compute::SvmPlan& plan, int threads);

  void set_problems(std::span<const compute::SvmProblem> problems) override;
  std::vector<compute::SvmState> run(std::span<const std::int64_t> listed,
                                     std::span<const std::int64_t> most_steps) override;
  std::vector<compute::SvmState> refresh(std::span<const std::int64_t> listed) override;
  compute::SvmSolution solution(std::int64_t problem) override;

 private:
  struct Problem {
    std::vector<std::int64_t> rows;
    std::vector<double> linear;
    Smo<T> smo;
    std::vector<std::int64_t> at_work;  ///< in two levels: the last working set, oldest first
  };
  /// Kernel values of some rows with themselves, or of all.
  struct Square {
    KernelSquare<T> view;
    AlignedVector<T> own;
  };

  bool fits(std::int64_t rows) const;
  bool precomputed() const { return kernel_.kind == formulas::KernelKind::precomputed; }
  T diagonal(std::int64_t row) const;
  /// Of all rows; made by the first call.
  const Square& all_values();
  /// Kernel values of these rows with themselves.
  Square square_of(std::span<const std::int64_t> rows) const;
  /// Adds to all gradients what these rows' values, times the weights, are.
  void add_to_gradients(Problem& problem, std::span<const std::int64_t> rows, const std::vector<double>& weights) const;
  /// All variables at work, by kernel values that are at hand.
  compute::SvmState run_all(Smo<T>& smo, const KernelSquare<T>& square, std::span<const std::int64_t> places,
                            std::int64_t most) const;
  compute::SvmState run_alone(Problem& problem, std::int64_t most);
  compute::SvmState run_in_two_levels(Problem& problem, std::int64_t most);
  void refresh_one(Problem& problem);
  void choose_working_set(Problem& problem) const;

  MatrixView<const T> x_;
  formulas::KernelFunction<T> kernel_;
  compute::SvmPlan plan_;
  int threads_;
  std::unique_ptr<KernelRows<T>> rows_;
  Square all_;
  std::vector<Problem> problems_;
};

}  // namespace forja::cpu
