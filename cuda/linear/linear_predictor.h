#pragma once

#include <cstdint>
#include <span>

#include "compute/backend.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// Rows of the host pass through the device in blocks.
template <class T>
class CudaLinearPredictor final : public compute::LinearPredictor<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaLinearPredictor(int device, MatrixView<const double> coef, std::span<const double> intercept);

  void predict(const Rows<T>& x, MatrixView<T> out) override;

 private:
  Context context_;
  DeviceBuffer<double> coef_;
  DeviceBuffer<double> intercept_;
};

}  // namespace forja::cuda
