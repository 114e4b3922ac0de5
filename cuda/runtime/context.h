#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "forja/device.h"
#include "runtime/device_scope.h"

namespace forja::cuda {

/// Devices that CUDA_VISIBLE_DEVICES leaves visible; 0 without a driver. Never throws.
int device_count() noexcept;

/// The maker's name: "NVIDIA H200". Throws DeviceUnavailable.
std::string device_name(int device);

/// What the device has, what a next request may take (the limit counted in), what DeviceBuffers hold.
/// Throws DeviceUnavailable.
DeviceMemory memory(int device);

/// Requests beyond `bytes` held by all contexts of the device throw OutOfMemory; 0: no limit.
void set_memory_limit(int device, std::int64_t bytes);

class BlasHandle;
class SolverHandle;

/// What one compute object needs of its device: a stream of its own, cuBLAS and cuSOLVER on that stream, and memory
/// from the pool that all contexts of the device share. Outlives the buffers, streams and events made with it.
class Context {
 public:
  /// Throws DeviceUnavailable.
  explicit Context(int device);
  /// Waits for the stream.
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  int device() const { return device_; }
  cudaStream_t stream() const { return stream_; }
  /// Waits until the stream is empty; throws DeviceUnavailable when something in it failed.
  void synchronize() const;

  int multiprocessors() const { return multiprocessors_; }
  /// Bytes of shared memory, static and dynamic, that one block may have at most.
  std::size_t shared_memory_optin() const { return shared_memory_optin_; }

  /// cuBLAS and cuSOLVER on this stream: see runtime/blas.h and runtime/solver.h. Made by the first call, which takes
  /// milliseconds. Throw OutOfMemory, DeviceUnavailable; the next call tries again.
  const BlasHandle& blas() const;
  const SolverHandle& solver() const;

  /// Stream-ordered device memory, uninitialised, aligned to 256 bytes; null for 0 bytes. Throws OutOfMemory, after
  /// which a smaller request works. DeviceBuffer is its only user.
  void* allocate(std::int64_t bytes) const;
  void release(void* memory, std::int64_t bytes) const noexcept;

 private:
  int device_;
  cudaStream_t stream_ = nullptr;
  int multiprocessors_ = 0;
  std::size_t shared_memory_optin_ = 0;
  mutable std::mutex libraries_;
  mutable std::unique_ptr<BlasHandle> blas_;
  mutable std::unique_ptr<SolverHandle> solver_;
};

/// A further stream of a context's device, to copy beside the computation. Ordered with the context's stream by Event
/// only: memory of a DeviceBuffer may be used on it after an event of the context's stream.
class Stream {
 public:
  /// Throws DeviceUnavailable.
  explicit Stream(const Context& context);
  /// Waits for the stream.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  cudaStream_t get() const { return stream_; }
  void synchronize() const;

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace forja::cuda
