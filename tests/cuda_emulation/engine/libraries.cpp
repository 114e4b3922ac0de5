#include "libraries.h"

#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "state.h"
#include "streams.h"

namespace forja::emulation {

namespace {

template <class Handle>
using Alive = std::vector<std::unique_ptr<Handle>>;

template <class Handle>
Alive<Handle>& all() {
  static Alive<Handle> alive;
  return alive;
}

template <class Handle>
Handle* create() {
  // One thread: the same bits whatever the machine. NaN is a value like any other, as it is on the device.
  openblas_set_num_threads(1);
  LAPACKE_set_nancheck(0);
  all<Handle>().push_back(std::make_unique<Handle>());
  all<Handle>().back()->device = current_device();
  return all<Handle>().back().get();
}

template <class Handle>
bool known(const Handle* handle, const char* call, const char* kind) {
  const bool found = std::any_of(all<Handle>().begin(), all<Handle>().end(),
                                 [handle](const auto& alive) { return alive.get() == handle; });
  if (!found) report("invalid-handle", std::string(call) + ": not a live " + kind);
  return found;
}

template <class Handle>
void erase(const Handle* handle) {
  std::erase_if(all<Handle>(), [handle](const auto& alive) { return alive.get() == handle; });
}

}  // namespace

cublasHandle_t create_cublas() { return create<cublasContext>(); }
cusolverDnHandle_t create_cusolver() { return create<cusolverDnContext>(); }
cusolverDnParams_t create_cusolver_params() { return create<cusolverDnParams>(); }

bool is_alive(cublasHandle_t handle, const char* call) { return known(handle, call, "handle of cuBLAS"); }
bool is_alive(cusolverDnHandle_t handle, const char* call) { return known(handle, call, "handle of cuSOLVER"); }
bool is_alive(cusolverDnParams_t params, const char* call) { return known(params, call, "set of cuSOLVER's options"); }

void destroy(cublasHandle_t handle) { erase(handle); }
void destroy(cusolverDnHandle_t handle) { erase(handle); }
void destroy(cusolverDnParams_t params) { erase(params); }

std::int64_t library_handles_alive() {
  return std::ssize(all<cublasContext>()) + std::ssize(all<cusolverDnContext>()) + std::ssize(all<cusolverDnParams>());
}

void destroy_library_handles() {
  all<cublasContext>().clear();
  all<cusolverDnContext>().clear();
  all<cusolverDnParams>().clear();
}

}  // namespace forja::emulation
