#pragma once

#include <cstdint>
#include <vector>

#include "compute/svm_compute.h"
#include "svm/kernel_rows.h"

namespace forja::cpu {

/// Tiles compute kernel values and use them; they are never stored.
///
/// Floor: 2 d operations of T, and 2 w of double, for each row and support vector.
template <class T>
class CpuSvmPredictor final : public compute::SvmPredictor<T> {
 public:
  CpuSvmPredictor(const compute::SvmSupport<T>& support, const formulas::KernelFunction<T>& kernel, int threads);

  void sum(const Rows<T>& x, MatrixView<double> out) override;

 private:
  void sum_given(MatrixView<const T> x, MatrixView<double> out) const;

  formulas::KernelFunction<T> kernel_;
  int threads_;
  Matrix<T> vectors_;
  std::vector<T> shift_;
  std::vector<std::int64_t> picks_;
  std::vector<std::int64_t> ends_;
  Matrix<double> weights_;
  KernelRows<T> rows_;
};

}  // namespace forja::cpu
