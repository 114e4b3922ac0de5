#include <algorithm>

#include "tests/seeded_bugs.h"
#include "tests/support.h"

/// Mistakes in the host's code around kernels.
namespace forja::emulation::testing {
namespace {

__global__ void doubled(const float* in, float* out) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = 2 * in[i];
}

void start(cudaStream_t stream, const float* in, float* out) {
  cuda::launch(doubled, dim3(1), dim3(64), 0, stream, in, out);
}

cudaError_t raw_launch(cudaStream_t stream, dim3 grid, dim3 block, std::size_t shared_bytes, const float* in,
                       float* out) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, doubled, in, out);
}

bool pinned_result_read_early() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  cuda::DeviceBuffer<float> out(context, 64);
  cuda::PinnedBuffer<float> result(64);
  start(context.stream(), in.data(), out.data());
  out.download_async(result.data(), 64);
  const bool right = result[5] == 2 * ramp(64)[5];
  context.synchronize();
  return right;
}

bool pinned_source_changed_early() {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> buffer(context, 64);
  cuda::PinnedBuffer<float> staging(64);
  const auto values = ramp(64);
  for (int i = 0; i < 64; ++i) staging[i] = values[static_cast<std::size_t>(i)];
  FORJA_CUDA_CHECK(
      cudaMemcpyAsync(buffer.data(), staging.data(), 64 * sizeof(float), cudaMemcpyHostToDevice, context.stream()));
  for (int i = 0; i < 64; ++i) staging[i] = 0;
  return to_host(buffer) == values;
}

bool event_forgotten_between_streams() {
  const cuda::Context context(0);
  const cuda::Stream other(context);
  const auto in = to_device(context, ramp(64));
  auto middle = to_device(context, std::vector<float>(64, 0));
  auto out = to_device(context, std::vector<float>(64, 0));
  context.synchronize();
  start(other.get(), in.data(), middle.data());
  start(context.stream(), middle.data(), out.data());
  const float got = to_host(out)[5];
  other.synchronize();
  return got == 4 * ramp(64)[5];
}

bool event_recorded_too_early() {
  const cuda::Context context(0);
  const cuda::Stream other(context);
  cuda::Event written(context);
  const auto in = to_device(context, ramp(64));
  auto middle = to_device(context, std::vector<float>(64, 0));
  auto out = to_device(context, std::vector<float>(64, 0));
  context.synchronize();
  written.record(other.get());
  start(other.get(), in.data(), middle.data());
  written.wait(context.stream());
  start(context.stream(), middle.data(), out.data());
  const float got = to_host(out)[5];
  other.synchronize();
  return got == 4 * ramp(64)[5];
}

/// The copy for the next round overwrites what the kernel of this round reads.
bool buffer_refilled_before_it_was_read() {
  const cuda::Context context(0);
  const cuda::Stream copies(context);
  cuda::Event arrived(context);
  cuda::PinnedBuffer<float> first(64);
  cuda::PinnedBuffer<float> second(64);
  std::fill_n(first.data(), 64, 1.0F);
  std::fill_n(second.data(), 64, 2.0F);
  auto piece = to_device(context, ramp(64));
  auto out = to_device(context, std::vector<float>(64, 0));
  context.synchronize();
  const auto copy = [&](const cuda::PinnedBuffer<float>& from) {
    FORJA_CUDA_CHECK(
        cudaMemcpyAsync(piece.data(), from.data(), 64 * sizeof(float), cudaMemcpyHostToDevice, copies.get()));
  };
  copy(first);
  arrived.record(copies.get());
  arrived.wait(context.stream());
  start(context.stream(), piece.data(), out.data());
  copy(second);
  copies.synchronize();
  return to_host(out)[0] == 2.0F;
}

bool pinned_memory_freed_early() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  {
    cuda::PinnedBuffer<float> result(64);
    in.download_async(result.data(), 64);
  }
  context.synchronize();
  return true;
}

bool block_of_2048_threads() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(2048));
  auto out = to_device(context, std::vector<float>(2048, 0));
  (void)raw_launch(context.stream(), dim3(1), dim3(2048), 0, in.data(), out.data());
  return to_host(out)[5] == 2 * ramp(64)[5];
}

bool grid_with_too_many_rows() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  auto out = to_device(context, std::vector<float>(64, 0));
  (void)raw_launch(context.stream(), dim3(1, 70000), dim3(64), 0, in.data(), out.data());
  return to_host(out)[5] == 2 * ramp(64)[5];
}

