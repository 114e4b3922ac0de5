#include "cusolver.h"

/// Factorisations of the emulated cuSOLVER, by LAPACK. What NVIDIA's documentation calls invalid is refused.

using namespace forja::emulation;

namespace {

bool potrf_valid(cusolverDnParams_t params, cublasFillMode_t uplo, std::int64_t n, cudaDataType type, std::int64_t lda,
                 cudaDataType computed) {
  return is_alive(params, "cusolverDnXpotrf") && is_triangle(uplo) && n >= 0 && one_type({type, computed}) &&
         solver_reaches(lda, n);
}

bool geqrf_valid(cusolverDnParams_t params, std::int64_t m, std::int64_t n, cudaDataType type, std::int64_t lda,
                 cudaDataType tau, cudaDataType computed) {
  return is_alive(params, "cusolverDnXgeqrf") && std::min(m, n) >= 0 && one_type({type, tau, computed}) &&
         solver_reaches(lda, m);
}

bool orgqr_valid(int m, int n, int k, int lda) {
  return n >= 0 && m >= n && k >= 0 && k <= n && solver_reaches(lda, m);
}

template <class T>
cusolverStatus_t ask_orgqr(const char* call, cusolverDnHandle_t handle, int m, int n, int k, int lda, int* values) {
  int none = 0;
  const SolverWork needed = {nullptr, static_cast<std::size_t>(n) + 64, nullptr, 0};
  return answer(call, handle, orgqr_valid(m, n, k, lda), needed, values, &none);
}

template <class T, class Lapack>
cusolverStatus_t orgqr(const char* call, Lapack lapack, cusolverDnHandle_t handle, int m, int n, int k, T* a, int lda,
                       const T* tau, T* work, int values, int* info) {
  SolverCall c{call, handle, orgqr_valid(m, n, k, lda) && values >= 0, {}, {}, {}, {}, info};
  c.needed.device_bytes = (static_cast<std::size_t>(n) + 64) * sizeof(T);
  c.work = {work, static_cast<std::size_t>(std::max(values, 0)) * sizeof(T), nullptr, 0};
  c.operands = {{"a", a, sizeof(T), m, n, lda, Part::kAll, Part::kAll},
                {"tau", tau, sizeof(T), k, 1, k, Part::kAll, Part::kNone}};
  return enqueue_solver(std::move(c), [=] { return lapack(LAPACK_COL_MAJOR, m, n, k, a, lda, tau); });
}

}  // namespace

extern "C" {

cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             cublasFillMode_t uplo, int64_t n, cudaDataType type, const void*,
                                             int64_t lda, cudaDataType computed, size_t* on_device, size_t* on_host) {
  return answer(__func__, handle, potrf_valid(params, uplo, n, type, lda, computed), work_for(n, bytes_of(type)),
                on_device, on_host);
}

cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t params, cublasFillMode_t uplo,
                                  int64_t n, cudaDataType type, void* a, int64_t lda, cudaDataType computed,
                                  void* device_work, size_t device_bytes, void* host_work, size_t host_bytes,
                                  int* info) {
  SolverCall call{__func__, handle, potrf_valid(params, uplo, n, type, lda, computed), {n, lda}, {}, {}, {}, info};
  call.work = {device_work, device_bytes, host_work, host_bytes};
  call.needed = work_for(n, bytes_of(type));
  call.operands = {solver_matrix("a", a, type, n, n, lda, part_of(uplo), part_of(uplo))};
  return enqueue_solver(std::move(call), [=] {
    const char triangle = letter_of(uplo);
    return type == CUDA_R_32F
               ? LAPACKE_spotrf(LAPACK_COL_MAJOR, triangle, narrow(n), static_cast<float*>(a), narrow(lda))
               : LAPACKE_dpotrf(LAPACK_COL_MAJOR, triangle, narrow(n), static_cast<double*>(a), narrow(lda));
  });
}

