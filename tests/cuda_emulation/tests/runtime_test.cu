#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "forja/error.h"
#include "tests/support.h"

/// cuda/runtime itself: what the CUDA backend's classes promise.
namespace forja::emulation::testing {
namespace {

class Runtime : public LeavesNothing {};

__global__ void count_threads(unsigned* threads) { atomicAdd(threads, 1U); }

__global__ void use_shared(float* out) {
  FORJA_DYNAMIC_SHARED(float, buffer);
  buffer[threadIdx.x] = 1;
  out[threadIdx.x] = buffer[threadIdx.x];
}

TEST_F(Runtime, a_grid_without_blocks_is_no_launch) {
  const cuda::Context context(0);
  auto threads = to_device(context, std::vector<unsigned>{0});
  cuda::launch(count_threads, dim3(0), dim3(32), 0, context.stream(), threads.data());
  cuda::launch(count_threads, dim3(3, 0), dim3(32), 0, context.stream(), threads.data());
  EXPECT_EQ(counts().launches, 0);
  cuda::launch(count_threads, dim3(3), dim3(32, 2), 0, context.stream(), threads.data());
  EXPECT_EQ(to_host(threads)[0], 192U);
}

TEST_F(Runtime, a_launch_refuses_shapes_beyond_the_limits) {
  const cuda::Context context(0);
  auto threads = to_device(context, std::vector<unsigned>{0});
  const auto start = [&](dim3 grid, dim3 block) {
    cuda::launch(count_threads, grid, block, 0, context.stream(), threads.data());
  };
  EXPECT_THROW(start(dim3(1), dim3(48)), InvalidArgument);
  EXPECT_THROW(start(dim3(1), dim3(0)), InvalidArgument);
  EXPECT_THROW(start(dim3(1), dim3(1056)), InvalidArgument);
  EXPECT_THROW(start(dim3(1), dim3(1, 1, 128)), InvalidArgument);
  EXPECT_THROW(start(dim3(1, 65536), dim3(32)), InvalidArgument);
  EXPECT_THROW(start(dim3(1, 1, 65536), dim3(32)), InvalidArgument);
  EXPECT_THROW(start(dim3(2147483648U), dim3(32)), InvalidArgument);
  EXPECT_THROW(start(cuda::blocks(std::int64_t{1} << 31), dim3(32)), InvalidArgument);
  EXPECT_THROW(start(cuda::blocks((std::int64_t{1} << 32) + 1), dim3(32)), InvalidArgument);
  EXPECT_EQ(to_host(threads)[0], 0U);
  try {
    start(dim3(1), dim3(48));
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(),
                 "CUDA launch: a block of 48 x 1 x 1 threads, but it takes whole warps of 32 up to 1024 "
                 "threads");
  }
}

TEST_F(Runtime, a_launch_has_all_the_shared_memory_of_the_device_and_no_more) {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> out(context, 32);
  const std::size_t most = context.shared_memory_optin();
  EXPECT_EQ(most, 65536U);
  cuda::launch(use_shared, dim3(1), dim3(32), most, context.stream(), out.data());
  cuda::launch(use_shared, dim3(1), dim3(32), 50000, context.stream(), out.data());
  EXPECT_THROW(cuda::launch(use_shared, dim3(1), dim3(32), most + 4, context.stream(), out.data()), InvalidArgument);
  EXPECT_EQ(to_host(out)[0], 1.0F);
}

TEST_F(Runtime, the_limit_is_of_all_contexts_of_a_device) {
  const cuda::Context one(0);
  const cuda::Context two(0);
  cuda::set_memory_limit(0, 1000);
  const cuda::DeviceBuffer<char> held(one, 600);
  EXPECT_EQ(cuda::memory(0).in_use, 600);
  EXPECT_EQ(cuda::memory(0).free, 400);
  try {
    const cuda::DeviceBuffer<char> refused(two, 401);
    FAIL() << "more than the limit was given";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.bytes_requested(), 401);
    EXPECT_EQ(error.bytes_free(), 400);
    EXPECT_STREQ(error.what(), "cuda:0: 401 bytes of device memory asked for but 400 are free");
  }
  const cuda::DeviceBuffer<char> smaller(two, 400);
  EXPECT_EQ(cuda::memory(0).free, 0);
  cuda::set_memory_limit(0, 0);
  EXPECT_GT(cuda::memory(0).free, 1000);
}

