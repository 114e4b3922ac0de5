#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace forja::cuda {

/// Clears CUDA's last error and throws what it means: OutOfMemory for cudaErrorMemoryAllocation, DeviceUnavailable
/// otherwise. The text has the call and CUDA's words. bytes_requested: what OutOfMemory reports.
[[noreturn]] void throw_cuda_error(cudaError_t error, const char* call, std::int64_t bytes_requested = 0);

/// Of the current device, as CUDA tells it; 0 where it does not.
std::int64_t free_bytes() noexcept;

}  // namespace forja::cuda

/// Every status of a CUDA call is checked by this, except in destructors, which never throw.
#define FORJA_CUDA_CHECK(call)                               \
  do {                                                       \
    const cudaError_t forja_status_ = (call);                \
    if (forja_status_ != cudaSuccess) {                      \
      ::forja::cuda::throw_cuda_error(forja_status_, #call); \
    }                                                        \
  } while (false)