cusolverStatus_t cusolverDnXpotrs(cusolverDnHandle_t handle, cusolverDnParams_t params, cublasFillMode_t uplo,
                                  int64_t n, int64_t columns, cudaDataType type, const void* a, int64_t lda,
                                  cudaDataType type_b, void* b, int64_t ldb, int* info) {
  const bool valid = potrf_valid(params, uplo, n, type, lda, type_b) && columns >= 0 && solver_reaches(ldb, n);
  SolverCall call{__func__, handle, valid, {n, columns, lda, ldb}, {}, {}, {}, info};
  call.operands = {solver_matrix("a", a, type, n, n, lda, part_of(uplo), Part::kNone),
                   solver_matrix("b", b, type, n, columns, ldb, Part::kAll, Part::kAll)};
  return enqueue_solver(std::move(call), [=] {
    const char triangle = letter_of(uplo);
    return type == CUDA_R_32F
               ? LAPACKE_spotrs(LAPACK_COL_MAJOR, triangle, narrow(n), narrow(columns), static_cast<const float*>(a),
                                narrow(lda), static_cast<float*>(b), narrow(ldb))
               : LAPACKE_dpotrs(LAPACK_COL_MAJOR, triangle, narrow(n), narrow(columns), static_cast<const double*>(a),
                                narrow(lda), static_cast<double*>(b), narrow(ldb));
  });
}

cusolverStatus_t cusolverDnXgeqrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m, int64_t n,
                                             cudaDataType type, const void*, int64_t lda, cudaDataType type_tau,
                                             const void*, cudaDataType computed, size_t* on_device, size_t* on_host) {
  return answer(__func__, handle, geqrf_valid(params, m, n, type, lda, type_tau, computed), work_for(n, bytes_of(type)),
                on_device, on_host);
}

cusolverStatus_t cusolverDnXgeqrf(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m, int64_t n,
                                  cudaDataType type, void* a, int64_t lda, cudaDataType type_tau, void* tau,
                                  cudaDataType computed, void* device_work, size_t device_bytes, void* host_work,
                                  size_t host_bytes, int* info) {
  SolverCall call{__func__, handle, geqrf_valid(params, m, n, type, lda, type_tau, computed), {m, n, lda}, {}, {},
                  {},       info};
  call.work = {device_work, device_bytes, host_work, host_bytes};
  call.needed = work_for(n, bytes_of(type));
  const int64_t reflectors = std::min(m, n);
  call.operands = {solver_matrix("a", a, type, m, n, lda, Part::kAll, Part::kAll),
                   solver_matrix("tau", tau, type, reflectors, 1, reflectors, Part::kNone, Part::kAll)};
  return enqueue_solver(std::move(call), [=] {
    return type == CUDA_R_32F ? LAPACKE_sgeqrf(LAPACK_COL_MAJOR, narrow(m), narrow(n), static_cast<float*>(a),
                                               narrow(lda), static_cast<float*>(tau))
                              : LAPACKE_dgeqrf(LAPACK_COL_MAJOR, narrow(m), narrow(n), static_cast<double*>(a),
                                               narrow(lda), static_cast<double*>(tau));
  });
}

cusolverStatus_t cusolverDnSorgqr_bufferSize(cusolverDnHandle_t handle, int m, int n, int k, const float*, int lda,
                                             const float*, int* values) {
  return ask_orgqr<float>(__func__, handle, m, n, k, lda, values);
}

cusolverStatus_t cusolverDnDorgqr_bufferSize(cusolverDnHandle_t handle, int m, int n, int k, const double*, int lda,
                                             const double*, int* values) {
  return ask_orgqr<double>(__func__, handle, m, n, k, lda, values);
}

cusolverStatus_t cusolverDnSorgqr(cusolverDnHandle_t handle, int m, int n, int k, float* a, int lda, const float* tau,
                                  float* work, int values, int* info) {
  return orgqr(__func__, LAPACKE_sorgqr, handle, m, n, k, a, lda, tau, work, values, info);
}

cusolverStatus_t cusolverDnDorgqr(cusolverDnHandle_t handle, int m, int n, int k, double* a, int lda, const double* tau,
                                  double* work, int values, int* info) {
  return orgqr(__func__, LAPACKE_dorgqr, handle, m, n, k, a, lda, tau, work, values, info);
}

}  // extern "C"
