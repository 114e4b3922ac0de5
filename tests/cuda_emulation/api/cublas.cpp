#include "cublas.h"

#include <string>

#include "../engine/libraries.h"
#include "../engine/memory.h"

/// Handles and settings of the emulated cuBLAS.

using namespace forja::emulation;

namespace forja::emulation {

cublasStatus_t status_of(cudaError_t refusal) {
  return refusal == cudaErrorMemoryAllocation ? CUBLAS_STATUS_ALLOC_FAILED : CUBLAS_STATUS_EXECUTION_FAILED;
}

}  // namespace forja::emulation

namespace {

/// A setting of a handle: `set` runs when the handle is alive.
template <class Set>
cublasStatus_t change(const char* call, cublasHandle_t handle, Set set) {
  const ApiCall api(call);
  if (api.refused()) return status_of(api.refusal());
  return is_alive(handle, call) ? set() : CUBLAS_STATUS_NOT_INITIALIZED;
}

}  // namespace

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  const ApiCall api(__func__, ApiCall::Kind::kAllocates);
  if (api.refused()) return status_of(api.refusal());
  if (handle == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *handle = create_cublas();
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  const ApiCall api(__func__, ApiCall::Kind::kGivesBack);
  if (!is_alive(handle, __func__)) return CUBLAS_STATUS_NOT_INITIALIZED;
  destroy(handle);
  return api.refused() ? status_of(api.refusal()) : CUBLAS_STATUS_SUCCESS;
}

// As NVIDIA documents, the workspace is cuBLAS' own again.
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  return change(__func__, handle, [&] {
    if (check_stream(stream, "cublasSetStream") != cudaSuccess) return CUBLAS_STATUS_INVALID_VALUE;
    if (stream->device != handle->device) return CUBLAS_STATUS_INVALID_VALUE;
    handle->stream = stream;
    handle->workspace = nullptr;
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasGetStream_v2(cublasHandle_t handle, cudaStream_t* stream) {
  return change(__func__, handle, [&] {
    if (stream == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    *stream = handle->stream;
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  return change(__func__, handle, [&] {
    constexpr std::uintptr_t kAlignment = 256;
    const Operand memory = {
        "the workspace", workspace, 1, static_cast<std::int64_t>(bytes), 1, static_cast<std::int64_t>(bytes),
        Part::kNone,     Part::kAll};
    if (reinterpret_cast<std::uintptr_t>(workspace) % kAlignment != 0 ||
        !operands_valid("cublasSetWorkspace", handle->device, {memory})) {
      return CUBLAS_STATUS_INVALID_VALUE;
    }
    handle->workspace = workspace;
    handle->workspace_bytes = bytes;
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode) {
  return change(__func__, handle, [&] {
    if (mode == CUBLAS_POINTER_MODE_HOST) return CUBLAS_STATUS_SUCCESS;
    report("library-call", "cublasSetPointerMode: scalars lie on the host in the emulation");
    return CUBLAS_STATUS_NOT_SUPPORTED;
  });
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t mode) {
  return change(__func__, handle, [&] {
    if (mode == CUBLAS_ATOMICS_NOT_ALLOWED) return CUBLAS_STATUS_SUCCESS;
    report("library-call", "cublasSetAtomicsMode: sums by atomics are not the same bits each time");
    return CUBLAS_STATUS_NOT_SUPPORTED;
  });
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  return change(__func__, handle, [&] {
    if (mode != CUBLAS_DEFAULT_MATH && mode != CUBLAS_PEDANTIC_MATH) {
      report("library-call", "cublasSetMathMode: factors of float would be rounded to fewer bits");
      return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    handle->math = mode;
    return CUBLAS_STATUS_SUCCESS;
  });
}

cublasStatus_t cublasGetMathMode(cublasHandle_t handle, cublasMath_t* mode) {
  return change(__func__, handle, [&] {
    if (mode == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    *mode = handle->math;
    return CUBLAS_STATUS_SUCCESS;
  });
}

const char* cublasGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    default:
      return "another status of cuBLAS";
  }
}

const char* cublasGetStatusString(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "the library was not initialized";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "the resource allocation failed";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "an unsupported value or parameter was passed to the function";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "the function failed to launch on the GPU";
    default:
      return "an unknown error";
  }
}

}  // extern "C"
