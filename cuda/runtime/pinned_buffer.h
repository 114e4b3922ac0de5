#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "forja/error.h"
#include "runtime/check.h"

namespace forja::cuda {

/// `size` values in page-locked host memory, uninitialised: what asynchronous copies read and write. Destroyed only
/// after the stream that copies it has been waited for.
template <class T>
class PinnedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  PinnedBuffer() = default;
  /// Throws OutOfMemory, DeviceUnavailable. size >= 0.
  explicit PinnedBuffer(std::int64_t size) : size_(size) {
    if (size == 0) return;
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    constexpr auto kValue = static_cast<std::int64_t>(sizeof(T));
    const std::int64_t bytes = size > kMost / kValue ? kMost : size * kValue;
    void* memory = nullptr;
    const cudaError_t status = cudaHostAlloc(&memory, static_cast<std::size_t>(bytes), cudaHostAllocPortable);
    if (status != cudaSuccess) throw_cuda_error(status, "cudaHostAlloc", bytes);
    data_ = static_cast<T*>(memory);
  }
  ~PinnedBuffer() { reset(); }

  PinnedBuffer(PinnedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept {
    if (this != &other) {
      reset();
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return size_; }
  T& operator[](std::int64_t i) { return data_[i]; }
  const T& operator[](std::int64_t i) const { return data_[i]; }
  std::span<T> span() { return {data_, static_cast<std::size_t>(size_)}; }
  std::span<const T> span() const { return {data_, static_cast<std::size_t>(size_)}; }

 private:
  void reset() noexcept {
    if (data_ != nullptr && cudaFreeHost(data_) != cudaSuccess) (void)cudaGetLastError();
    data_ = nullptr;
    size_ = 0;
  }

  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace forja::cuda
