#include <cuda_runtime.h>

#include <cstdio>
#include <cstring>

#include "../engine/functions.h"
#include "../engine/memory.h"
#include "../engine/shared.h"
#include "../engine/state.h"
#include "../engine/streams.h"

/// Devices, errors and kernel attributes of the emulated CUDA.

using namespace forja::emulation;

namespace {

constexpr int kThreadsPerMultiprocessor = 2048;
constexpr int kMostThreads = 1024;
constexpr int kWarpLanes = 32;

bool is_device(int device) { return device >= 0 && device < settings().devices; }

int attribute(cudaDeviceAttr which) {
  switch (which) {
    case cudaDevAttrMultiProcessorCount:
      return settings().multiprocessors;
    case cudaDevAttrMaxThreadsPerBlock:
      return kMostThreads;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return kThreadsPerMultiprocessor;
    case cudaDevAttrWarpSize:
      return kWarpLanes;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      return static_cast<int>(kSharedDefault);
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      return static_cast<int>(settings().shared_memory_optin);
    case cudaDevAttrL2CacheSize:
      return 4 << 20;
    case cudaDevAttrComputeCapabilityMajor:
      return 7;
    case cudaDevAttrComputeCapabilityMinor:
      return 5;
    case cudaDevAttrMemoryPoolsSupported:
    case cudaDevAttrUnifiedAddressing:
      return 1;
    default:
      return -1;
  }
}

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  ApiCall api(__func__);
  if (!api.refused()) *count = settings().devices;
  return api.done(settings().devices > 0 ? cudaSuccess : cudaErrorNoDevice);
}

cudaError_t cudaGetDevice(int* device) {
  ApiCall api(__func__);
  if (!api.refused()) *device = current_device();
  return api.done(cudaSuccess);
}

cudaError_t cudaSetDevice(int device) {
  ApiCall api(__func__);
  if (!api.refused() && is_device(device)) current_device() = device;
  return api.done(is_device(device) ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  if (!is_device(device)) return api.done(cudaErrorInvalidDevice);
  *value = attribute(which);
  if (*value >= 0) return api.done(cudaSuccess);
  report("unknown-attribute", "cudaDeviceGetAttribute: " + std::to_string(static_cast<int>(which)));
  return api.done(cudaErrorInvalidValue);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  if (!is_device(device)) return api.done(cudaErrorInvalidDevice);
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "Emulated CUDA device %d", device);
  properties->totalGlobalMem = static_cast<std::size_t>(settings().device_memory);
  properties->sharedMemPerBlock = kSharedDefault;
  properties->sharedMemPerBlockOptin = static_cast<std::size_t>(settings().shared_memory_optin);
  properties->warpSize = kWarpLanes;
  properties->maxThreadsPerBlock = kMostThreads;
  properties->multiProcessorCount = settings().multiprocessors;
  properties->major = attribute(cudaDevAttrComputeCapabilityMajor);
  properties->minor = attribute(cudaDevAttrComputeCapabilityMinor);
  return api.done(cudaSuccess);
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  const std::int64_t left = allocations().free_bytes(current_device());
  *free = static_cast<std::size_t>(left > 0 ? left : 0);
  *total = static_cast<std::size_t>(settings().device_memory);
  return api.done(cudaSuccess);
}

cudaError_t cudaDeviceSynchronize() {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  host_waits_for_device(current_device());
  return api.done(sticky_error());
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  last_error() = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() {
  const std::lock_guard lock(big_lock());
  return sticky_error() != cudaSuccess ? sticky_error() : last_error();
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    case cudaErrorNotPermitted:
      return "cudaErrorNotPermitted";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorUnknown:
      return "cudaErrorUnknown";
    default:
      return "another CUDA error";
  }
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorNotPermitted:
      return "operation not permitted";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
    default:
      return "unknown error";
  }
}

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute which, int value) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  const auto room = settings().shared_memory_optin - static_cast<std::int64_t>(static_shared_bytes(kernel));
  if (which != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 || value > room) {
    return api.done(cudaErrorInvalidValue);
  }
  set_dynamic_shared_limit(kernel, static_cast<std::size_t>(value));
  return api.done(cudaSuccess);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  *attributes = {};
  attributes->sharedSizeBytes = static_shared_bytes(kernel);
  attributes->maxThreadsPerBlock = kMostThreads;
  attributes->maxDynamicSharedSizeBytes = static_cast<int>(dynamic_shared_limit(kernel));
  return api.done(cudaSuccess);
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* kernel, int block,
                                                          std::size_t shared_bytes) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  if (block <= 0 || block > kMostThreads) return api.done(cudaErrorInvalidValue);
  const auto shared = static_cast<std::int64_t>(shared_bytes + static_shared_bytes(kernel));
  const int by_threads = kThreadsPerMultiprocessor / block;
  const auto by_shared =
      shared > 0 ? static_cast<int>(settings().shared_memory_optin / shared) : kThreadsPerMultiprocessor;
  *blocks = by_threads < by_shared ? by_threads : by_shared;
  return api.done(cudaSuccess);
}

}  // extern "C"
