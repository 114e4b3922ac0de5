#include "runtime/memory_pool.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "forja/error.h"
#include "runtime/check.h"
#include "runtime/device_scope.h"

namespace forja::cuda {

MemoryPool& MemoryPool::of(int device) {
  // Never destroyed: buffers of static objects may be freed after any static of ours.
  static std::mutex& mutex = *new std::mutex;
  static auto& pools = *new std::map<int, std::unique_ptr<MemoryPool>>;
  const std::lock_guard lock(mutex);
  auto& pool = pools[device];
  if (!pool) pool = std::make_unique<MemoryPool>(device);
  return *pool;
}

cudaMemPool_t MemoryPool::pool() {
  const std::lock_guard lock(mutex_);
  if (pool_ == nullptr) {
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device_;
    cudaMemPool_t made = nullptr;
    FORJA_CUDA_CHECK(cudaMemPoolCreate(&made, &properties));
    std::uint64_t keep_all = std::numeric_limits<std::uint64_t>::max();
    const cudaError_t status = cudaMemPoolSetAttribute(made, cudaMemPoolAttrReleaseThreshold, &keep_all);
    if (status != cudaSuccess) {
      (void)cudaMemPoolDestroy(made);
      throw_cuda_error(status, "cudaMemPoolSetAttribute(cudaMemPoolAttrReleaseThreshold)");
    }
    pool_ = made;
  }
  return pool_;
}

void* MemoryPool::allocate(std::int64_t bytes, cudaStream_t stream) {
  if (bytes == 0) return nullptr;
  if (!reserve(bytes)) throw_out_of_memory(bytes);
  void* memory = nullptr;
  try {
    memory = try_allocate(bytes, stream);
    if (memory == nullptr) {
      give_back_unused();
      memory = try_allocate(bytes, stream);
    }
  } catch (...) {
    in_use_ -= bytes;
    throw;
  }
  if (memory == nullptr) {
    in_use_ -= bytes;
    throw_out_of_memory(bytes);
  }
  return memory;
}

bool MemoryPool::reserve(std::int64_t bytes) {
  std::int64_t held = in_use_;
  do {
    const std::int64_t limit = limit_;
    if (limit > 0 && (held >= limit || bytes > limit - held)) return false;
  } while (!in_use_.compare_exchange_weak(held, held + bytes));
  return true;
}

void* MemoryPool::try_allocate(std::int64_t bytes, cudaStream_t stream) {
  void* memory = nullptr;
  const cudaError_t status = cudaMallocFromPoolAsync(&memory, static_cast<std::size_t>(bytes), pool(), stream);
  if (status == cudaSuccess) return memory;
  if (status != cudaErrorMemoryAllocation) throw_cuda_error(status, "cudaMallocFromPoolAsync", bytes);
  (void)cudaGetLastError();
  return nullptr;
}

// What other streams have freed becomes usable once they are done; the rest may be in too small pieces.
void MemoryPool::give_back_unused() {
  const DeviceScope scope(device_);
  FORJA_CUDA_CHECK(cudaDeviceSynchronize());
  FORJA_CUDA_CHECK(cudaMemPoolTrimTo(pool(), 0));
}

void MemoryPool::release(void* memory, std::int64_t bytes, cudaStream_t stream) noexcept {
  if (cudaFreeAsync(memory, stream) != cudaSuccess) (void)cudaGetLastError();
  in_use_ -= bytes;
}

void MemoryPool::throw_out_of_memory(std::int64_t bytes) {
  const std::int64_t free = memory().free;
  throw OutOfMemory("cuda:" + std::to_string(device_) + ": " + std::to_string(bytes) +
                        " bytes of device memory asked for but " + std::to_string(free) + " are free",
                    bytes, free);
}

DeviceMemory MemoryPool::memory() {
  const DeviceScope scope(device_);
  std::size_t free = 0;
  std::size_t total = 0;
  FORJA_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  std::uint64_t reserved = 0;
  std::uint64_t used = 0;
  const cudaMemPool_t ours = pool();
  FORJA_CUDA_CHECK(cudaMemPoolGetAttribute(ours, cudaMemPoolAttrReservedMemCurrent, &reserved));
  FORJA_CUDA_CHECK(cudaMemPoolGetAttribute(ours, cudaMemPoolAttrUsedMemCurrent, &used));
  DeviceMemory result;
  result.total = static_cast<std::int64_t>(total);
  result.in_use = in_use_;
  result.free = static_cast<std::int64_t>(free + (reserved > used ? reserved - used : 0));
  const std::int64_t limit = limit_;
  if (limit > 0) result.free = std::min(result.free, std::max<std::int64_t>(limit - result.in_use, 0));
  return result;
}

}  // namespace forja::cuda
