#include "runtime/blas.h"

#include "runtime/check.h"
#include "runtime/device_scope.h"
#include "runtime/library_check.h"

namespace forja::cuda {

namespace {

template <class T>
constexpr bool kIsFloat = std::is_same_v<T, float>;

}  // namespace

std::int64_t blas_workspace_bytes(int device) {
  int major = 0;
  FORJA_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  constexpr int kHopper = 9;
  return std::int64_t{major >= kHopper ? 32 : 4} << 20;
}

BlasHandle::BlasHandle(const Context& context) : workspace_(context, blas_workspace_bytes(context.device())) {
  const DeviceScope scope(context.device());
  FORJA_CUBLAS_CHECK(cublasCreate(&handle_));
  try {
    // The stream first: setting it takes the workspace away.
    FORJA_CUBLAS_CHECK(cublasSetStream(handle_, context.stream()));
    FORJA_CUBLAS_CHECK(cublasSetWorkspace(handle_, workspace_.data(), static_cast<std::size_t>(workspace_.size())));
    FORJA_CUBLAS_CHECK(cublasSetPointerMode(handle_, CUBLAS_POINTER_MODE_HOST));
    FORJA_CUBLAS_CHECK(cublasSetMathMode(handle_, CUBLAS_DEFAULT_MATH));
    FORJA_CUBLAS_CHECK(cublasSetAtomicsMode(handle_, CUBLAS_ATOMICS_NOT_ALLOWED));
  } catch (...) {
    (void)cublasDestroy(handle_);
    throw;
  }
}

BlasHandle::~BlasHandle() {
  (void)cublasDestroy(handle_);
  (void)cudaGetLastError();
}

template <class T>
void gemm(const Context& context, cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m, std::int64_t n,
          std::int64_t k, std::type_identity_t<T> alpha, const T* a, std::int64_t lda, const T* b, std::int64_t ldb,
          std::type_identity_t<T> beta, T* c, std::int64_t ldc) {
  if (m == 0 || n == 0) return;
  const DeviceScope scope(context.device());
  cublasHandle_t const blas = context.blas().get();
  if constexpr (kIsFloat<T>) {
    FORJA_CUBLAS_CHECK(cublasSgemm_64(blas, op_a, op_b, m, n, k, &alpha, a, lda, b, ldb, &beta, c, ldc));
  } else {
    FORJA_CUBLAS_CHECK(cublasDgemm_64(blas, op_a, op_b, m, n, k, &alpha, a, lda, b, ldb, &beta, c, ldc));
  }
}

template <class T>
void gemm_batch(const Context& context, cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m, std::int64_t n,
                std::int64_t k, std::type_identity_t<T> alpha, const T* a, std::int64_t lda, std::int64_t step_a,
                const T* b, std::int64_t ldb, std::int64_t step_b, std::type_identity_t<T> beta, T* c, std::int64_t ldc,
                std::int64_t step_c, std::int64_t count) {
  if (m == 0 || n == 0 || count == 0) return;
  const DeviceScope scope(context.device());
  cublasHandle_t const blas = context.blas().get();
  if constexpr (kIsFloat<T>) {
    FORJA_CUBLAS_CHECK(cublasSgemmStridedBatched_64(blas, op_a, op_b, m, n, k, &alpha, a, lda, step_a, b, ldb, step_b,
                                                    &beta, c, ldc, step_c, count));
  } else {
    FORJA_CUBLAS_CHECK(cublasDgemmStridedBatched_64(blas, op_a, op_b, m, n, k, &alpha, a, lda, step_a, b, ldb, step_b,
                                                    &beta, c, ldc, step_c, count));
  }
}

template <class T>
void gemv(const Context& context, cublasOperation_t op, std::int64_t m, std::int64_t n, std::type_identity_t<T> alpha,
          const T* a, std::int64_t lda, const T* x, std::type_identity_t<T> beta, T* y) {
  // A sum of nothing: cuBLAS returns without scaling y.
  if (m == 0 || n == 0) {
    gemm<T>(context, CUBLAS_OP_N, CUBLAS_OP_N, op == CUBLAS_OP_N ? m : n, 1, 0, alpha, a, op == CUBLAS_OP_N ? m : n, x,
            1, beta, y, op == CUBLAS_OP_N ? m : n);
    return;
  }
  const DeviceScope scope(context.device());
  cublasHandle_t const blas = context.blas().get();
  if constexpr (kIsFloat<T>) {
    FORJA_CUBLAS_CHECK(cublasSgemv_64(blas, op, m, n, &alpha, a, lda, x, 1, &beta, y, 1));
  } else {
    FORJA_CUBLAS_CHECK(cublasDgemv_64(blas, op, m, n, &alpha, a, lda, x, 1, &beta, y, 1));
  }
}

template <class T>
void syrk(const Context& context, cublasFillMode_t uplo, cublasOperation_t op, std::int64_t n, std::int64_t k,
          std::type_identity_t<T> alpha, const T* a, std::int64_t lda, std::type_identity_t<T> beta, T* c,
          std::int64_t ldc) {
  if (n == 0) return;
  const DeviceScope scope(context.device());
  cublasHandle_t const blas = context.blas().get();
  if constexpr (kIsFloat<T>) {
    FORJA_CUBLAS_CHECK(cublasSsyrk_64(blas, uplo, op, n, k, &alpha, a, lda, &beta, c, ldc));
  } else {
    FORJA_CUBLAS_CHECK(cublasDsyrk_64(blas, uplo, op, n, k, &alpha, a, lda, &beta, c, ldc));
  }
}

template <class T>
void trsm(const Context& context, cublasSideMode_t side, cublasFillMode_t uplo, cublasOperation_t op,
          cublasDiagType_t diagonal, std::int64_t m, std::int64_t n, std::type_identity_t<T> alpha, const T* a,
          std::int64_t lda, T* b, std::int64_t ldb) {
  if (m == 0 || n == 0) return;
  const DeviceScope scope(context.device());
  cublasHandle_t const blas = context.blas().get();
  if constexpr (kIsFloat<T>) {
    FORJA_CUBLAS_CHECK(cublasStrsm_64(blas, side, uplo, op, diagonal, m, n, &alpha, a, lda, b, ldb));
  } else {
    FORJA_CUBLAS_CHECK(cublasDtrsm_64(blas, side, uplo, op, diagonal, m, n, &alpha, a, lda, b, ldb));
  }
}

#define FORJA_INSTANTIATE(T)                                                                                          \
  template void gemm<T>(const Context&, cublasOperation_t, cublasOperation_t, std::int64_t, std::int64_t,             \
                        std::int64_t, T, const T*, std::int64_t, const T*, std::int64_t, T, T*, std::int64_t);        \
  template void gemm_batch<T>(const Context&, cublasOperation_t, cublasOperation_t, std::int64_t, std::int64_t,       \
                              std::int64_t, T, const T*, std::int64_t, std::int64_t, const T*, std::int64_t,          \
                              std::int64_t, T, T*, std::int64_t, std::int64_t, std::int64_t);                         \
  template void gemv<T>(const Context&, cublasOperation_t, std::int64_t, std::int64_t, T, const T*, std::int64_t,     \
                        const T*, T, T*);                                                                             \
  template void syrk<T>(const Context&, cublasFillMode_t, cublasOperation_t, std::int64_t, std::int64_t, T, const T*, \
                        std::int64_t, T, T*, std::int64_t);                                                           \
  template void trsm<T>(const Context&, cublasSideMode_t, cublasFillMode_t, cublasOperation_t, cublasDiagType_t,      \
                        std::int64_t, std::int64_t, T, const T*, std::int64_t, T*, std::int64_t);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::cuda