bool shared_memory_without_asking() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  auto out = to_device(context, std::vector<float>(64, 0));
  (void)raw_launch(context.stream(), dim3(1), dim3(64), 60000, in.data(), out.data());
  return to_host(out)[5] == 2 * ramp(64)[5];
}

__global__ void warp_sums(const float* in, float* out) {
  float value = in[threadIdx.x];
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xFFFFFFFFU, value, step);
  out[threadIdx.x] = value;
}

bool block_of_a_warp_and_a_half() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(48));
  cuda::DeviceBuffer<float> out(context, 48);
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(1);
  config.blockDim = dim3(48);
  config.stream = context.stream();
  FORJA_CUDA_CHECK(cudaLaunchKernelEx(&config, warp_sums, in.data(), out.data()));
  return to_host(out)[0] == sum_of(ramp(32));
}

bool freed_twice() {
  const cuda::Context context(0);
  void* memory = nullptr;
  FORJA_CUDA_CHECK(cudaMallocAsync(&memory, 64, context.stream()));
  (void)cudaFreeAsync(memory, context.stream());
  (void)cudaFreeAsync(memory, context.stream());
  context.synchronize();
  return true;
}

bool freed_in_the_middle() {
  const cuda::Context context(0);
  char* memory = nullptr;
  FORJA_CUDA_CHECK(cudaMallocAsync(reinterpret_cast<void**>(&memory), 64, context.stream()));
  (void)cudaFreeAsync(memory + 16, context.stream());
  (void)cudaFreeAsync(memory, context.stream());
  return true;
}

bool launch_on_the_default_stream() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  auto out = to_device(context, std::vector<float>(64, 0));
  context.synchronize();
  (void)raw_launch(nullptr, dim3(1), dim3(64), 0, in.data(), out.data());
  return to_host(out)[5] == 2 * ramp(64)[5];
}

bool blocking_stream() {
  cudaStream_t stream = nullptr;
  FORJA_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamDefault));
  FORJA_CUDA_CHECK(cudaStreamDestroy(stream));
  return true;
}

bool copy_past_the_end() {
  const cuda::Context context(0);
  const auto values = ramp(64);
  cuda::DeviceBuffer<float> buffer(context, 32);
  (void)cudaMemcpyAsync(buffer.data(), values.data(), 64 * sizeof(float), cudaMemcpyHostToDevice, context.stream());
  return to_host(buffer)[5] == values[5];
}

bool fill_past_the_end() {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> buffer(context, 32);
  (void)cudaMemsetAsync(buffer.data() + 16, 0, 32 * sizeof(float), context.stream());
  return true;
}

bool copy_in_the_wrong_direction() {
  const cuda::Context context(0);
  const auto values = ramp(32);
  cuda::DeviceBuffer<float> buffer(context, 32);
  (void)cudaMemcpyAsync(buffer.data(), values.data(), 32 * sizeof(float), cudaMemcpyDeviceToHost, context.stream());
  return true;
}

bool copy_from_freed_memory() {
  const cuda::Context context(0);
  const float* gone = to_device(context, ramp(32)).data();
  cuda::DeviceBuffer<float> buffer(context, 32);
  (void)cudaMemcpyAsync(buffer.data(), gone, 32 * sizeof(float), cudaMemcpyDeviceToDevice, context.stream());
  context.synchronize();
  return true;
}

/// In lazy streams the memory is still there when the copy is asked for.
bool copy_from_memory_being_freed() {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> buffer(context, 32);
  void* memory = nullptr;
  FORJA_CUDA_CHECK(cudaMallocAsync(&memory, 128, context.stream()));
  (void)cudaFreeAsync(memory, context.stream());
  (void)cudaMemcpyAsync(buffer.data(), memory, 128, cudaMemcpyDeviceToDevice, context.stream());
  context.synchronize();
  return true;
}

bool stream_used_after_its_end() {
  const cuda::Context context(0);
  cudaStream_t stream = nullptr;
  FORJA_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  FORJA_CUDA_CHECK(cudaStreamDestroy(stream));
  (void)cudaStreamSynchronize(stream);
  return true;
}

bool buffer_forgotten() {
  const cuda::Context context(0);
  void* memory = nullptr;
  FORJA_CUDA_CHECK(cudaMallocAsync(&memory, 64, context.stream()));
  return true;
}

bool event_forgotten() {
  cudaEvent_t event = nullptr;
  FORJA_CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  return true;
}

