#pragma once

#include <driver_types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct CUmemPoolHandle_st {
  int device = 0;
  std::uint64_t used = 0;
  std::uint64_t reserved = 0;  ///< taken from the device; what is freed stays here up to the threshold
  std::uint64_t threshold = 0;
};

namespace forja::emulation {

struct Allocation {
  std::size_t bytes = 0;
  bool pinned = false;  ///< page-locked host memory, else device memory
  int device = 0;
  cudaMemPool_t pool = nullptr;
  bool to_be_freed = false;  ///< cudaFreeAsync has been called
};

/// The memory that the emulated CUDA has given out, and its pools.
class Allocations {
 public:
  cudaError_t allocate_device(void** memory, std::size_t bytes, cudaMemPool_t pool);
  cudaError_t allocate_pinned(void** memory, std::size_t bytes);
  /// Frees for real.
  void release(void* memory);
  void release_all();

  /// The allocation that `address` lies in and where it starts, or null.
  Allocation* find(const void* address, char** start = nullptr);
  std::int64_t live_bytes() const { return live_bytes_; }

  cudaMemPool_t create_pool(int device);
  cudaMemPool_t default_pool(int device);
  bool is_pool(cudaMemPool_t pool) const;
  void destroy_pool(cudaMemPool_t pool);
  /// Every pool gives back what it does not use.
  void trim_pools();
  /// Bytes of the device in no pool.
  std::int64_t free_bytes(int device) const;

 private:
  cudaError_t add(void** memory, std::size_t bytes, const Allocation& allocation);

  std::map<char*, Allocation> live_;
  std::int64_t live_bytes_ = 0;
  std::vector<std::unique_ptr<CUmemPoolHandle_st>> pools_;
  std::map<int, cudaMemPool_t> default_pools_;
};

Allocations& allocations();

}  // namespace forja::emulation
