#include <cblas.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>

#include "../engine/libraries.h"
#include "../engine/memory.h"
#include "cublas.h"

/// The products of the emulated cuBLAS, by OpenBLAS. What NVIDIA's documentation calls invalid is refused, whether
/// cuBLAS looks or not.

using namespace forja::emulation;

namespace {

bool valid(cublasOperation_t op) { return op == CUBLAS_OP_N || op == CUBLAS_OP_T || op == CUBLAS_OP_C; }
bool valid(cublasFillMode_t uplo) { return uplo == CUBLAS_FILL_MODE_LOWER || uplo == CUBLAS_FILL_MODE_UPPER; }
bool valid(cublasSideMode_t side) { return side == CUBLAS_SIDE_LEFT || side == CUBLAS_SIDE_RIGHT; }
bool valid(cublasDiagType_t diagonal) { return diagonal == CUBLAS_DIAG_UNIT || diagonal == CUBLAS_DIAG_NON_UNIT; }

CBLAS_TRANSPOSE blas(cublasOperation_t op) { return op == CUBLAS_OP_N ? CblasNoTrans : CblasTrans; }
CBLAS_UPLO blas(cublasFillMode_t uplo) { return uplo == CUBLAS_FILL_MODE_LOWER ? CblasLower : CblasUpper; }
CBLAS_SIDE blas(cublasSideMode_t side) { return side == CUBLAS_SIDE_LEFT ? CblasLeft : CblasRight; }
CBLAS_DIAG blas(cublasDiagType_t diagonal) { return diagonal == CUBLAS_DIAG_UNIT ? CblasUnit : CblasNonUnit; }
Part part(cublasFillMode_t uplo) { return uplo == CUBLAS_FILL_MODE_LOWER ? Part::kLower : Part::kUpper; }

/// A leading dimension that reaches over so many rows.
bool reaches(std::int64_t stride, std::int64_t rows) { return stride >= std::max<std::int64_t>(rows, 1); }

bool on_host(const char* call, const void* scalar) {
  if (scalar == nullptr) return false;
  const Allocation* found = allocations().find(scalar);
  if (found == nullptr || found->pinned) return true;
  report("library-call", std::string(call) + ": a scalar lies on the device, but the pointer mode is host");
  return false;
}

template <class T>
Operand matrix(const char* name, const T* data, std::int64_t rows, std::int64_t columns, std::int64_t stride,
               Part reads, Part writes) {
  return {name, data, sizeof(T), rows, columns, stride, reads, writes};
}

/// `size` values, `stride` apart.
template <class T>
Operand vector(const char* name, const T* data, std::int64_t size, std::int64_t stride, Part reads, Part writes) {
  return {name, data, sizeof(T), 1, size, std::abs(stride), reads, writes};
}

/// A scalar of 0 means that an operand is not looked at.
template <class T>
Part unless_zero(T scalar, Part part = Part::kAll) {
  return scalar != 0 ? part : Part::kNone;
}

/// Everything that all products share. parameters_valid: of the numbers and scalars.
cublasStatus_t enqueue_product(const char* call, cublasHandle_t handle, bool parameters_valid,
                               std::initializer_list<std::int64_t> sizes, std::vector<Operand> operands,
                               std::function<void()> compute) {
  if (!is_alive(handle, call)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!parameters_valid) return CUBLAS_STATUS_INVALID_VALUE;
  if (!sizes_fit(call, sizes)) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (check_stream(handle->stream, call) != cudaSuccess) return CUBLAS_STATUS_EXECUTION_FAILED;
  if (handle->device != current_device()) {
    report("library-call", std::string(call) + ": another device is current than when the handle was made");
    return CUBLAS_STATUS_EXECUTION_FAILED;
  }
  if (handle->workspace == nullptr) {
    report("library-call", std::string(call) + ": without a workspace cuBLAS takes memory outside the pool");
  } else {
    // Calls on two streams that share it are a race.
    constexpr std::size_t kTouched = 256;
    const auto bytes = static_cast<std::int64_t>(std::min(handle->workspace_bytes, kTouched));
    operands.push_back(
        matrix("the workspace", static_cast<char*>(handle->workspace), bytes, 1, bytes, Part::kNone, Part::kAll));
  }
  for (const Operand& operand : operands) {
    if (operand.data == nullptr && !is_empty(operand)) return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (!operands_valid(call, handle->device, operands)) return CUBLAS_STATUS_EXECUTION_FAILED;
  enqueue_library_call(call, handle->stream, std::move(operands), std::move(compute));
  return CUBLAS_STATUS_SUCCESS;
}

template <class T, class Blas>
cublasStatus_t gemm(const char* call, Blas compute, cublasHandle_t handle, cublasOperation_t op_a,
                    cublasOperation_t op_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* alpha, const T* a,
                    std::int64_t lda, const T* b, std::int64_t ldb, const T* beta, T* c, std::int64_t ldc) {
  const ApiCall api(call);
  if (api.refused()) return status_of(api.refusal());
  const std::int64_t rows_a = op_a == CUBLAS_OP_N ? m : k;
  const std::int64_t rows_b = op_b == CUBLAS_OP_N ? k : n;
  const bool good = valid(op_a) && valid(op_b) && std::min({m, n, k}) >= 0 && reaches(lda, rows_a) &&
                    reaches(ldb, rows_b) && reaches(ldc, m) && on_host(call, alpha) && on_host(call, beta);
  const T scale = good ? *alpha : T{};
  const T keep = good ? *beta : T{};
  const Part reads = m > 0 && n > 0 ? unless_zero(scale) : Part::kNone;
  return enqueue_product(call, handle, good, {m, n, k, lda, ldb, ldc},
                         {matrix("a", a, rows_a, m + k - rows_a, lda, reads, Part::kNone),
                          matrix("b", b, rows_b, k + n - rows_b, ldb, reads, Part::kNone),
                          matrix("c", c, m, n, ldc, unless_zero(keep), Part::kAll)},
                         [=] {
                           // OpenBLAS multiplies small matrices by a zero, which does not hide their NaNs.
                           const int inner = scale != 0 ? narrow(k) : 0;
                           compute(CblasColMajor, blas(op_a), blas(op_b), narrow(m), narrow(n), inner, scale, a,
                                   narrow(lda), b, narrow(ldb), keep, c, narrow(ldc));
                         });
}

template <class T, class Blas>
cublasStatus_t gemm_batch(const char* call, Blas compute, cublasHandle_t handle, cublasOperation_t op_a,
                          cublasOperation_t op_b, std::int64_t m, std::int64_t n, std::int64_t k, const T* alpha,
                          const T* a, std::int64_t lda, std::int64_t step_a, const T* b, std::int64_t ldb,
                          std::int64_t step_b, const T* beta, T* c, std::int64_t ldc, std::int64_t step_c,
                          std::int64_t count) {
  const ApiCall api(call);
  if (api.refused()) return status_of(api.refusal());
  const std::int64_t rows_a = op_a == CUBLAS_OP_N ? m : k;
  const std::int64_t rows_b = op_b == CUBLAS_OP_N ? k : n;
  // Results that overlap depend on the order of the products.
  const bool apart = count < 2 || step_c >= ldc * (n - 1) + m;
  const bool good = valid(op_a) && valid(op_b) && std::min({m, n, k, step_a, step_b, step_c, count}) >= 0 && apart &&
                    reaches(lda, rows_a) && reaches(ldb, rows_b) && reaches(ldc, m) && on_host(call, alpha) &&
                    on_host(call, beta);
  const T scale = good ? *alpha : T{};
  const T keep = good ? *beta : T{};
  const Part reads = m > 0 && n > 0 ? unless_zero(scale) : Part::kNone;
  std::vector<Operand> operands;
  for (std::int64_t i = 0; good && i < count; ++i) {
    operands.push_back(matrix("a", a + i * step_a, rows_a, m + k - rows_a, lda, reads, Part::kNone));
    operands.push_back(matrix("b", b + i * step_b, rows_b, k + n - rows_b, ldb, reads, Part::kNone));
    operands.push_back(matrix("c", c + i * step_c, m, n, ldc, unless_zero(keep), Part::kAll));
  }
  return enqueue_product(call, handle, good, {m, n, k, lda, ldb, ldc}, std::move(operands), [=] {
    for (std::int64_t i = 0; i < count; ++i) {
      compute(CblasColMajor, blas(op_a), blas(op_b), narrow(m), narrow(n), narrow(k), scale, a + i * step_a,
              narrow(lda), b + i * step_b, narrow(ldb), keep, c + i * step_c, narrow(ldc));
    }
  });
}

template <class T, class Blas>
cublasStatus_t gemv(const char* call, Blas compute, cublasHandle_t handle, cublasOperation_t op, std::int64_t m,
                    std::int64_t n, const T* alpha, const T* a, std::int64_t lda, const T* x, std::int64_t incx,
                    const T* beta, T* y, std::int64_t incy) {
  const ApiCall api(call);
  if (api.refused()) return status_of(api.refusal());
  const bool good = valid(op) && std::min(m, n) >= 0 && reaches(lda, m) && incx != 0 && incy != 0 &&
                    on_host(call, alpha) && on_host(call, beta);
  const T scale = good ? *alpha : T{};
  const T keep = good ? *beta : T{};
  // As BLAS does it: nothing happens where a is empty.
  const bool nothing = m == 0 || n == 0;
  const Part reads = nothing ? Part::kNone : unless_zero(scale);
  const std::int64_t size_x = op == CUBLAS_OP_N ? n : m;
  const std::int64_t size_y = nothing ? 0 : m + n - size_x;
  return enqueue_product(
      call, handle, good, {m, n, lda, std::abs(incx), std::abs(incy)},
      {matrix("a", a, m, n, lda, reads, Part::kNone), vector("x", x, size_x, incx, reads, Part::kNone),
       vector("y", y, size_y, incy, unless_zero(keep), Part::kAll)},
      [=] {
        compute(CblasColMajor, blas(op), narrow(m), narrow(n), scale, a, narrow(lda), x, narrow(incx), keep, y,
                narrow(incy));
      });
}

template <class T, class Blas>
cublasStatus_t syrk(const char* call, Blas compute, cublasHandle_t handle, cublasFillMode_t uplo, cublasOperation_t op,
                    std::int64_t n, std::int64_t k, const T* alpha, const T* a, std::int64_t lda, const T* beta, T* c,
                    std::int64_t ldc) {
  const ApiCall api(call);
  if (api.refused()) return status_of(api.refusal());
  const std::int64_t rows_a = op == CUBLAS_OP_N ? n : k;
  const bool good = valid(uplo) && valid(op) && std::min(n, k) >= 0 && reaches(lda, rows_a) && reaches(ldc, n) &&
                    on_host(call, alpha) && on_host(call, beta);
  const T scale = good ? *alpha : T{};
  const T keep = good ? *beta : T{};
  const Part reads = n > 0 ? unless_zero(scale) : Part::kNone;
  return enqueue_product(call, handle, good, {n, k, lda, ldc},
                         {matrix("a", a, rows_a, n + k - rows_a, lda, reads, Part::kNone),
                          matrix("c", c, n, n, ldc, unless_zero(keep, part(uplo)), part(uplo))},
                         [=] {
                           compute(CblasColMajor, blas(uplo), blas(op), narrow(n), narrow(k), scale, a, narrow(lda),
                                   keep, c, narrow(ldc));
                         });
}

template <class T, class Blas>
cublasStatus_t trsm(const char* call, Blas compute, cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo,
                    cublasOperation_t op, cublasDiagType_t diagonal, std::int64_t m, std::int64_t n, const T* alpha,
                    const T* a, std::int64_t lda, T* b, std::int64_t ldb) {
  const ApiCall api(call);
  if (api.refused()) return status_of(api.refusal());
  const std::int64_t rows_a = side == CUBLAS_SIDE_LEFT ? m : n;
  const bool good = valid(side) && valid(uplo) && valid(op) && valid(diagonal) && std::min(m, n) >= 0 &&
                    reaches(lda, rows_a) && reaches(ldb, m) && on_host(call, alpha);
  const T scale = good ? *alpha : T{};
  const Part reads = m > 0 && n > 0 ? unless_zero(scale, part(uplo)) : Part::kNone;
  return enqueue_product(call, handle, good, {m, n, lda, ldb},
                         {matrix("a", a, rows_a, rows_a, lda, reads, Part::kNone),
                          matrix("b", b, m, n, ldb, unless_zero(scale), Part::kAll)},
                         [=] {
                           compute(CblasColMajor, blas(side), blas(uplo), blas(op), blas(diagonal), narrow(m),
                                   narrow(n), scale, a, narrow(lda), b, narrow(ldb));
                         });
}

}  // namespace

#define FORJA_PRODUCTS(T, LETTER, letter)                                                                             \
  cublasStatus_t cublas##LETTER##gemm_v2_64(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,    \
                                            int64_t m, int64_t n, int64_t k, const T* alpha, const T* a, int64_t lda, \
                                            const T* b, int64_t ldb, const T* beta, T* c, int64_t ldc) {              \
    return gemm(__func__, cblas_##letter##gemm, handle, op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);    \
  }                                                                                                                   \
  cublasStatus_t cublas##LETTER##gemmStridedBatched_64(                                                               \
      cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int64_t m, int64_t n, int64_t k,         \
      const T* alpha, const T* a, int64_t lda, long long int step_a, const T* b, int64_t ldb, long long int step_b,   \
      const T* beta, T* c, int64_t ldc, long long int step_c, int64_t count) {                                        \
    return gemm_batch(__func__, cblas_##letter##gemm, handle, op_a, op_b, m, n, k, alpha, a, lda, step_a, b, ldb,     \
                      step_b, beta, c, ldc, step_c, count);                                                           \
  }                                                                                                                   \
  cublasStatus_t cublas##LETTER##gemv_v2_64(cublasHandle_t handle, cublasOperation_t op, int64_t m, int64_t n,        \
                                            const T* alpha, const T* a, int64_t lda, const T* x, int64_t incx,        \
                                            const T* beta, T* y, int64_t incy) {                                      \
    return gemv(__func__, cblas_##letter##gemv, handle, op, m, n, alpha, a, lda, x, incx, beta, y, incy);             \
  }                                                                                                                   \
  cublasStatus_t cublas##LETTER##syrk_v2_64(cublasHandle_t handle, cublasFillMode_t uplo, cublasOperation_t op,       \
                                            int64_t n, int64_t k, const T* alpha, const T* a, int64_t lda,            \
                                            const T* beta, T* c, int64_t ldc) {                                       \
    return syrk(__func__, cblas_##letter##syrk, handle, uplo, op, n, k, alpha, a, lda, beta, c, ldc);                 \
  }                                                                                                                   \
  cublasStatus_t cublas##LETTER##trsm_v2_64(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo,      \
                                            cublasOperation_t op, cublasDiagType_t diagonal, int64_t m, int64_t n,    \
                                            const T* alpha, const T* a, int64_t lda, T* b, int64_t ldb) {             \
    return trsm(__func__, cblas_##letter##trsm, handle, side, uplo, op, diagonal, m, n, alpha, a, lda, b, ldb);       \
  }

extern "C" {
FORJA_PRODUCTS(float, S, s)
FORJA_PRODUCTS(double, D, d)
}  // extern "C"
