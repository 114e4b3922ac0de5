// libforja_cuda as nvcc made it: whole, and harmless on a machine without a GPU.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include "compute/backend.h"

namespace {

using forja::compute::Backend;
using forja::compute::BackendEntry;
using forja::compute::kBackendAbi;
using forja::compute::kBackendEntrySymbol;

BackendEntry entry() {
  // Now: every function that its sources call is there.
  void* library = dlopen(FORJA_CUDA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    ADD_FAILURE() << dlerror();
    return [](std::uint32_t) -> const Backend* { return nullptr; };
  }
  return reinterpret_cast<BackendEntry>(dlsym(library, kBackendEntrySymbol));
}

TEST(CudaLibrary, loads_with_every_symbol_and_hands_out_its_backend) {
  const BackendEntry backend_of = entry();
  ASSERT_NE(backend_of, nullptr);
  const Backend* backend = backend_of(kBackendAbi);
  ASSERT_NE(backend, nullptr);
  EXPECT_EQ(backend->name(), "cuda");
}

TEST(CudaLibrary, counts_its_devices_without_a_driver) {
  const BackendEntry backend_of = entry();
  ASSERT_NE(backend_of, nullptr);
  const Backend* backend = backend_of(kBackendAbi);
  ASSERT_NE(backend, nullptr);
  EXPECT_GE(backend->device_count(), 0);
  if (dlopen("libcuda.so.1", RTLD_LAZY) == nullptr) {
    EXPECT_EQ(backend->device_count(), 0);
  }
}

TEST(CudaLibrary, refuses_a_caller_of_another_abi) {
  const BackendEntry backend_of = entry();
  ASSERT_NE(backend_of, nullptr);
  EXPECT_EQ(backend_of(kBackendAbi + 1), nullptr);
}

}  // namespace
