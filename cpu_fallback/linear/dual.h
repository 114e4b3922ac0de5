#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/dual_compute.h"
#include "linear/descent_data.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Threads share out the outputs, each of which goes over the rows by itself; measuring shares out the rows. Neither
/// changes a bit.
///
/// Floor of an epoch: 2 C d operations a row that takes part, twice that where its variable moves, or x read once for
/// each thread.
template <class T>
class CpuDual final : public compute::DualCompute<T> {
 public:
  CpuDual(MatrixView<const T> x, MatrixView<const T> y, std::span<const T> factors, const compute::DualPlan& plan,
          int threads);

  void run(std::int64_t first, std::int64_t epochs, std::span<const std::int64_t> outputs) override;
  compute::DualState measure() override;

 private:
  /// One output.
  struct Own {
    AlignedVector<T> weights;  ///< d
    T bias = 0;                ///< the weight of the bias
    std::vector<double> b;     ///< n
    std::vector<char> held;    ///< n: whether the variable stays where it is
    double worst = 0;          ///< violation of the epoch before
  };
  struct Part;

  const T* row(std::int64_t i) const { return x_.data() + i * x_.stride(); }
  formulas::DualRow dual_row(std::int64_t i, std::int64_t output) const;
  void epoch(std::int64_t number, bool all, std::span<const std::int64_t> outputs);
  void move(std::int64_t i, std::int64_t output, double limit, double& worst);
  void add_weights(std::int64_t first, std::int64_t last, Part& part) const;
  void add_losses(std::int64_t first, std::int64_t last, const Matrix<double>& weights, Part& part) const;

  MatrixView<const T> x_;
  MatrixView<const T> y_;
  std::span<const T> factors_;
  compute::DualPlan plan_;
  int threads_;
  std::vector<double> squares_;  ///< n: x x + bias^2
  std::vector<Own> own_;
};

}  // namespace forja::cpu
