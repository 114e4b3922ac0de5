#pragma once

#include <cstdint>
#include <span>

#include "compute/decomposition_compute.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// Rows of the host pass through the device in blocks.
template <class T>
class CudaAffineMap final : public compute::AffineMap<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaAffineMap(int device, std::span<const double> shift, MatrixView<const double> w, std::span<const double> offset);

  void apply(const Rows<T>& x, MatrixView<T> y) override;

 private:
  Context context_;
  DeviceBuffer<double> shift_;
  DeviceBuffer<T> w_;
  DeviceBuffer<double> offset_;
};

}  // namespace forja::cuda
