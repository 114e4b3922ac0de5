#include <gtest/gtest.h>

#include <cstring>

#include "forja/error.h"
#include "tests/support.h"

/// The emulated CUDA calls: what they refuse, when they run, and what tests can set.
namespace forja::emulation::testing {
namespace {

class Api : public ::testing::Test {
 protected:
  void SetUp() override { reset(); }
  void TearDown() override { reset(); }
  static Config lazy() {
    Config config;
    config.lazy_streams = true;
    return config;
  }
};

__global__ void fill(int* out, int value) { out[threadIdx.x] = value; }

TEST_F(Api, lazy_streams_run_when_the_host_waits) {
  reset(lazy());
  const cuda::Context context(0);
  cuda::DeviceBuffer<int> out(context, 32);
  cuda::PinnedBuffer<int> result(32);
  cuda::launch(fill, dim3(1), dim3(32), 0, context.stream(), out.data(), 7);
  out.download_async(result.data(), 32);
  EXPECT_EQ(counts().launches, 0);
  EXPECT_EQ(result[0], -1);
  context.synchronize();
  EXPECT_EQ(counts().launches, 1);
  EXPECT_EQ(result[31], 7);
}

TEST_F(Api, eager_streams_run_at_once) {
  const cuda::Context context(0);
  cuda::DeviceBuffer<int> out(context, 32);
  cuda::launch(fill, dim3(1), dim3(32), 0, context.stream(), out.data(), 7);
  EXPECT_EQ(counts().launches, 1);
  EXPECT_EQ(counts().threads, 32);
}

TEST_F(Api, pageable_sources_may_change_on_return) {
  reset(lazy());
  const cuda::Context context(0);
  std::vector<int> values = {1, 2, 3};
  cuda::DeviceBuffer<int> buffer(context, 3);
  buffer.upload(values.data(), 3);
  values[1] = 9;
  EXPECT_EQ(to_host(buffer), (std::vector<int>{1, 2, 3}));
}

TEST_F(Api, fresh_memory_holds_no_zeros) {
  const cuda::Context context(0);
  const cuda::PinnedBuffer<float> pinned(4);
  EXPECT_TRUE(pinned[0] != pinned[0]);
}

TEST_F(Api, an_event_orders_two_streams) {
  reset(lazy());
  const cuda::Context context(0);
  const cuda::Stream other(context);
  cuda::Event written(context);
  cuda::DeviceBuffer<int> out(context, 32);
  cuda::launch(fill, dim3(1), dim3(32), 0, context.stream(), out.data(), 1);
  written.record(context.stream());
  written.wait(other.get());
  cuda::launch(fill, dim3(1), dim3(32), 0, other.get(), out.data(), 2);
  other.synchronize();
  EXPECT_EQ(counts().launches, 2);
  EXPECT_EQ(to_host(out)[0], 2);
  EXPECT_EQ(all_reports(), "");
}

TEST_F(Api, rows_with_a_pitch_are_copied_both_ways) {
  const cuda::Context context(0);
  const std::vector<float> rows = ramp(12);
  cuda::DeviceBuffer<float> packed(context, 6);
  ASSERT_EQ(cudaMemcpy2DAsync(packed.data(), 2 * sizeof(float), rows.data(), 4 * sizeof(float), 2 * sizeof(float), 3,
                              cudaMemcpyHostToDevice, context.stream()),
            cudaSuccess);
  EXPECT_EQ(to_host(packed), (std::vector<float>{1, 2, 5, 6, 9, 10}));
  std::vector<float> back(9, 0);
  ASSERT_EQ(cudaMemcpy2DAsync(back.data(), 3 * sizeof(float), packed.data(), 2 * sizeof(float), 2 * sizeof(float), 3,
                              cudaMemcpyDeviceToHost, context.stream()),
            cudaSuccess);
  EXPECT_EQ(back, (std::vector<float>{1, 2, 0, 5, 6, 0, 9, 10, 0}));
}

TEST_F(Api, the_nth_call_fails_once) {
  Config config;
  config.fail_at = 2;
  reset(config);
  int count = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorUnknown);
  EXPECT_EQ(cudaGetLastError(), cudaErrorUnknown);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(api_calls(), 3);
}

TEST_F(Api, a_failing_allocation_is_out_of_memory) {
  Config config;
  config.fail_at = 1;
  reset(config);
  void* memory = nullptr;
  EXPECT_EQ(cudaHostAlloc(&memory, 16, cudaHostAllocPortable), cudaErrorMemoryAllocation);
  config.fail_with = static_cast<int>(cudaErrorInvalidValue);
  reset(config);
  EXPECT_EQ(cudaHostAlloc(&memory, 16, cudaHostAllocPortable), cudaErrorInvalidValue);
}

__global__ void trap_in(int thread) {
  if (static_cast<int>(threadIdx.x) == thread) __trap();
}

TEST_F(Api, a_fault_fails_every_later_call_until_reset) {
  const cuda::Context context(0);
  cuda::launch(trap_in, dim3(1), dim3(32), 0, context.stream(), 5);
  EXPECT_EQ(cudaStreamSynchronize(context.stream()), cudaErrorLaunchFailure);
  int device = 0;
  EXPECT_EQ(cudaGetDevice(&device), cudaErrorLaunchFailure);
  EXPECT_TRUE(has_report("kernel-fault"));
  EXPECT_NE(all_reports().find("thread (5,0,0) of block (0,0,0)"), std::string::npos) << all_reports();
  reset();
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
}

__global__ void nothing() {}

TEST_F(Api, a_kernel_after_a_fault_works_again) {
  const cuda::Context context(0);
  cuda::launch(trap_in, dim3(1), dim3(256), 0, context.stream(), 100);
  reset();
  cuda::launch(nothing, dim3(2), dim3(256), 0, context.stream());
  EXPECT_EQ(counts().threads, 512);
  EXPECT_EQ(all_reports(), "");
}

TEST_F(Api, freed_memory_of_a_stream_serves_its_next_request) {
  Config config;
  config.lazy_streams = true;
  config.device_memory = 1000;
  reset(config);
  const cuda::Context context(0);
  for (int i = 0; i < 5; ++i) cuda::DeviceBuffer<char>(context, 800).fill_bytes(0);
  EXPECT_EQ(all_reports(), "");
}

TEST_F(Api, every_device_has_its_own_memory_and_streams) {
  Config config;
  config.devices = 2;
  reset(config);
  EXPECT_EQ(cuda::device_count(), 2);
  const cuda::Context first(0);
  const cuda::Context second(1);
  cuda::DeviceBuffer<int> out(second, 32);
  cuda::launch(fill, dim3(1), dim3(32), 0, second.stream(), out.data(), 3);
  EXPECT_EQ(to_host(out)[5], 3);
  EXPECT_EQ(cuda::memory(0).in_use, 0);
  EXPECT_EQ(cuda::memory(1).in_use, 128);
  int current = -1;
  ASSERT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(current, 0);
  EXPECT_EQ(all_reports(), "");
}

TEST_F(Api, no_device_is_an_error_that_leaves_the_count_alone) {
  Config config;
  config.devices = 0;
  reset(config);
  EXPECT_EQ(cuda::device_count(), 0);
  EXPECT_THROW(cuda::Context(0), DeviceUnavailable);
}

__global__ void keep_busy(const volatile int* never) {
  while (*never == 0) {
  }
}

TEST_F(Api, the_watchdog_ends_a_launch_that_does_not) {
  Config config;
  config.watchdog_seconds = 1;
  reset(config);
  const cuda::Context context(0);
  auto flag = to_device(context, std::vector<int>{0});
  cuda::launch(keep_busy, dim3(1), dim3(32), 0, context.stream(), flag.data());
  EXPECT_TRUE(has_report("watchdog")) << all_reports();
  reset();
  EXPECT_EQ(to_host(flag)[0], 0);
}

}  // namespace
}  // namespace forja::emulation::testing
