#pragma once

#include <cusolverDn.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// cuSOLVER bound to a context's stream. Context::solver() makes it.
class SolverHandle {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  explicit SolverHandle(const Context& context);
  ~SolverHandle();
  SolverHandle(const SolverHandle&) = delete;
  SolverHandle& operator=(const SolverHandle&) = delete;

  cusolverDnHandle_t get() const { return handle_; }
  cusolverDnParams_t params() const { return params_; }

 private:
  void destroy() noexcept;

  cusolverDnHandle_t handle_ = nullptr;
  cusolverDnParams_t params_ = nullptr;
};

/// Calls of cuSOLVER on device memory, enqueued on the context's stream, whose outcomes finish() reads in one wait. T
/// is float or double. Matrices are column-major as in runtime/blas.h; sizes may be 0. Workspaces come from the
/// context's pool. Every method throws OutOfMemory, DeviceUnavailable.
class Solver {
 public:
  /// calls: how many there will be at most before finish().
  explicit Solver(const Context& context, int calls = 4);
  /// Waits for calls that finish() has not waited for: they use workspaces of the host.
  ~Solver();
  Solver(const Solver&) = delete;
  Solver& operator=(const Solver&) = delete;

  /// The triangle `uplo` of the positive definite a (n x n) becomes its Cholesky factor. Outcome i > 0: the leading
  /// minor of order i is not positive.
  template <class T>
  void potrf(cublasFillMode_t uplo, std::int64_t n, T* a, std::int64_t lda);
  /// Solves a x = b by potrf's factor of a; b (n x columns) becomes x.
  template <class T>
  void potrs(cublasFillMode_t uplo, std::int64_t n, std::int64_t columns, const T* a, std::int64_t lda, T* b,
             std::int64_t ldb);
  /// a (m x n) becomes r, in its upper triangle, and the reflectors below it, with tau (min(m, n)).
  template <class T>
  void geqrf(std::int64_t m, std::int64_t n, T* a, std::int64_t lda, T* tau);
  /// The first n <= m columns of q from the first k <= n reflectors of geqrf. m < 2^31.
  template <class T>
  void orgqr(std::int64_t m, std::int64_t n, std::int64_t k, T* a, std::int64_t lda, const T* tau);
  /// The eigenvalues w, ascending, of the symmetric a (n x n), of which the triangle `uplo` is read; a's columns become
  /// the eigenvectors. Outcome i > 0: i off-diagonal elements did not converge.
  template <class T>
  void syevd(cublasFillMode_t uplo, std::int64_t n, T* a, std::int64_t lda, T* w);
  /// The thin singular value decomposition of a (m x n, m >= n): a = u diag(s) vt with s descending, u m x n, vt n x n.
  /// a is lost. Outcome i > 0: i superdiagonals did not converge.
  template <class T>
  void gesvd(std::int64_t m, std::int64_t n, T* a, std::int64_t lda, T* s, T* u, std::int64_t ldu, T* vt,
             std::int64_t ldvt);

  /// Waits for the calls so far and returns the outcome of each, in order: 0 is success. Synchronises.
  std::vector<int> finish();
  /// finish(), and DeviceUnavailable with the name of the calls where one did not succeed.
  void require_success(const char* calls);

 private:
  struct Workspace {
    DeviceBuffer<std::byte> device;
    std::vector<std::byte> host;
  };
  Workspace& workspace(std::size_t device_bytes, std::size_t host_bytes);
  /// Where the next call writes its outcome; null where it has nothing to do, which is a success.
  int* next_info(bool empty);

  const Context* context_;
  DeviceBuffer<int> infos_;
  std::int64_t calls_ = 0;
  std::vector<Workspace> workspaces_;
};

}  // namespace forja::cuda
