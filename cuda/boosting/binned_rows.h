#pragma once

#include <cstdint>

#include "boosting/boosting_view.h"
#include "compute/boosting_compute.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// Features whose histograms a block of threads builds together; rows of bins are padded to a multiple.
inline constexpr int kFeatureGroup = 16;

/// Bins on a device, all there once built: row by row, so that what a row adds to its node's histogram lies in few
/// sectors of memory, wherever the row stands.
class CudaBinnedRows final : public compute::BinnedRows {
 public:
  /// Host rows pass through the device in blocks. Throws OutOfMemory, DeviceUnavailable.
  template <class T>
  CudaBinnedRows(int device, const Rows<T>& x, const compute::BinTable& table);

  std::int64_t rows() const override { return n_; }
  const compute::BinTable& table() const override { return table_; }
  void download(std::int64_t first, MatrixView<std::uint8_t> out) const override;

  BinsView view() const;
  /// Bins of a histogram: of values and of missing ones, over all features.
  std::int64_t all_bins() const { return all_bins_; }

 private:
  Context context_;
  compute::BinTable table_;
  std::int64_t n_;
  std::int64_t stride_;
  std::int64_t all_bins_ = 0;
  DeviceBuffer<std::uint8_t> bins_;
  DeviceBuffer<std::int64_t> first_bin_;
  DeviceBuffer<std::uint8_t> categorical_;
};

}  // namespace forja::cuda