TEST_F(Runtime, a_device_out_of_memory_serves_the_next_smaller_request) {
  Config config;
  config.device_memory = 10000;
  reset(config);
  const cuda::Context context(0);
  EXPECT_THROW(cuda::DeviceBuffer<char>(context, 10001), OutOfMemory);
  EXPECT_THROW(cuda::DeviceBuffer<double>(context, std::numeric_limits<std::int64_t>::max()), OutOfMemory);
  EXPECT_THROW(cuda::PinnedBuffer<double>{std::numeric_limits<std::int64_t>::max()}, OutOfMemory);
  cuda::DeviceBuffer<char> buffer(context, 10000);
  EXPECT_EQ(cuda::memory(0).total, 10000);
  EXPECT_EQ(cuda::memory(0).free, 0);
  buffer = {};
  context.synchronize();
  EXPECT_EQ(cuda::memory(0).free, 10000);
  EXPECT_EQ(cuda::memory(0).in_use, 0);
}

TEST_F(Runtime, what_another_stream_has_freed_is_found_before_giving_up) {
  Config config;
  config.device_memory = 10000;
  config.lazy_streams = true;
  reset(config);
  const cuda::Context one(0);
  const cuda::Context two(0);
  cuda::DeviceBuffer<char>(one, 6000).fill_bytes(1);
  const cuda::DeviceBuffer<char> next(two, 6000);
  EXPECT_EQ(cuda::memory(0).in_use, 6000);
}

TEST_F(Runtime, buffers_move_and_never_copy) {
  const cuda::Context context(0);
  auto first = to_device(context, std::vector<int>{1, 2, 3});
  const int* data = first.data();
  cuda::DeviceBuffer<int> second(std::move(first));
  EXPECT_EQ(second.data(), data);
  cuda::DeviceBuffer<int> third(context, 100);
  third = std::move(second);
  EXPECT_EQ(third.size(), 3);
  EXPECT_EQ(cuda::memory(0).in_use, 12);
  EXPECT_EQ(to_host(third), (std::vector<int>{1, 2, 3}));
  static_assert(!std::is_copy_constructible_v<cuda::DeviceBuffer<int>>);
  static_assert(!std::is_copy_constructible_v<cuda::PinnedBuffer<int>>);
  cuda::PinnedBuffer<int> pinned(3);
  cuda::PinnedBuffer<int> moved(std::move(pinned));
  third.download(moved.span());
  const cuda::PinnedBuffer<int>& held = moved;
  EXPECT_EQ(held[2], 3);
  EXPECT_EQ(held.data(), moved.data());
}

TEST_F(Runtime, empty_buffers_cost_nothing) {
  const cuda::Context context(0);
  const std::int64_t calls = api_calls();
  cuda::DeviceBuffer<int> none(context, 0);
  cuda::PinnedBuffer<int> nothing(0);
  none.upload(std::span<const int>{});
  none.fill_bytes(0);
  EXPECT_EQ(none.data(), nullptr);
  EXPECT_EQ(nothing.data(), nullptr);
  EXPECT_EQ(api_calls(), calls);
}

TEST_F(Runtime, parts_of_a_buffer_are_copied_and_filled) {
  const cuda::Context context(0);
  auto buffer = to_device(context, std::vector<int>{1, 2, 3, 4, 5});
  buffer.fill_bytes(0, 1, 2);
  const std::vector<int> values = {8, 9};
  buffer.upload(values.data(), 2, 3);
  EXPECT_EQ(to_host(buffer), (std::vector<int>{1, 0, 0, 8, 9}));
  int last = 0;
  buffer.download(&last, 1, 4);
  EXPECT_EQ(last, 9);
}

TEST_F(Runtime, errors_have_the_call_and_its_words) {
  Config config;
  const cuda::Context context(0);
  config.fail_at = 1;
  reset(config);
  try {
    context.synchronize();
    FAIL() << "a failed call went unseen";
  } catch (const DeviceUnavailable& error) {
    EXPECT_STREQ(error.what(), "CUDA: cudaStreamSynchronize(stream_): unknown error (cudaErrorUnknown, 999)");
  }
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
}

TEST_F(Runtime, a_device_that_is_not_there_is_unavailable) {
  EXPECT_THROW(cuda::Context(7), DeviceUnavailable);
  EXPECT_THROW(cuda::device_name(7), DeviceUnavailable);
  EXPECT_THROW(cuda::memory(7), DeviceUnavailable);
  EXPECT_EQ(cuda::device_name(0), "Emulated CUDA device 0");
}

TEST_F(Runtime, devices_are_counted_and_none_is_no_error) {
  Config config;
  for (const int devices : {3, 0}) {
    config.devices = devices;
    reset(config);
    EXPECT_EQ(cuda::device_count(), devices);
    EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
  }
  config.devices = 2;
  config.fail_at = 1;
  reset(config);
  EXPECT_EQ(cuda::device_count(), 0);
}

