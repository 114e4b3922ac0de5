// The CUDA backend as the list of backends sees it, in emulation.
#include <gtest/gtest.h>

#include "compute/backend.h"
#include "cuda_emulation/control.h"
#include "forja/error.h"
#include "support/kmeans_data.h"

namespace forja::testing {
namespace {

TEST(CudaBackend, tells_its_name_and_its_devices) {
  const compute::Backend& backend = compute::open_backend(FORJA_EMULATED_BACKEND);
  EXPECT_EQ(backend.name(), "cuda");
  emulation::Config config;
  config.devices = 3;
  emulation::reset(config);
  EXPECT_EQ(backend.device_count(), 3);
  EXPECT_EQ(backend.description(2), "Emulated CUDA device 2");
  EXPECT_EQ(backend.memory(2).total, config.device_memory);
  emulation::reset();
}

TEST(CudaBackend, takes_no_more_memory_than_its_limit) {
  const compute::Backend& backend = compute::open_backend(FORJA_EMULATED_BACKEND);
  const Matrix<float> x = blobs<float>(100, 4, 2, 1.0, 3);
  backend.set_memory_limit(0, 1599);
  try {
    backend.families<float>().upload({0, 0}, x.view());
    FAIL() << "1600 bytes were given";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.bytes_requested(), 1600);
    EXPECT_EQ(error.bytes_free(), 1599);
  }
  backend.set_memory_limit(0, 1600);
  const auto held = backend.families<float>().upload({0, 0}, x.view());
  EXPECT_EQ(backend.memory(0).free, 0);
  backend.set_memory_limit(0, 0);
  EXPECT_GT(backend.memory(0).free, 1600);
}

}  // namespace
}  // namespace forja::testing
