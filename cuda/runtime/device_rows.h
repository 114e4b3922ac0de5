#pragma once

#include <cstdint>
#include <memory>

#include "compute/backend.h"
#include "forja/device_matrix.h"
#include "runtime/check.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// Enqueues the copy of host rows, which may lie apart, into dense rows on the device.
template <class T>
void upload_rows(const Context& context, MatrixView<const T> from, T* to) {
  if (from.empty()) return;
  const auto width = static_cast<std::size_t>(from.columns()) * sizeof(T);
  if (from.stride() == from.columns()) {
    FORJA_CUDA_CHECK(cudaMemcpyAsync(to, from.data(), static_cast<std::size_t>(from.rows()) * width,
                                     cudaMemcpyHostToDevice, context.stream()));
    return;
  }
  FORJA_CUDA_CHECK(cudaMemcpy2DAsync(to, width, from.data(), static_cast<std::size_t>(from.stride()) * sizeof(T), width,
                                     static_cast<std::size_t>(from.rows()), cudaMemcpyHostToDevice, context.stream()));
}

/// Copies dense rows on the device into host rows, which may lie apart, and waits for them. Synchronises.
template <class T>
void download_rows(const Context& context, const T* from, MatrixView<T> to) {
  if (!to.empty()) {
    const auto width = static_cast<std::size_t>(to.columns()) * sizeof(T);
    if (to.stride() == to.columns()) {
      FORJA_CUDA_CHECK(cudaMemcpyAsync(to.data(), from, static_cast<std::size_t>(to.rows()) * width,
                                       cudaMemcpyDeviceToHost, context.stream()));
    } else {
      FORJA_CUDA_CHECK(cudaMemcpy2DAsync(to.data(), static_cast<std::size_t>(to.stride()) * sizeof(T), from, width,
                                         width, static_cast<std::size_t>(to.rows()), cudaMemcpyDeviceToHost,
                                         context.stream()));
    }
  }
  context.synchronize();
}

/// Dense rows on a device, all there once built.
template <class T>
class CudaRows final : public compute::DeviceRows<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaRows(int device, MatrixView<const T> x)
      : context_(device), values_(context_, x.rows() * x.columns()), rows_(x.rows()), columns_(x.columns()) {
    upload_rows(context_, x, values_.data());
    context_.synchronize();
  }

  std::int64_t rows() const override { return rows_; }
  std::int64_t columns() const override { return columns_; }
  void download(MatrixView<T> out) const override { download_rows(context_, values_.data(), out); }
  const T* data() const { return values_.data(); }

 private:
  Context context_;
  DeviceBuffer<T> values_;
  std::int64_t rows_;
  std::int64_t columns_;
};

/// The dense rows behind x, which lie on the device already.
template <class T>
const T* rows_on_device(const Rows<T>& x) {
  return static_cast<const CudaRows<T>&>(*x.on_device()->handle()).data();
}

/// The shape of x. (DeviceMatrix's own functions are libforja's, which need not be visible to this library.)
template <class T>
std::int64_t row_count(const Rows<T>& x) {
  return x.host() != nullptr ? x.host()->rows() : x.on_device()->handle()->rows();
}
template <class T>
std::int64_t column_count(const Rows<T>& x) {
  return x.host() != nullptr ? x.host()->columns() : x.on_device()->handle()->columns();
}

}  // namespace forja::cuda
