#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/check.h"
#include "runtime/context.h"

namespace forja::cuda {

/// `size` values in device memory, uninitialised, allocated and freed in the order of the context's stream. Every copy
/// is enqueued on that stream. The context outlives it.
template <class T>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  DeviceBuffer() = default;
  /// Throws OutOfMemory, DeviceUnavailable. size >= 0.
  DeviceBuffer(const Context& context, std::int64_t size)
      : context_(&context), data_(static_cast<T*>(context.allocate(bytes_of(size)))), size_(size) {}
  ~DeviceBuffer() { reset(); }

  DeviceBuffer(DeviceBuffer&& other) noexcept
      : context_(other.context_), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    if (this != &other) {
      reset();
      context_ = other.context_;
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }

  /// Copies host values to the positions from `offset` on. Pageable host memory may be changed on return; pinned memory
  /// not before the stream has got there.
  void upload(std::span<const T> values, std::int64_t offset = 0) {
    upload(values.data(), static_cast<std::int64_t>(values.size()), offset);
  }
  void upload(const T* values, std::int64_t count, std::int64_t offset = 0) {
    if (count == 0) return;
    FORJA_CUDA_CHECK(cudaMemcpyAsync(data_ + offset, values, static_cast<std::size_t>(bytes_of(count)),
                                     cudaMemcpyHostToDevice, context_->stream()));
  }

  /// Copies the values from `offset` on into host memory and waits for them. Synchronises.
  void download(std::span<T> values, std::int64_t offset = 0) const {
    download(values.data(), static_cast<std::int64_t>(values.size()), offset);
  }
  void download(T* values, std::int64_t count, std::int64_t offset = 0) const {
    download_async(values, count, offset);
    context_->synchronize();
  }

  /// Enqueues the copy only; `values` lies in a PinnedBuffer and is read after the context's synchronize().
  void download_async(T* values, std::int64_t count, std::int64_t offset = 0) const {
    if (count == 0) return;
    FORJA_CUDA_CHECK(cudaMemcpyAsync(values, data_ + offset, static_cast<std::size_t>(bytes_of(count)),
                                     cudaMemcpyDeviceToHost, context_->stream()));
  }

  /// Sets every byte.
  void fill_bytes(int value) { fill_bytes(value, 0, size_); }
  /// Sets every byte of `count` values from `offset` on.
  void fill_bytes(int value, std::int64_t offset, std::int64_t count) {
    if (count == 0) return;
    FORJA_CUDA_CHECK(
        cudaMemsetAsync(data_ + offset, value, static_cast<std::size_t>(bytes_of(count)), context_->stream()));
  }

 private:
  // Beyond 2^63 bytes: the most that can be asked for, which no device has.
  static std::int64_t bytes_of(std::int64_t size) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    constexpr auto kValue = static_cast<std::int64_t>(sizeof(T));
    return size > kMost / kValue ? kMost : size * kValue;
  }
  void reset() noexcept {
    if (data_ != nullptr) context_->release(data_, bytes_of(size_));
    data_ = nullptr;
    size_ = 0;
  }

  const Context* context_ = nullptr;
  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

/// A copy of values of the host.
template <class Value>
DeviceBuffer<Value> to_device(const Context& context, const std::vector<Value>& values) {
  DeviceBuffer<Value> result(context, std::ssize(values));
  result.upload(values);
  return result;
}

}  // namespace forja::cuda
