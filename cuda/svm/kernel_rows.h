#pragma once

#include <cstdint>

#include "forja/device_matrix.h"
#include "formulas/kernel_functions.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"
#include "svm/svm_view.h"

namespace forja::cuda {

/// Means of the columns over a thousand rows or so; empty where the kernel's rows are not moved. Enqueues only.
template <class T>
DeviceBuffer<T> kernel_shift(const Context& context, const formulas::KernelFunction<T>& kernel, const T* x,
                             std::int64_t rows, std::int64_t d);

/// Rows as kernels take them. All of them lie on the device.
template <class T>
class KernelRows {
 public:
  KernelRows() = default;
  /// Dense rows on the device, which outlive this where they are not moved: where shift is empty. Enqueues only.
  KernelRows(const Context& context, const T* x, std::int64_t rows, std::int64_t d, const DeviceBuffer<T>& shift);

  KernelRowsView<T> view() const { return {x_, squares_.data(), d_}; }

 private:
  DeviceBuffer<T> moved_;
  DeviceBuffer<T> squares_;
  const T* x_ = nullptr;
  std::int64_t d_ = 0;
};

/// x on the device, dense: where it is, or a copy in `own`. Enqueues; host rows may be gone after the context's
/// synchronize(). Throws OutOfMemory.
template <class T>
const T* dense_rows(const Context& context, const Rows<T>& x, DeviceBuffer<T>& own);

}  // namespace forja::cuda
