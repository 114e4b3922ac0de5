#include "../engine/memory.h"

#include <cuda_runtime.h>

#include "../engine/state.h"
#include "../engine/streams.h"

/// Allocation and pools of the emulated CUDA. There is no cudaMalloc: device memory comes from pools, in stream order.

using namespace forja::emulation;

namespace {

cudaError_t allocate(void** memory, std::size_t bytes, cudaMemPool_t pool, cudaStream_t stream, const char* call) {
  const cudaError_t status = check_stream(stream, call);
  if (status != cudaSuccess) return status;
  if (!allocations().is_pool(pool) || pool->device != stream->device) return cudaErrorInvalidValue;
  const cudaError_t first = allocations().allocate_device(memory, bytes, pool);
  if (first != cudaErrorMemoryAllocation) return first;
  // What the stream frees earlier is there for what it allocates later.
  drain(stream);
  return allocations().allocate_device(memory, bytes, pool);
}

/// The allocation that starts at `memory` and is not freed yet; otherwise reports.
Allocation* to_free(void* memory, bool pinned, const char* call) {
  char* start = nullptr;
  Allocation* found = allocations().find(memory, &start);
  if (found != nullptr && start == memory && found->pinned == pinned && !found->to_be_freed) return found;
  report("invalid-free", std::string(call) + ": " + text_of(memory) + " is no live allocation of this kind");
  return nullptr;
}

}  // namespace

extern "C" {

cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream) {
  ApiCall api(__func__, ApiCall::Kind::kAllocates);
  if (api.refused()) return api.refusal();
  const cudaError_t status = check_stream(stream, __func__);
  if (status != cudaSuccess) return api.done(status);
  return api.done(allocate(memory, bytes, allocations().default_pool(stream->device), stream, __func__));
}

cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  ApiCall api(__func__, ApiCall::Kind::kAllocates);
  if (api.refused()) return api.refusal();
  return api.done(allocate(memory, bytes, pool, stream, __func__));
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  ApiCall api(__func__, ApiCall::Kind::kGivesBack);
  const cudaError_t status = check_stream(stream, __func__);
  if (status != cudaSuccess) return api.done(status);
  Allocation* allocation = to_free(memory, false, __func__);
  if (allocation == nullptr) return api.done(cudaErrorInvalidValue);
  allocation->to_be_freed = true;
  enqueue(
      stream, [memory] { allocations().release(memory); }, true);
  return api.done(cudaSuccess);
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  ApiCall api(__func__, ApiCall::Kind::kAllocates);
  if (api.refused()) return api.refusal();
  return api.done(allocations().allocate_pinned(memory, bytes));
}

cudaError_t cudaFreeHost(void* memory) {
  ApiCall api(__func__, ApiCall::Kind::kGivesBack);
  if (memory == nullptr) return api.done(cudaSuccess);
  if (to_free(memory, true, __func__) == nullptr) return api.done(cudaErrorInvalidValue);
  allocations().release(memory);
  return api.done(cudaSuccess);
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  if (device < 0 || device >= settings().devices) return api.done(cudaErrorInvalidDevice);
  *pool = allocations().default_pool(device);
  return api.done(cudaSuccess);
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  ApiCall api(__func__, ApiCall::Kind::kAllocates);
  if (api.refused()) return api.refusal();
  const bool on_device =
      properties->allocType == cudaMemAllocationTypePinned && properties->location.type == cudaMemLocationTypeDevice;
  if (!on_device) return api.done(cudaErrorInvalidValue);
  if (properties->location.id < 0 || properties->location.id >= settings().devices) {
    return api.done(cudaErrorInvalidDevice);
  }
  *pool = allocations().create_pool(properties->location.id);
  return api.done(cudaSuccess);
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  ApiCall api(__func__, ApiCall::Kind::kGivesBack);
  if (!allocations().is_pool(pool)) return api.done(cudaErrorInvalidValue);
  allocations().destroy_pool(pool);
  return api.done(cudaSuccess);
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr which, void* value) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  if (!allocations().is_pool(pool) || which != cudaMemPoolAttrReleaseThreshold) {
    return api.done(cudaErrorInvalidValue);
  }
  pool->threshold = *static_cast<std::uint64_t*>(value);
  return api.done(cudaSuccess);
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr which, void* value) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  if (!allocations().is_pool(pool)) return api.done(cudaErrorInvalidValue);
  auto& result = *static_cast<std::uint64_t*>(value);
  switch (which) {
    case cudaMemPoolAttrReleaseThreshold:
      result = pool->threshold;
      return api.done(cudaSuccess);
    case cudaMemPoolAttrReservedMemCurrent:
      result = pool->reserved;
      return api.done(cudaSuccess);
    case cudaMemPoolAttrUsedMemCurrent:
      result = pool->used;
      return api.done(cudaSuccess);
    default:
      return api.done(cudaErrorInvalidValue);
  }
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t least) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  if (!allocations().is_pool(pool)) return api.done(cudaErrorInvalidValue);
  if (pool->reserved > least) pool->reserved = pool->used > least ? pool->used : least;
  return api.done(cudaSuccess);
}

}  // extern "C"