bool wrong_device_current() {
  Config config = emulation::config();
  config.devices = 2;
  reset(config);
  const cuda::Context context(1);
  const auto in = to_device(context, ramp(64));
  auto out = to_device(context, std::vector<float>(64, 0));
  (void)raw_launch(context.stream(), dim3(1), dim3(64), 0, in.data(), out.data());
  return to_host(out)[5] == 2 * ramp(64)[5];
}

bool status_not_checked() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  auto out = to_device(context, std::vector<float>(64, 0));
  (void)raw_launch(context.stream(), dim3(1), dim3(64), 0, in.data(), out.data());
  return to_host(out)[5] == 2 * ramp(64)[5];
}

bool leak_on_the_way_out() {
  const cuda::Context context(0);
  void* first = nullptr;
  void* second = nullptr;
  FORJA_CUDA_CHECK(cudaMallocAsync(&first, 64, context.stream()));
  FORJA_CUDA_CHECK(cudaMallocAsync(&second, 64, context.stream()));
  (void)cudaFreeAsync(first, context.stream());
  (void)cudaFreeAsync(second, context.stream());
  return true;
}

__global__ void asks_the_host(int* out) {
  int count = 0;
  out[threadIdx.x] = static_cast<int>(cudaGetDeviceCount(&count)) + count;
}

bool host_call_in_a_kernel() {
  const cuda::Context context(0);
  cuda::DeviceBuffer<int> out(context, 32);
  cuda::launch(asks_the_host, dim3(1), dim3(32), 0, context.stream(), out.data());
  return to_host(out)[0] == 1;
}

}  // namespace

std::vector<SeededBug> host_bugs() {
  return {
      {"pinned_result_read_early", kOrders, "", pinned_result_read_early},
      {"pinned_result_read_before_waiting", kShadow, "race", pinned_result_read_early},
      {"pinned_source_changed_early", kOrders, "", pinned_source_changed_early},
      {"pinned_source_changed_before_waiting", kShadow, "race", pinned_source_changed_early},
      {"event_forgotten_between_streams", kOrders, "", event_forgotten_between_streams},
      {"streams_without_order", kShadow, "race", event_forgotten_between_streams},
      {"event_recorded_too_early", kShadow, "race", event_recorded_too_early},
      {"buffer_refilled_before_it_was_read", kShadow, "race", buffer_refilled_before_it_was_read},
      {"buffer_refilled_early", kOrders, "", buffer_refilled_before_it_was_read},
      {"pinned_memory_freed_early", kOrders, "use-after-free", pinned_memory_freed_early},
      {"block_of_2048_threads", kOrders | kShadow, "launch-shape", block_of_2048_threads},
      {"grid_with_too_many_rows", kOrders | kShadow, "launch-shape", grid_with_too_many_rows},
      {"shared_memory_without_asking", kOrders | kShadow, "launch-shared", shared_memory_without_asking},
      {"block_of_a_warp_and_a_half", kOrders | kShadow, "kernel-fault", block_of_a_warp_and_a_half},
      {"freed_twice", kOrders | kShadow, "invalid-free", freed_twice},
      {"freed_in_the_middle", kOrders | kShadow, "invalid-free", freed_in_the_middle},
      {"launch_on_the_default_stream", kOrders | kShadow, "default-stream", launch_on_the_default_stream},
      {"blocking_stream", kOrders | kShadow, "blocking-stream", blocking_stream},
      {"copy_past_the_end", kOrders | kShadow, "out-of-bounds", copy_past_the_end},
      {"fill_past_the_end", kOrders | kShadow, "out-of-bounds", fill_past_the_end},
      {"copy_in_the_wrong_direction", kOrders | kShadow, "copy", copy_in_the_wrong_direction},
      {"copy_from_freed_memory", kOrders | kShadow, "copy", copy_from_freed_memory},
      {"copy_from_memory_being_freed", kOrders, "use-after-free", copy_from_memory_being_freed},
      {"stream_used_after_its_end", kOrders | kShadow, "invalid-handle", stream_used_after_its_end},
      {"buffer_forgotten", kOrders, "", buffer_forgotten},
      {"event_forgotten", kOrders, "", event_forgotten},
      {"wrong_device_current", kOrders, "", wrong_device_current},
      {"status_not_checked", kInjection, "", status_not_checked},
      {"leak_on_the_way_out", kInjection, "", leak_on_the_way_out},
      {"host_call_in_a_kernel", kOrders | kShadow, "host-call-in-kernel", host_call_in_a_kernel},
  };
}

}  // namespace forja::emulation::testing
