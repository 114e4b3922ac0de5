#include "cusolver.h"

/// Eigenvalues and singular values of the emulated cuSOLVER, by LAPACK.

using namespace forja::emulation;

namespace {

bool syevd_valid(cusolverDnParams_t params, cusolverEigMode_t vectors, cublasFillMode_t uplo, std::int64_t n,
                 std::int64_t lda, std::initializer_list<cudaDataType> types) {
  return is_alive(params, "cusolverDnXsyevd") && is_triangle(uplo) && n >= 0 && one_type(types) &&
         solver_reaches(lda, n) && (vectors == CUSOLVER_EIG_MODE_VECTOR || vectors == CUSOLVER_EIG_MODE_NOVECTOR);
}

/// 'A': all vectors, 'S': as many as there are values, 'N': none. cuSOLVER takes matrices with m >= n alone.
bool gesvd_valid(cusolverDnParams_t params, signed char jobu, signed char jobvt, std::int64_t m, std::int64_t n,
                 std::int64_t lda, std::int64_t ldu, std::int64_t ldvt, std::initializer_list<cudaDataType> types) {
  const auto job = [](signed char letter) { return letter == 'A' || letter == 'S' || letter == 'N'; };
  return is_alive(params, "cusolverDnXgesvd") && job(jobu) && job(jobvt) && n >= 0 && m >= n && one_type(types) &&
         solver_reaches(lda, m) && solver_reaches(ldu, jobu == 'N' ? 1 : m) &&
         solver_reaches(ldvt, jobvt == 'N' ? 1 : n);
}

/// What a call leaves of its input.
void spoil(void* a, std::size_t value_bytes, std::int64_t rows, std::int64_t columns, std::int64_t stride) {
  for (std::int64_t j = 0; j < columns; ++j) {
    std::memset(static_cast<char*>(a) + static_cast<std::size_t>(j * stride) * value_bytes, 0xFF,
                static_cast<std::size_t>(rows) * value_bytes);
  }
}

template <class T, class Lapack>
int gesvd(Lapack lapack, signed char jobu, signed char jobvt, std::int64_t m, std::int64_t n, void* a, std::int64_t lda,
          void* s, void* u, std::int64_t ldu, void* vt, std::int64_t ldvt) {
  std::vector<T> rest(static_cast<std::size_t>(std::max<std::int64_t>(n, 1)));
  const int info =
      lapack(LAPACK_COL_MAJOR, jobu, jobvt, narrow(m), narrow(n), static_cast<T*>(a), narrow(lda), static_cast<T*>(s),
             static_cast<T*>(u), narrow(ldu), static_cast<T*>(vt), narrow(ldvt), rest.data());
  spoil(a, sizeof(T), m, n, lda);
  return info;
}

}  // namespace

extern "C" {

cusolverStatus_t cusolverDnXsyevd_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             cusolverEigMode_t vectors, cublasFillMode_t uplo, int64_t n,
                                             cudaDataType type, const void*, int64_t lda, cudaDataType type_w,
                                             const void*, cudaDataType computed, size_t* on_device, size_t* on_host) {
  return answer(__func__, handle, syevd_valid(params, vectors, uplo, n, lda, {type, type_w, computed}),
                work_for(2 * n, bytes_of(type)), on_device, on_host);
}

cusolverStatus_t cusolverDnXsyevd(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t vectors,
                                  cublasFillMode_t uplo, int64_t n, cudaDataType type, void* a, int64_t lda,
                                  cudaDataType type_w, void* w, cudaDataType computed, void* device_work,
                                  size_t device_bytes, void* host_work, size_t host_bytes, int* info) {
  const bool valid = syevd_valid(params, vectors, uplo, n, lda, {type, type_w, computed});
  SolverCall call{__func__, handle, valid, {n, lda}, {}, {}, {}, info};
  call.work = {device_work, device_bytes, host_work, host_bytes};
  call.needed = work_for(2 * n, bytes_of(type));
  call.operands = {solver_matrix("a", a, type, n, n, lda, part_of(uplo), Part::kAll),
                   solver_matrix("w", w, type, n, 1, n, Part::kNone, Part::kAll)};
  return enqueue_solver(std::move(call), [=] {
    const char job = vectors == CUSOLVER_EIG_MODE_VECTOR ? 'V' : 'N';
    const char letter = letter_of(uplo);
    const int outcome = type == CUDA_R_32F
                            ? LAPACKE_ssyevd(LAPACK_COL_MAJOR, job, letter, narrow(n), static_cast<float*>(a),
                                             narrow(lda), static_cast<float*>(w))
                            : LAPACKE_dsyevd(LAPACK_COL_MAJOR, job, letter, narrow(n), static_cast<double*>(a),
                                             narrow(lda), static_cast<double*>(w));
    if (job == 'N') spoil(a, bytes_of(type), n, n, lda);
    return outcome;
  });
}

cusolverStatus_t cusolverDnXgesvd_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, signed char jobu,
                                             signed char jobvt, int64_t m, int64_t n, cudaDataType type, const void*,
                                             int64_t lda, cudaDataType type_s, const void*, cudaDataType type_u,
                                             const void*, int64_t ldu, cudaDataType type_vt, const void*, int64_t ldvt,
                                             cudaDataType computed, size_t* on_device, size_t* on_host) {
  const bool valid = gesvd_valid(params, jobu, jobvt, m, n, lda, ldu, ldvt, {type, type_s, type_u, type_vt, computed});
  return answer(__func__, handle, valid, work_for(3 * n, bytes_of(type)), on_device, on_host);
}

cusolverStatus_t cusolverDnXgesvd(cusolverDnHandle_t handle, cusolverDnParams_t params, signed char jobu,
                                  signed char jobvt, int64_t m, int64_t n, cudaDataType type, void* a, int64_t lda,
                                  cudaDataType type_s, void* s, cudaDataType type_u, void* u, int64_t ldu,
                                  cudaDataType type_vt, void* vt, int64_t ldvt, cudaDataType computed,
                                  void* device_work, size_t device_bytes, void* host_work, size_t host_bytes,
                                  int* info) {
  const bool valid = gesvd_valid(params, jobu, jobvt, m, n, lda, ldu, ldvt, {type, type_s, type_u, type_vt, computed});
  SolverCall call{__func__, handle, valid, {m, n, lda, ldu, ldvt}, {}, {}, {}, info};
  call.work = {device_work, device_bytes, host_work, host_bytes};
  call.needed = work_for(3 * n, bytes_of(type));
  const int64_t columns_u = jobu == 'N' ? 0 : jobu == 'S' ? n : m;
  call.operands = {solver_matrix("a", a, type, m, n, lda, Part::kAll, Part::kAll),
                   solver_matrix("s", s, type, n, 1, n, Part::kNone, Part::kAll),
                   solver_matrix("u", u, type, m, columns_u, ldu, Part::kNone, Part::kAll),
                   solver_matrix("vt", vt, type, jobvt == 'N' ? 0 : n, n, ldvt, Part::kNone, Part::kAll)};
  return enqueue_solver(std::move(call), [=] {
    return type == CUDA_R_32F ? gesvd<float>(LAPACKE_sgesvd, jobu, jobvt, m, n, a, lda, s, u, ldu, vt, ldvt)
                              : gesvd<double>(LAPACKE_dgesvd, jobu, jobvt, m, n, a, lda, s, u, ldu, vt, ldvt);
  });
}

}  // extern "C"
