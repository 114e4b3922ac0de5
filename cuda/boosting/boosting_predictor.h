#pragma once

#include <cstdint>

#include "boosting/bin_table_view.h"
#include "boosting/boosting_view.h"
#include "compute/boosting_compute.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// Rows of the host pass through the device in blocks.
template <class T>
class CudaBoostingPredictor final : public compute::BoostingPredictor<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaBoostingPredictor(int device, const compute::Forest& forest);

  void sum(const Rows<T>& x, std::int64_t first_round, std::int64_t end_round, MatrixView<double> out) override;

 private:
  Context context_;
  DeviceBuffer<compute::ForestNode> nodes_;
  DeviceBuffer<std::int64_t> first_;
  DeviceBuffer<BinMask> left_bins_;
  DeviceBuffer<double> baseline_;
  DeviceBinTable table_;
};

}  // namespace forja::cuda
