#include "memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "../shadow/shadow.h"
#include "state.h"

namespace forja::emulation {

namespace {
constexpr std::size_t kAlignment = 256;
}

Allocations& allocations() {
  static Allocations all;
  return all;
}

cudaError_t Allocations::add(void** memory, std::size_t bytes, const Allocation& allocation) {
  void* fresh = shadow::allocate(bytes, allocation.pinned);
  if (!shadow::kPresent && posix_memalign(&fresh, kAlignment, bytes) != 0) fresh = nullptr;
  if (fresh == nullptr) return cudaErrorMemoryAllocation;
  // NaN, -1: nothing may rely on zeros.
  std::memset(fresh, 0xFF, bytes);
  live_[static_cast<char*>(fresh)] = allocation;
  live_bytes_ += static_cast<std::int64_t>(bytes);
  *memory = fresh;
  return cudaSuccess;
}

cudaError_t Allocations::allocate_device(void** memory, std::size_t bytes, cudaMemPool_t pool) {
  *memory = nullptr;
  if (bytes == 0) return cudaSuccess;
  const std::uint64_t rest = pool->reserved - pool->used;
  const std::uint64_t missing = bytes > rest ? bytes - rest : 0;
  const std::int64_t free = free_bytes(pool->device);
  if (missing > static_cast<std::uint64_t>(std::max<std::int64_t>(free, 0))) return cudaErrorMemoryAllocation;
  const cudaError_t status = add(memory, bytes, {bytes, false, pool->device, pool, false});
  if (status != cudaSuccess) return status;
  pool->used += bytes;
  pool->reserved += missing;
  return cudaSuccess;
}

cudaError_t Allocations::allocate_pinned(void** memory, std::size_t bytes) {
  *memory = nullptr;
  // What no machine has must not be tried: sanitizers end the process for it.
  constexpr std::size_t kMost = std::size_t{1} << 40;
  if (bytes > kMost) return cudaErrorMemoryAllocation;
  return bytes == 0 ? cudaSuccess : add(memory, bytes, {bytes, true, 0, nullptr, false});
}

void Allocations::release(void* memory) {
  const auto found = live_.find(static_cast<char*>(memory));
  if (found == live_.end()) return;
  const Allocation gone = found->second;
  live_.erase(found);
  live_bytes_ -= static_cast<std::int64_t>(gone.bytes);
  if (gone.pool != nullptr) {
    gone.pool->used -= gone.bytes;
    gone.pool->reserved = std::max(gone.pool->used, std::min(gone.pool->reserved, gone.pool->threshold));
  }
  if (shadow::kPresent) {
    shadow::release(memory, gone.bytes);
  } else {
    std::free(memory);
  }
}

void Allocations::release_all() {
  while (!live_.empty()) release(live_.begin()->first);
}

Allocation* Allocations::find(const void* address, char** start) {
  auto* wanted = static_cast<char*>(const_cast<void*>(address));
  auto after = live_.upper_bound(wanted);
  if (after == live_.begin()) return nullptr;
  --after;
  if (wanted >= after->first + after->second.bytes) return nullptr;
  if (start != nullptr) *start = after->first;
  return &after->second;
}

cudaMemPool_t Allocations::create_pool(int device) {
  pools_.push_back(std::make_unique<CUmemPoolHandle_st>());
  pools_.back()->device = device;
  return pools_.back().get();
}

cudaMemPool_t Allocations::default_pool(int device) {
  cudaMemPool_t& pool = default_pools_[device];
  if (pool == nullptr) pool = create_pool(device);
  return pool;
}

bool Allocations::is_pool(cudaMemPool_t pool) const {
  return std::any_of(pools_.begin(), pools_.end(), [pool](const auto& known) { return known.get() == pool; });
}

void Allocations::destroy_pool(cudaMemPool_t pool) {
  std::erase_if(pools_, [pool](const auto& known) { return known.get() == pool; });
}

void Allocations::trim_pools() {
  for (auto& pool : pools_) pool->reserved = pool->used;
}

std::int64_t Allocations::free_bytes(int device) const {
  std::int64_t free = settings().device_memory;
  for (const auto& pool : pools_) {
    if (pool->device == device) free -= static_cast<std::int64_t>(pool->reserved);
  }
  return free;
}

}  // namespace forja::emulation
