#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/descent_compute.h"
#include "forja/device_matrix.h"
#include "linear/descent_view.h"
#include "runtime/row_stream.h"

namespace forja::cuda {

/// Mini-batch descent by one kernel for all steps of a call: a block per output, one for all where they depend on each
/// other. Rows that do not fit stream in the order of the steps.
template <class T>
class CudaDescent final : public compute::DescentCompute<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaDescent(int device, const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight,
              const compute::DescentPlan<T>& plan);

  std::vector<double> run(const compute::DescentRun& steps) override;
  compute::DescentState state() override;
  void set_state(const compute::DescentState& state) override;

 private:
  std::int64_t width() const { return stream_.columns() + 1; }
  /// Enqueues the places' rows, from the epoch's first one on.
  void list_places(std::int64_t epoch, std::int64_t places);
  template <class Make>
  void enqueue(const Make& make, const compute::DescentRun& steps, std::int64_t places);

  Context context_;
  compute::DescentPlan<T> plan_;
  std::int64_t batch_;  ///< the plan's, but not above n
  bool coupled_;
  DeviceBuffer<T> y_;
  DeviceBuffer<T> weight_;
  RowStream<T> stream_;
  DeviceBuffer<std::int64_t> rows_;
  DeviceBuffer<T> weights_;
  DeviceBuffer<T> slots_;
  DeviceBuffer<double> sums_;
  DeviceBuffer<T> paid_;
  DeviceBuffer<double> due_;
  DeviceBuffer<double> losses_;
  DeviceBuffer<double> factors_;
  DeviceBuffer<T> partial_;
  DeviceBuffer<T> derivatives_;
  DeviceBuffer<T> gradient_;
  std::vector<std::int64_t> host_rows_;  ///< where rows stream
  std::vector<std::int64_t> averaged_;
  std::int64_t steps_ = 0;
  std::int64_t targets_;
};

}  // namespace forja::cuda
