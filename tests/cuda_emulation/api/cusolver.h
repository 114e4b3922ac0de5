#pragma once

#include <cusolverDn.h>
// The C++ names of complex numbers: C's are macros.
#define LAPACK_COMPLEX_CPP
#include <lapacke.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../engine/libraries.h"
#include "../engine/library_call.h"
#include "../engine/state.h"
#include "../engine/streams.h"

namespace forja::emulation {

inline cusolverStatus_t solver_status_of(cudaError_t refusal) {
  return refusal == cudaErrorMemoryAllocation ? CUSOLVER_STATUS_ALLOC_FAILED : CUSOLVER_STATUS_EXECUTION_FAILED;
}

/// Workspaces as a caller must give them: the same sizes for the question and for the call.
struct SolverWork {
  void* device = nullptr;
  std::size_t device_bytes = 0;
  void* host = nullptr;
  std::size_t host_bytes = 0;
};

/// What is asked for: some of each, so that both are seen to be there.
inline SolverWork work_for(std::int64_t values, std::size_t value_bytes) {
  constexpr std::size_t kDevice = 64;
  constexpr std::size_t kHost = 16;
  return {nullptr, (static_cast<std::size_t>(values) + kDevice) * value_bytes, nullptr, kHost};
}

/// A call of cuSOLVER on its way.
struct SolverCall {
  const char* name = "";
  cusolverDnHandle_t handle = nullptr;
  bool valid = false;  ///< the numbers
  std::vector<std::int64_t> sizes;
  std::vector<Operand> operands;
  SolverWork work;
  SolverWork needed;
  int* info = nullptr;
};

/// Checks it and enqueues `compute`, whose result becomes the info.
cusolverStatus_t enqueue_solver(SolverCall call, std::function<int()> compute);

inline bool solver_reaches(std::int64_t stride, std::int64_t rows) { return stride >= std::max<std::int64_t>(rows, 1); }

inline std::size_t bytes_of(cudaDataType type) { return type == CUDA_R_32F ? sizeof(float) : sizeof(double); }

/// One real type throughout: what the emulation has.
inline bool one_type(std::initializer_list<cudaDataType> types) {
  const cudaDataType first = *types.begin();
  return (first == CUDA_R_32F || first == CUDA_R_64F) &&
         std::all_of(types.begin(), types.end(), [first](cudaDataType type) { return type == first; });
}

inline bool is_triangle(cublasFillMode_t uplo) {
  return uplo == CUBLAS_FILL_MODE_LOWER || uplo == CUBLAS_FILL_MODE_UPPER;
}
inline Part part_of(cublasFillMode_t uplo) { return uplo == CUBLAS_FILL_MODE_LOWER ? Part::kLower : Part::kUpper; }
inline char letter_of(cublasFillMode_t uplo) { return uplo == CUBLAS_FILL_MODE_LOWER ? 'L' : 'U'; }

inline Operand solver_matrix(const char* name, const void* data, cudaDataType type, std::int64_t rows,
                             std::int64_t columns, std::int64_t stride, Part reads, Part writes) {
  return {name, data, bytes_of(type), rows, columns, stride, reads, writes};
}

/// Answers a question for workspaces.
template <class Bytes>
cusolverStatus_t answer(const char* call, cusolverDnHandle_t handle, bool valid, const SolverWork& needed,
                        Bytes* on_device, Bytes* on_host) {
  const ApiCall api(call);
  if (api.refused()) return solver_status_of(api.refusal());
  if (!is_alive(handle, call)) return CUSOLVER_STATUS_NOT_INITIALIZED;
  if (!valid || on_device == nullptr || on_host == nullptr) return CUSOLVER_STATUS_INVALID_VALUE;
  *on_device = static_cast<Bytes>(needed.device_bytes);
  *on_host = static_cast<Bytes>(needed.host_bytes);
  return CUSOLVER_STATUS_SUCCESS;
}

}  // namespace forja::emulation
