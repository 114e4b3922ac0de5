#include <cuda_runtime_api.h>

#include <map>

#include "device_limits.h"
#include "machine_limits.h"

namespace forja::bench {
namespace {

int attribute(cudaDeviceAttr which, int index) {
  int value = 0;
  cudaDeviceGetAttribute(&value, which, index);
  return value;
}

/// A copy on the device reads and writes every byte once.
double copy_bandwidth() {
  constexpr std::size_t kBytes = std::size_t{1} << 30;
  constexpr int kCopies = 20;
  void* from = nullptr;
  void* to = nullptr;
  float milliseconds = 0;
  cudaEvent_t start{};
  cudaEvent_t stop{};
  if (cudaMalloc(&from, kBytes) == cudaSuccess && cudaMalloc(&to, kBytes) == cudaSuccess &&
      cudaEventCreate(&start) == cudaSuccess && cudaEventCreate(&stop) == cudaSuccess) {
    cudaMemcpyAsync(to, from, kBytes, cudaMemcpyDeviceToDevice, nullptr);
    cudaEventRecord(start, nullptr);
    for (int i = 0; i < kCopies; ++i) cudaMemcpyAsync(to, from, kBytes, cudaMemcpyDeviceToDevice, nullptr);
    cudaEventRecord(stop, nullptr);
    cudaEventSynchronize(stop);
    cudaEventElapsedTime(&milliseconds, start, stop);
    cudaEventDestroy(start);
    cudaEventDestroy(stop);
  }
  cudaFree(from);
  cudaFree(to);
  return 2.0 * kBytes * kCopies / (milliseconds / 1e3);
}

DeviceLimits measure(int index) {
  cudaSetDevice(index);
  const int major = attribute(cudaDevAttrComputeCapabilityMajor, index);
  const int minor = attribute(cudaDevAttrComputeCapabilityMinor, index);
  const double lanes = (major < 8 || (major == 8 && minor == 0)) ? 64 : 128;  // float units of a multiprocessor
  const double clock = 1e3 * attribute(cudaDevAttrClockRate, index);
  return {copy_bandwidth(), 2 * lanes * clock * attribute(cudaDevAttrMultiProcessorCount, index)};
}

}  // namespace

DeviceLimits limits_of(const Device& device) {
  static std::map<std::string, DeviceLimits> known;
  const auto [place, is_new] = known.try_emplace(device.name());
  if (is_new) {
    place->second =
        device.is_cuda() ? measure(device.index()) : DeviceLimits{read_bandwidth(), multiply_add_peak<float>()};
  }
  return place->second;
}

}  // namespace forja::bench
