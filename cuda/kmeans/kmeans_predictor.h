#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "compute/backend.h"
#include "kmeans/centers.h"

namespace forja::cuda {

/// Predictions from k centres, centred by the centres' own columns. Rows of the host pass through the device in blocks.
template <class T>
class CudaKMeansPredictor final : public compute::KMeansPredictor<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaKMeansPredictor(int device, MatrixView<const double> centers);

  void predict(const Rows<T>& x, std::span<std::int32_t> labels) override;
  void transform(const Rows<T>& x, MatrixView<T> distances) override;
  double inertia(const Rows<T>& x, std::span<const T> sample_weight) override;

 private:
  /// Calls work(rows on the device, their first row) for one block of rows after the other.
  void for_each_block(const Rows<T>& x, std::int64_t most_rows,
                      const std::function<void(const RowsView<T>&, std::int64_t)>& work);
  /// Enqueues the labels of a block.
  DeviceBuffer<std::int32_t> label(const RowsView<T>& rows);

  Context context_;
  Centring<T> centring_;
  DeviceBuffer<T> shift_;
  Centers<T> centers_;
};

}  // namespace forja::cuda
