#pragma once

#include <cublas_v2.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// What cuBLAS gets as its workspace, which is ours so that memory limits hold. NVIDIA advises 4 MiB, and 32 MiB from
/// compute capability 9 on.
std::int64_t blas_workspace_bytes(int device);

/// cuBLAS bound to a context's stream: scalars lie on the host, products of float are products of float (no TF32), no
/// atomics. With one stream and a workspace of its own the same call gives the same bits. Context::blas() makes it.
class BlasHandle {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  explicit BlasHandle(const Context& context);
  ~BlasHandle();
  BlasHandle(const BlasHandle&) = delete;
  BlasHandle& operator=(const BlasHandle&) = delete;

  cublasHandle_t get() const { return handle_; }

 private:
  DeviceBuffer<std::byte> workspace_;
  cublasHandle_t handle_ = nullptr;
};

// The products of BLAS on device memory, enqueued on the context's stream; T is float or double. Matrices are
// column-major, element (i, j) at i + j * ld: dense row-major rows (n x d) are the d x n matrix with ld = d. Sizes >=
// 0; where the result is empty nothing happens and no leading dimension is looked at. With beta = 0 the result is only
// written. The result overlaps no operand. Throw OutOfMemory, DeviceUnavailable.

/// c (m x n) = alpha op_a(a) op_b(b) + beta c; the inner size is k.
template <class T>
void gemm(const Context& context, cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m, std::int64_t n,
          std::int64_t k, std::type_identity_t<T> alpha, const T* a, std::int64_t lda, const T* b, std::int64_t ldb,
          std::type_identity_t<T> beta, T* c, std::int64_t ldc);

/// The same for `count` products whose matrices lie step_a, step_b and step_c numbers apart: one launch for all.
template <class T>
void gemm_batch(const Context& context, cublasOperation_t op_a, cublasOperation_t op_b, std::int64_t m, std::int64_t n,
                std::int64_t k, std::type_identity_t<T> alpha, const T* a, std::int64_t lda, std::int64_t step_a,
                const T* b, std::int64_t ldb, std::int64_t step_b, std::type_identity_t<T> beta, T* c, std::int64_t ldc,
                std::int64_t step_c, std::int64_t count);

/// y = alpha op(a) x + beta y for a (m x n); x and y are dense.
template <class T>
void gemv(const Context& context, cublasOperation_t op, std::int64_t m, std::int64_t n, std::type_identity_t<T> alpha,
          const T* a, std::int64_t lda, const T* x, std::type_identity_t<T> beta, T* y);

/// The triangle `uplo` of c (n x n) = alpha a a' + beta c for a (n x k); op = CUBLAS_OP_T: a' a for a (k x n). The
/// other triangle is neither read nor written.
template <class T>
void syrk(const Context& context, cublasFillMode_t uplo, cublasOperation_t op, std::int64_t n, std::int64_t k,
          std::type_identity_t<T> alpha, const T* a, std::int64_t lda, std::type_identity_t<T> beta, T* c,
          std::int64_t ldc);

/// Solves op(a) x = alpha b (side left) or x op(a) = alpha b (right) for the triangular a; b (m x n) becomes x.
template <class T>
void trsm(const Context& context, cublasSideMode_t side, cublasFillMode_t uplo, cublasOperation_t op,
          cublasDiagType_t diagonal, std::int64_t m, std::int64_t n, std::type_identity_t<T> alpha, const T* a,
          std::int64_t lda, T* b, std::int64_t ldb);

}  // namespace forja::cuda
