#pragma once

#include <cublas_v2.h>
#include <cusolverDn.h>

namespace forja::cuda {

/// Clears CUDA's last error and throws what the status means: OutOfMemory where the library could not allocate,
/// DeviceUnavailable otherwise. The text has the call and the status' name.
[[noreturn]] void throw_cublas_error(cublasStatus_t status, const char* call);
[[noreturn]] void throw_cusolver_error(cusolverStatus_t status, const char* call);

}  // namespace forja::cuda

/// Every status of cuBLAS and cuSOLVER is checked by these, except in destructors, which never throw.
#define FORJA_CUBLAS_CHECK(call)                               \
  do {                                                         \
    const cublasStatus_t forja_status_ = (call);               \
    if (forja_status_ != CUBLAS_STATUS_SUCCESS) {              \
      ::forja::cuda::throw_cublas_error(forja_status_, #call); \
    }                                                          \
  } while (false)
#define FORJA_CUSOLVER_CHECK(call)                               \
  do {                                                           \
    const cusolverStatus_t forja_status_ = (call);               \
    if (forja_status_ != CUSOLVER_STATUS_SUCCESS) {              \
      ::forja::cuda::throw_cusolver_error(forja_status_, #call); \
    }                                                            \
  } while (false)
