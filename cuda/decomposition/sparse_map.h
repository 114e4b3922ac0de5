#pragma once

#include <cstdint>

#include "compute/decomposition_compute.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// Rows of the host pass through the device in blocks.
template <class T>
class CudaSparseMap final : public compute::AffineMap<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaSparseMap(int device, const compute::SparseRows<T>& w);

  void apply(const Rows<T>& x, MatrixView<T> y) override;

 private:
  Context context_;
  std::int64_t width_;
  DeviceBuffer<std::int64_t> starts_;
  DeviceBuffer<std::int32_t> columns_;
  DeviceBuffer<T> values_;
};

}  // namespace forja::cuda
