#include "runtime/check.h"

#include <string>

#include "forja/error.h"

namespace forja::cuda {

std::int64_t free_bytes() noexcept {
  std::size_t free = 0;
  std::size_t total = 0;
  if (cudaMemGetInfo(&free, &total) == cudaSuccess) return static_cast<std::int64_t>(free);
  (void)cudaGetLastError();
  return 0;
}

void throw_cuda_error(cudaError_t error, const char* call, std::int64_t bytes_requested) {
  (void)cudaGetLastError();
  const std::string text = std::string("CUDA: ") + call + ": " + cudaGetErrorString(error) + " (" +
                           cudaGetErrorName(error) + ", " + std::to_string(static_cast<int>(error)) + ")";
  if (error == cudaErrorMemoryAllocation) {
    const std::int64_t free = free_bytes();
    throw OutOfMemory(text + ": " + std::to_string(bytes_requested) + " bytes asked for but " + std::to_string(free) +
                          " are free on the device",
                      bytes_requested, free);
  }
  throw DeviceUnavailable(text);
}

}  // namespace forja::cuda
