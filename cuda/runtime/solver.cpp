#include "runtime/solver.h"

#include <limits>
#include <string>
#include <type_traits>

#include "forja/error.h"
#include "runtime/check.h"
#include "runtime/device_scope.h"
#include "runtime/library_check.h"

namespace forja::cuda {

namespace {

template <class T>
constexpr cudaDataType kType = std::is_same_v<T, float> ? CUDA_R_32F : CUDA_R_64F;

/// What cuSOLVER's older calls count with.
int narrow(std::int64_t size) {
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  if (size > kMost) {
    throw InvalidArgument("CUDA: " + std::to_string(size) + " rows in a call of cuSOLVER that takes " +
                          std::to_string(kMost) + " at most");
  }
  return static_cast<int>(size);
}

}  // namespace

SolverHandle::SolverHandle(const Context& context) {
  const DeviceScope scope(context.device());
  try {
    FORJA_CUSOLVER_CHECK(cusolverDnCreate(&handle_));
    FORJA_CUSOLVER_CHECK(cusolverDnSetStream(handle_, context.stream()));
    FORJA_CUSOLVER_CHECK(cusolverDnCreateParams(&params_));
  } catch (...) {
    destroy();
    throw;
  }
}

SolverHandle::~SolverHandle() { destroy(); }

void SolverHandle::destroy() noexcept {
  if (params_ != nullptr) (void)cusolverDnDestroyParams(params_);
  if (handle_ != nullptr) (void)cusolverDnDestroy(handle_);
  (void)cudaGetLastError();
}

Solver::Solver(const Context& context, int calls) : context_(&context), infos_(context, calls) {}

Solver::~Solver() {
  if (calls_ == 0) return;
  if (cudaStreamSynchronize(context_->stream()) != cudaSuccess) (void)cudaGetLastError();
}

int* Solver::next_info(bool empty) {
  if (calls_ == infos_.size()) {
    throw InvalidArgument("CUDA: more than the " + std::to_string(calls_) + " calls that a Solver was made for");
  }
  int* const info = infos_.data() + calls_++;
  if (!empty) return info;
  infos_.fill_bytes(0, calls_ - 1, 1);
  return nullptr;
}

Solver::Workspace& Solver::workspace(std::size_t device_bytes, std::size_t host_bytes) {
  workspaces_.push_back({DeviceBuffer<std::byte>(*context_, static_cast<std::int64_t>(device_bytes)),
                         std::vector<std::byte>(host_bytes)});
  return workspaces_.back();
}

std::vector<int> Solver::finish() {
  std::vector<int> outcomes(static_cast<std::size_t>(calls_));
  infos_.download(outcomes.data(), calls_);
  calls_ = 0;
  workspaces_.clear();
  return outcomes;
}

void Solver::require_success(const char* calls) {
  for (const int outcome : finish()) {
    if (outcome == 0) continue;
    throw DeviceUnavailable(std::string("CUDA: cuSOLVER's ") + calls + ": outcome " + std::to_string(outcome));
  }
}

template <class T>
void Solver::potrf(cublasFillMode_t uplo, std::int64_t n, T* a, std::int64_t lda) {
  const DeviceScope scope(context_->device());
  const SolverHandle& solver = context_->solver();
  int* const info = next_info(n == 0);
  if (info == nullptr) return;
  std::size_t on_device = 0;
  std::size_t on_host = 0;
  FORJA_CUSOLVER_CHECK(cusolverDnXpotrf_bufferSize(solver.get(), solver.params(), uplo, n, kType<T>, a, lda, kType<T>,
                                                   &on_device, &on_host));
  Workspace& work = workspace(on_device, on_host);
  FORJA_CUSOLVER_CHECK(cusolverDnXpotrf(solver.get(), solver.params(), uplo, n, kType<T>, a, lda, kType<T>,
                                        work.device.data(), on_device, work.host.data(), on_host, info));
}

template <class T>
void Solver::potrs(cublasFillMode_t uplo, std::int64_t n, std::int64_t columns, const T* a, std::int64_t lda, T* b,
                   std::int64_t ldb) {
  const DeviceScope scope(context_->device());
  const SolverHandle& solver = context_->solver();
  int* const info = next_info(n == 0 || columns == 0);
  if (info == nullptr) return;
  FORJA_CUSOLVER_CHECK(
      cusolverDnXpotrs(solver.get(), solver.params(), uplo, n, columns, kType<T>, a, lda, kType<T>, b, ldb, info));
}

template <class T>
void Solver::geqrf(std::int64_t m, std::int64_t n, T* a, std::int64_t lda, T* tau) {
  const DeviceScope scope(context_->device());
  const SolverHandle& solver = context_->solver();
  int* const info = next_info(m == 0 || n == 0);
  if (info == nullptr) return;
  std::size_t on_device = 0;
  std::size_t on_host = 0;
  FORJA_CUSOLVER_CHECK(cusolverDnXgeqrf_bufferSize(solver.get(), solver.params(), m, n, kType<T>, a, lda, kType<T>, tau,
                                                   kType<T>, &on_device, &on_host));
  Workspace& work = workspace(on_device, on_host);
  FORJA_CUSOLVER_CHECK(cusolverDnXgeqrf(solver.get(), solver.params(), m, n, kType<T>, a, lda, kType<T>, tau, kType<T>,
                                        work.device.data(), on_device, work.host.data(), on_host, info));
}

template <class T>
void Solver::orgqr(std::int64_t m, std::int64_t n, std::int64_t k, T* a, std::int64_t lda, const T* tau) {
  const DeviceScope scope(context_->device());
  cusolverDnHandle_t const solver = context_->solver().get();
  const int rows = narrow(m);
  const int columns = narrow(n);
  const int reflectors = narrow(k);
  const int stride = narrow(lda);
  int* const info = next_info(m == 0 || n == 0);
  if (info == nullptr) return;
  int values = 0;
  if constexpr (std::is_same_v<T, float>) {
    FORJA_CUSOLVER_CHECK(cusolverDnSorgqr_bufferSize(solver, rows, columns, reflectors, a, stride, tau, &values));
  } else {
    FORJA_CUSOLVER_CHECK(cusolverDnDorgqr_bufferSize(solver, rows, columns, reflectors, a, stride, tau, &values));
  }
  T* const work = reinterpret_cast<T*>(workspace(static_cast<std::size_t>(values) * sizeof(T), 0).device.data());
  if constexpr (std::is_same_v<T, float>) {
    FORJA_CUSOLVER_CHECK(cusolverDnSorgqr(solver, rows, columns, reflectors, a, stride, tau, work, values, info));
  } else {
    FORJA_CUSOLVER_CHECK(cusolverDnDorgqr(solver, rows, columns, reflectors, a, stride, tau, work, values, info));
  }
}

template <class T>
void Solver::syevd(cublasFillMode_t uplo, std::int64_t n, T* a, std::int64_t lda, T* w) {
  const DeviceScope scope(context_->device());
  const SolverHandle& solver = context_->solver();
  int* const info = next_info(n == 0);
  if (info == nullptr) return;
  std::size_t on_device = 0;
  std::size_t on_host = 0;
  FORJA_CUSOLVER_CHECK(cusolverDnXsyevd_bufferSize(solver.get(), solver.params(), CUSOLVER_EIG_MODE_VECTOR, uplo, n,
                                                   kType<T>, a, lda, kType<T>, w, kType<T>, &on_device, &on_host));
  Workspace& work = workspace(on_device, on_host);
  FORJA_CUSOLVER_CHECK(cusolverDnXsyevd(solver.get(), solver.params(), CUSOLVER_EIG_MODE_VECTOR, uplo, n, kType<T>, a,
                                        lda, kType<T>, w, kType<T>, work.device.data(), on_device, work.host.data(),
                                        on_host, info));
}

template <class T>
void Solver::gesvd(std::int64_t m, std::int64_t n, T* a, std::int64_t lda, T* s, T* u, std::int64_t ldu, T* vt,
                   std::int64_t ldvt) {
  const DeviceScope scope(context_->device());
  const SolverHandle& solver = context_->solver();
  int* const info = next_info(n == 0);
  if (info == nullptr) return;
  constexpr signed char kThin = 'S';
  std::size_t on_device = 0;
  std::size_t on_host = 0;
  FORJA_CUSOLVER_CHECK(cusolverDnXgesvd_bufferSize(solver.get(), solver.params(), kThin, kThin, m, n, kType<T>, a, lda,
                                                   kType<T>, s, kType<T>, u, ldu, kType<T>, vt, ldvt, kType<T>,
                                                   &on_device, &on_host));
  Workspace& work = workspace(on_device, on_host);
  FORJA_CUSOLVER_CHECK(cusolverDnXgesvd(solver.get(), solver.params(), kThin, kThin, m, n, kType<T>, a, lda, kType<T>,
                                        s, kType<T>, u, ldu, kType<T>, vt, ldvt, kType<T>, work.device.data(),
                                        on_device, work.host.data(), on_host, info));
}

#define FORJA_INSTANTIATE(T)                                                                               \
  template void Solver::potrf<T>(cublasFillMode_t, std::int64_t, T*, std::int64_t);                        \
  template void Solver::potrs<T>(cublasFillMode_t, std::int64_t, std::int64_t, const T*, std::int64_t, T*, \
                                 std::int64_t);                                                            \
  template void Solver::geqrf<T>(std::int64_t, std::int64_t, T*, std::int64_t, T*);                        \
  template void Solver::orgqr<T>(std::int64_t, std::int64_t, std::int64_t, T*, std::int64_t, const T*);    \
  template void Solver::syevd<T>(cublasFillMode_t, std::int64_t, T*, std::int64_t, T*);                    \
  template void Solver::gesvd<T>(std::int64_t, std::int64_t, T*, std::int64_t, T*, T*, std::int64_t, T*, std::int64_t);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::cuda
