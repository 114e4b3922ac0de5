#include <string>
#include <unordered_map>
#include <utility>

#include "functions.h"
#include "scheduler.h"
#include "shared.h"
#include "state.h"
#include "streams.h"

namespace forja::emulation {

namespace {

constexpr std::uint64_t kMostThreads = 1024;
constexpr unsigned kMostThreadsZ = 64;
constexpr unsigned kMostBlocksX = 2147483647;
constexpr unsigned kMostBlocksYZ = 65535;

std::unordered_map<const void*, std::size_t>& dynamic_limits() {
  static std::unordered_map<const void*, std::size_t> limits;
  return limits;
}

std::string shape(dim3 d) { return std::to_string(d.x) + " x " + std::to_string(d.y) + " x " + std::to_string(d.z); }

cudaError_t check(const cudaLaunchConfig_t& config, std::size_t dynamic_limit) {
  const dim3 block = config.blockDim;
  const dim3 grid = config.gridDim;
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  const bool bad_block = threads == 0 || threads > kMostThreads || block.z > kMostThreadsZ;
  const bool bad_grid = grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > kMostBlocksX || grid.y > kMostBlocksYZ ||
                        grid.z > kMostBlocksYZ;
  if (bad_block || bad_grid) {
    report("launch-shape", "a grid of " + shape(grid) + " blocks of " + shape(block) + " threads");
    return cudaErrorInvalidConfiguration;
  }
  if (config.dynamicSmemBytes > dynamic_limit) {
    report("launch-shared", std::to_string(config.dynamicSmemBytes) + " bytes of dynamic shared memory, but " +
                                std::to_string(dynamic_limit) + " are allowed");
    return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

}  // namespace

std::size_t dynamic_shared_limit(const void* kernel) {
  const auto found = dynamic_limits().find(kernel);
  return found == dynamic_limits().end() ? kSharedDefault : found->second;
}

void set_dynamic_shared_limit(const void* kernel, std::size_t bytes) { dynamic_limits()[kernel] = bytes; }

cudaError_t enqueue_kernel(const cudaLaunchConfig_t& config, const void* kernel,
                           std::shared_ptr<const KernelCall> call) {
  ApiCall api("cudaLaunchKernelEx");
  if (api.refused()) return api.refusal();
  cudaError_t status = check_stream(config.stream, "cudaLaunchKernelEx");
  if (status != cudaSuccess) return api.done(status);
  if (config.stream->device != current_device()) return api.done(cudaErrorInvalidResourceHandle);
  const std::size_t limit = dynamic_shared_limit(kernel);
  status = check(config, limit);
  if (status != cudaSuccess) return api.done(status);
  Launch launch;
  launch.grid = config.gridDim;
  launch.block = config.blockDim;
  launch.shared_bytes = config.dynamicSmemBytes;
  launch.shared_limit =
      limit > kSharedDefault ? static_cast<std::size_t>(settings().shared_memory_optin) : kSharedDefault;
  launch.kernel = kernel;
  launch.call = call.get();
  enqueue(config.stream, [launch, call = std::move(call)] {
    if (!scheduler().run(launch)) sticky_error() = cudaErrorLaunchFailure;
  });
  return api.done(cudaSuccess);
}

}  // namespace forja::emulation
