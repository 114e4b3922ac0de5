#pragma once

#include <cuda_runtime.h>

#include <atomic>
#include <cstdint>
#include <mutex>

#include "forja/device.h"

namespace forja::cuda {

/// The device memory of one device: a stream-ordered pool of forja's own, which keeps what is given back for the next
/// request, and the account of it. Shared by all contexts of the device, from any thread.
class MemoryPool {
 public:
  /// The one of this device, made at the first call. Throws DeviceUnavailable for a device that CUDA cannot number.
  static MemoryPool& of(int device);

  explicit MemoryPool(int device) : device_(device) {}

  /// Null for 0 bytes. Throws OutOfMemory with the bytes asked for and free, DeviceUnavailable.
  void* allocate(std::int64_t bytes, cudaStream_t stream);
  void release(void* memory, std::int64_t bytes, cudaStream_t stream) noexcept;

  /// Throws DeviceUnavailable.
  DeviceMemory memory();
  void set_limit(std::int64_t bytes) { limit_ = bytes; }

 private:
  cudaMemPool_t pool();
  /// Takes the bytes into the account, or false when the limit forbids it.
  bool reserve(std::int64_t bytes);
  /// Null when the device is out of memory.
  void* try_allocate(std::int64_t bytes, cudaStream_t stream);
  void give_back_unused();
  [[noreturn]] void throw_out_of_memory(std::int64_t bytes);

  int device_;
  std::atomic<std::int64_t> in_use_{0};
  std::atomic<std::int64_t> limit_{0};
  std::mutex mutex_;
  cudaMemPool_t pool_ = nullptr;
};

}  // namespace forja::cuda
