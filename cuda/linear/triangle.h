#pragma once

#include <cstdint>

#include "compute/linear_compute.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// R of the QR factorisation of many rows of `width` numbers, which come piece by piece: each piece is factored
/// together with the R of those before it. Column-major, in double, on the device. Floor: 2 n width^2 operations of
/// double.
class Triangle {
 public:
  /// Throws OutOfMemory.
  Triangle(const Context& context, std::int64_t rows, std::int64_t width);

  /// Rows of a piece at most, a multiple of the group.
  std::int64_t most_rows() const { return most_rows_; }
  /// Where a piece's rows go: below the `held` rows of R.
  double* data() { return a_.data(); }
  std::int64_t stride() const { return stride_; }
  std::int64_t held() const { return held_; }
  /// Makes R of what is there and `rows` rows below it. Synchronises.
  void take(std::int64_t rows);

  /// For rows sqrt(weight) (1, x', y'), x' of `columns` numbers. Synchronises.
  compute::SingularSystem singular_system(std::int64_t columns, bool centred);

 private:
  void decompose(std::int64_t columns, std::int64_t skipped, compute::SingularSystem& system);

  const Context* context_;
  std::int64_t width_;
  std::int64_t most_rows_;
  std::int64_t stride_;
  std::int64_t held_ = 0;
  DeviceBuffer<double> a_;
};

}  // namespace forja::cuda
