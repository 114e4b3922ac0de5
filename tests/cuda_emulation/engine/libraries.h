#pragma once

#include <cublas_v2.h>
#include <cusolverDn.h>

#include <cstddef>
#include <cstdint>

/// What the emulated cuBLAS and cuSOLVER keep behind NVIDIA's handles.

struct cublasContext {
  int device = 0;
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;  ///< the caller's; null: cuBLAS would take memory of its own
  std::size_t workspace_bytes = 0;
  cublasMath_t math = CUBLAS_DEFAULT_MATH;
};

struct cusolverDnContext {
  int device = 0;
  cudaStream_t stream = nullptr;
};

struct cusolverDnParams {
  int device = 0;
};

namespace forja::emulation {

/// A size that BLAS and LAPACK take, once it has been checked.
inline int narrow(std::int64_t size) { return static_cast<int>(size); }

// Of the current device.
cublasHandle_t create_cublas();
cusolverDnHandle_t create_cusolver();
cusolverDnParams_t create_cusolver_params();

/// Whether the handle is alive; reports otherwise.
bool is_alive(cublasHandle_t handle, const char* call);
bool is_alive(cusolverDnHandle_t handle, const char* call);
bool is_alive(cusolverDnParams_t params, const char* call);

void destroy(cublasHandle_t handle);
void destroy(cusolverDnHandle_t handle);
void destroy(cusolverDnParams_t params);

std::int64_t library_handles_alive();
void destroy_library_handles();

}  // namespace forja::emulation
