#include "runtime/library_check.h"

#include <cuda_runtime.h>

#include <string>

#include "forja/error.h"
#include "runtime/check.h"

namespace forja::cuda {

namespace {

// cuSOLVER has no function for it.
const char* name_of(cusolverStatus_t status) {
  switch (status) {
    case CUSOLVER_STATUS_NOT_INITIALIZED:
      return "CUSOLVER_STATUS_NOT_INITIALIZED";
    case CUSOLVER_STATUS_ALLOC_FAILED:
      return "CUSOLVER_STATUS_ALLOC_FAILED";
    case CUSOLVER_STATUS_INVALID_VALUE:
      return "CUSOLVER_STATUS_INVALID_VALUE";
    case CUSOLVER_STATUS_EXECUTION_FAILED:
      return "CUSOLVER_STATUS_EXECUTION_FAILED";
    default:
      return "another status of cuSOLVER";
  }
}

[[noreturn]] void throw_status(const std::string& text, bool out_of_memory) {
  (void)cudaGetLastError();
  if (!out_of_memory) throw DeviceUnavailable(text);
  const std::int64_t free = free_bytes();
  throw OutOfMemory(text + ": " + std::to_string(free) + " bytes are free on the device", 0, free);
}

}  // namespace

void throw_cublas_error(cublasStatus_t status, const char* call) {
  throw_status(std::string("CUDA: ") + call + ": " + cublasGetStatusString(status) + " (" +
                   cublasGetStatusName(status) + ", " + std::to_string(static_cast<int>(status)) + ")",
               status == CUBLAS_STATUS_ALLOC_FAILED);
}

void throw_cusolver_error(cusolverStatus_t status, const char* call) {
  throw_status(std::string("CUDA: ") + call + ": " + name_of(status) + ", " + std::to_string(static_cast<int>(status)),
               status == CUSOLVER_STATUS_ALLOC_FAILED);
}

}  // namespace forja::cuda
