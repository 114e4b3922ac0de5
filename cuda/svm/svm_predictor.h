#pragma once

#include <cstdint>

#include "compute/svm_compute.h"
#include "svm/kernel_rows.h"

namespace forja::cuda {

/// Rows of the host pass through the device in blocks; kernel values are used by the tile that computes them.
template <class T>
class CudaSvmPredictor final : public compute::SvmPredictor<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaSvmPredictor(int device, const compute::SvmSupport<T>& support, const formulas::KernelFunction<T>& kernel);

  void sum(const Rows<T>& x, MatrixView<double> out) override;

 private:
  Context context_;
  formulas::KernelFunction<T> kernel_;
  DeviceBuffer<T> given_;
  DeviceBuffer<T> shift_;
  KernelRows<T> vectors_;
  DeviceBuffer<std::int64_t> picks_;
  DeviceBuffer<std::int64_t> ends_;
  DeviceBuffer<double> weights_;
  std::int64_t w_;
};

/// out(i, j) = K(a_i, b_j). Synchronises. Throws OutOfMemory, DeviceUnavailable.
template <class T>
void kernel_matrix(int device, const formulas::KernelFunction<T>& kernel, const Rows<T>& a, const Rows<T>& b,
                   MatrixView<T> out);

}  // namespace forja::cuda
