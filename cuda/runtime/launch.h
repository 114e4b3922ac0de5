#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "forja/error.h"
#include "runtime/check.h"
#include "runtime/device_scope.h"
#include "runtime/portability.h"

namespace forja::cuda {

namespace detail {

inline std::string text(dim3 d) {
  return std::to_string(d.x) + " x " + std::to_string(d.y) + " x " + std::to_string(d.z);
}

/// CUDA's own limits, and whole warps: the collectives count on them.
inline void check_shape(dim3 grid, dim3 block) {
  constexpr unsigned kMostThreads = 1024;
  constexpr unsigned kMostBlocksX = 2147483647;
  constexpr unsigned kMostBlocksYZ = 65535;
  constexpr unsigned kMostThreadsZ = 64;
  const std::size_t threads = std::size_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > kMostThreads || block.z > kMostThreadsZ || threads % kWarp != 0) {
    throw InvalidArgument("CUDA launch: a block of " + text(block) + " threads, but it takes whole warps of " +
                          std::to_string(kWarp) + " up to " + std::to_string(kMostThreads) + " threads");
  }
  if (grid.x > kMostBlocksX || grid.y > kMostBlocksYZ || grid.z > kMostBlocksYZ) {
    throw InvalidArgument("CUDA launch: a grid of " + text(grid) + " blocks, but at most " +
                          std::to_string(kMostBlocksX) + " x " + std::to_string(kMostBlocksYZ) + " x " +
                          std::to_string(kMostBlocksYZ) + " are possible");
  }
}

/// Asks for more than the 48 KB of dynamic shared memory that every kernel has: always all that the device lets it
/// have, so that concurrent launches with different needs do not take from each other.
template <class... P>
void opt_in_shared(void (*kernel)(P...), std::size_t shared_bytes, int device) {
  int most = 0;
  FORJA_CUDA_CHECK(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  cudaFuncAttributes attributes{};
  FORJA_CUDA_CHECK(cudaFuncGetAttributes(&attributes, kernel));
  const std::size_t fixed = attributes.sharedSizeBytes;
  const std::size_t room = static_cast<std::size_t>(most) > fixed ? static_cast<std::size_t>(most) - fixed : 0;
  if (shared_bytes > room) {
    throw InvalidArgument("CUDA launch: " + std::to_string(shared_bytes) + " bytes of dynamic shared memory, but " +
                          std::to_string(room) + " are to be had");
  }
  FORJA_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(room)));
}

}  // namespace detail

/// A grid of this many blocks in a row. More than a grid can have stay too many, for launch() to refuse.
inline dim3 blocks(std::int64_t count) {
  return {static_cast<unsigned>(std::min<std::int64_t>(count, std::numeric_limits<unsigned>::max())), 1, 1};
}

/// Enqueues kernel(arguments...) on the stream, on the stream's device: the one way to launch. A grid without blocks is
/// no launch. shared_bytes: dynamic shared memory. Arguments that would be narrowed do not compile. Throws
/// InvalidArgument for a shape or shared memory beyond CUDA's limits or for a block that is not whole warps,
/// DeviceUnavailable when CUDA refuses.
template <class... P, class... A>
void launch(void (*kernel)(P...), dim3 grid, dim3 block, std::size_t shared_bytes, cudaStream_t stream,
            A&&... arguments) {
  static_assert(sizeof...(P) == sizeof...(A), "one argument per kernel parameter");
  static_assert((std::is_trivially_copyable_v<P> && ...) && (!std::is_reference_v<P> && ...),
                "kernel parameters are passed by value, byte by byte");
  constexpr std::size_t kAlwaysThere = std::size_t{48} << 10;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  detail::check_shape(grid, block);
  int device = 0;
  FORJA_CUDA_CHECK(cudaStreamGetDevice(stream, &device));
  const DeviceScope scope(device);
  if (shared_bytes > kAlwaysThere) detail::opt_in_shared(kernel, shared_bytes, device);
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  FORJA_CUDA_CHECK(cudaLaunchKernelEx(&config, kernel, P{std::forward<A>(arguments)}...));
}

}  // namespace forja::cuda