TEST_F(Runtime, work_on_another_device_leaves_the_callers_device_current) {
  Config config;
  config.devices = 2;
  reset(config);
  const cuda::Context other(1);
  const cuda::Context own(0);
  auto threads = to_device(other, std::vector<unsigned>{0});
  cuda::launch(count_threads, dim3(2), dim3(32), 0, other.stream(), threads.data());
  EXPECT_EQ(to_host(threads)[0], 64U);
  int current = -1;
  ASSERT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(current, 0);
  EXPECT_EQ(cuda::memory(1).in_use, 4);
  EXPECT_EQ(cuda::memory(0).in_use, 0);
}

TEST_F(Runtime, a_pool_whose_making_failed_is_made_by_the_next_request) {
  // A device of its own: the pools of the others are there already.
  constexpr int kDevice = 5;
  Config config;
  config.devices = kDevice + 1;
  int failed = 0;
  for (config.fail_at = 1; failed < config.fail_at; ++config.fail_at) {
    reset(config);
    try {
      EXPECT_GT(cuda::memory(kDevice).free, 0);
      break;
    } catch (const std::exception&) {
      ++failed;
    }
  }
  EXPECT_GT(failed, 5);
  reset();
}

TEST_F(Runtime, an_allocation_that_fails_for_another_reason_is_no_lack_of_memory) {
  const cuda::Context context(0);
  Config config;
  config.fail_at = 1;
  config.fail_with = cudaErrorInvalidDevice;
  reset(config);
  EXPECT_THROW(cuda::DeviceBuffer<char>(context, 10), DeviceUnavailable);
  EXPECT_EQ(cuda::memory(0).in_use, 0);
}

TEST_F(Runtime, a_lack_of_memory_is_told_even_where_nothing_more_is_known) {
  Config config;
  config.fail_at = 1;
  config.fail_times = 2;
  config.fail_with = cudaErrorMemoryAllocation;
  reset(config);
  try {
    const cuda::PinnedBuffer<char> refused(10);
    FAIL() << "a failed call went unseen";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.bytes_requested(), 10);
    EXPECT_EQ(error.bytes_free(), 0);
  }
}

/// Everything that the runtime does, once.
void whole_runtime() {
  const cuda::Context context(0);
  const cuda::Stream copies(context);
  cuda::Event done(context);
  auto threads = to_device(context, std::vector<unsigned>{0});
  cuda::DeviceBuffer<float> out(context, 32);
  cuda::PinnedBuffer<unsigned> result(1);
  cuda::launch(count_threads, dim3(2), dim3(32), 0, context.stream(), threads.data());
  cuda::launch(use_shared, dim3(1), dim3(32), 60000, context.stream(), out.data());
  done.record(context.stream());
  done.wait(copies.get());
  done.synchronize();
  out.fill_bytes(0);
  threads.download_async(result.data(), 1);
  context.synchronize();
  copies.synchronize();
  if (result[0] != 64) throw std::logic_error("wrong result");
  (void)cuda::memory(0);
  (void)cuda::device_name(0);
}

TEST_F(Runtime, every_call_may_fail_and_nothing_leaks) {
  whole_runtime();
  reset();
  whole_runtime();
  const std::int64_t calls = api_calls();
  ASSERT_GT(calls, 30);
  int thrown = 0;
  for (const auto error : {cudaSuccess, cudaErrorMemoryAllocation}) {
    for (std::int64_t n = 1; n <= calls; ++n) {
      SCOPED_TRACE("call " + std::to_string(n));
      Config config;
      config.fail_at = n;
      config.fail_with = static_cast<int>(error);
      reset(config);
      try {
        whole_runtime();
      } catch (const DeviceUnavailable&) {
        ++thrown;
      } catch (const OutOfMemory&) {
        ++thrown;
      }
      EXPECT_EQ(all_reports(), "");
      EXPECT_EQ(live_bytes(), 0);
      EXPECT_EQ(live_handles(), 0);
      EXPECT_EQ(cuda::memory(0).in_use, 0);
    }
  }
  // Only what gives something back may fail without a word.
  EXPECT_GT(thrown, calls);
}

TEST_F(Runtime, the_account_is_right_when_threads_of_the_host_share_a_device) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      const cuda::Context context(0);
      for (int i = 1; i <= 50; ++i) cuda::DeviceBuffer<char>(context, i * 10).fill_bytes(0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cuda::memory(0).in_use, 0);
}

}  // namespace
}  // namespace forja::emulation::testing
