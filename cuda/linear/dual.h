#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/dual_compute.h"
#include "forja/device_matrix.h"
#include "linear/dual_view.h"
#include "linear/linear_view.h"
#include "runtime/row_stream.h"

namespace forja::cuda {

/// Dual coordinate descent by one kernel per epoch, a block per output; measuring takes the rows in pieces whose
/// intermediate results stay in the L2 cache. Rows that do not fit stream in the order of the epoch.
template <class T>
class CudaDual final : public compute::DualCompute<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaDual(int device, const Rows<T>& x, MatrixView<const T> y, std::span<const T> factors,
           const compute::DualPlan& plan);

  void run(std::int64_t first, std::int64_t epochs, std::span<const std::int64_t> outputs) override;
  compute::DualState measure() override;

 private:
  std::int64_t columns() const { return stream_.columns(); }
  DualRows<T> all_rows() const;
  /// Calls work(some rows, the number of the first).
  template <class Work>
  void for_each_piece(const Work& work);
  /// The rows as what sums weighted rows takes them.
  LinearView<T> summed(const T* x, std::int64_t rows) const;
  void add_weights(double* weights, double* sums);
  void add_losses(const double* weights, double* sums);

  Context context_;
  compute::DualPlan plan_;
  DeviceBuffer<T> y_;
  DeviceBuffer<T> factors_;
  RowStream<T> stream_;
  DeviceBuffer<T> zeros_;                ///< shifts of the columns
  DeviceBuffer<std::int64_t> rows_;      ///< the row at each place
  DeviceBuffer<double> squares_;         ///< n
  DeviceBuffer<double> b_;               ///< n x C
  DeviceBuffer<unsigned char> held_;     ///< n x C: whether the variable stays where it is
  DeviceBuffer<T> weights_;              ///< C x (d + 1)
  std::vector<std::int64_t> host_rows_;  ///< where rows stream
  std::int64_t targets_;
};

}  // namespace forja::cuda
