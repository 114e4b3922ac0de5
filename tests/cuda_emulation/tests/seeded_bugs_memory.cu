#include "tests/seeded_bugs.h"
#include "tests/support.h"

/// Mistakes in what a kernel touches.
namespace forja::emulation::testing {
namespace {

template <class... P, class... A>
void start(const cuda::Context& context, void (*kernel)(P...), unsigned grid, unsigned block, A... arguments) {
  cuda::launch(kernel, dim3(grid), dim3(block), 0, context.stream(), arguments...);
}

__global__ void doubled(const float* in, float* out) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = 2 * in[i];
}

bool tail_not_guarded() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(100));
  cuda::DeviceBuffer<float> out(context, 100);
  start(context, doubled, 2, 64, in.data(), out.data());
  return to_host(out)[99] == 2 * ramp(100)[99];
}

__global__ void reads_one_before(const float* in, float* out) {
  const int i = static_cast<int>(threadIdx.x);
  out[i] = in[i] - in[i - 1];
}

bool reads_before_the_first() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(32));
  cuda::DeviceBuffer<float> out(context, 32);
  start(context, reads_one_before, 1, 32, in.data(), out.data());
  return to_host(out)[5] == 1;
}

__global__ void shared_overrun(float* out) {
  FORJA_SHARED(values, float[32]);
  FORJA_SHARED(others, float[32]);
  const unsigned t = threadIdx.x;
  others[t] = 7;
  __syncthreads();
  values[t + 1] = static_cast<float>(t);
  __syncthreads();
  out[t] = t == 0 ? others[0] : values[t] + others[t];
}

bool shared_array_overrun() {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> out(context, 32);
  start(context, shared_overrun, 1, 32, out.data());
  return to_host(out)[5] == 11;
}

__global__ void dynamic_overrun(const float* in, float* out, int n) {
  FORJA_DYNAMIC_SHARED(float, values);
  for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) values[i] = in[i];
  __syncthreads();
  out[threadIdx.x] = values[n - 1 - static_cast<int>(threadIdx.x)];
}

bool dynamic_shared_too_small() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(96));
  cuda::DeviceBuffer<float> out(context, 32);
  cuda::launch(dynamic_overrun, dim3(1), dim3(32), 32 * sizeof(float), context.stream(), in.data(), out.data(), 96);
  return to_host(out)[0] == ramp(96)[95];
}

__global__ void shared_not_cleared(const float* in, float* out) {
  FORJA_SHARED(counts, int[32]);
  const unsigned t = threadIdx.x;
  __syncthreads();
  atomicAdd(&counts[static_cast<int>(in[t])], 1);
  __syncthreads();
  if (t == 0) out[0] = static_cast<float>(counts[1]);
}

bool shared_counts_start_at_zero() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(256));
  cuda::DeviceBuffer<float> out(context, 1);
  start(context, shared_not_cleared, 1, 256, in.data(), out.data());
  return to_host(out)[0] == 16;
}

__global__ void add_all(const float* in, int n, float* sum) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) atomicAdd(sum, in[i]);
}

bool sum_not_cleared() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(100));
  cuda::DeviceBuffer<float> sum(context, 1);
  start(context, add_all, 2, 64, in.data(), 100, sum.data());
  return to_host(sum)[0] == sum_of(ramp(100));
}

bool host_pointer_in_a_kernel() {
  const cuda::Context context(0);
  const auto in = ramp(64);
  cuda::DeviceBuffer<float> out(context, 64);
  start(context, doubled, 1, 64, in.data(), out.data());
  return to_host(out)[5] == 2 * in[5];
}

bool device_pointer_on_the_host() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  float sum = 0;
  for (int i = 0; i < 64; ++i) sum += in.data()[i];
  return sum == sum_of(ramp(64));
}

bool null_pointer_in_a_kernel() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  start(context, doubled, 1, 64, in.data(), static_cast<float*>(nullptr));
  return true;
}

__global__ void wide_loads(const float* in, double* out) {
  out[threadIdx.x] = reinterpret_cast<const double*>(in + 1)[threadIdx.x];
}

bool misaligned_load() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(66));
  cuda::DeviceBuffer<double> out(context, 32);
  start(context, wide_loads, 1, 32, in.data(), out.data());
  return true;
}

__global__ void misaligned_add(float* values) { atomicAdd(reinterpret_cast<unsigned long long*>(values + 1), 1ULL); }

bool misaligned_atomic() {
  const cuda::Context context(0);
  auto values = to_device(context, ramp(8));
  start(context, misaligned_add, 1, 32, values.data());
  return true;
}

__global__ void local_overrun(const float* in, int k, float* out) {
  float best[4];
  for (int j = 0; j < k; ++j) best[j] = in[j];
  float sum = 0;
  for (int j = 0; j < k; ++j) sum += best[j];
  out[threadIdx.x] = sum;
}

bool local_array_overrun() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(5));
  cuda::DeviceBuffer<float> out(context, 32);
  start(context, local_overrun, 1, 32, in.data(), 5, out.data());
  return to_host(out)[0] == sum_of(ramp(5));
}

__global__ void narrow_index(const float* in, int row, int columns, float* out) {
  const int at = row * columns;
  out[threadIdx.x] = in[static_cast<unsigned>(at) % 64];
}

bool index_overflow() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  cuda::DeviceBuffer<float> out(context, 32);
  start(context, narrow_index, 1, 32, in.data(), 70000, 70000, out.data());
  return true;
}

bool used_after_free() {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> out(context, 64);
  const float* in = to_device(context, ramp(64)).data();
  start(context, doubled, 1, 64, in, out.data());
  return to_host(out)[5] == 2 * ramp(64)[5];
}

bool half_uploaded() {
  const cuda::Context context(0);
  const auto values = ramp(64);
  cuda::DeviceBuffer<float> in(context, 64);
  cuda::DeviceBuffer<float> out(context, 64);
  in.upload(values.data(), 16);
  start(context, doubled, 1, 64, in.data(), out.data());
  float first = 0;
  out.download(&first, 1);
  return first == 2 * values[0];
}

bool result_never_written() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(64));
  cuda::DeviceBuffer<float> out(context, 96);
  start(context, doubled, 1, 64, in.data(), out.data());
  return to_host(out)[5] == 2 * ramp(64)[5];
}

struct Scale {
  const float* factor;
  float* values;
  __device__ void operator()(unsigned i) const { values[i] *= *factor; }
};

template <class F>
__global__ void for_each(F f) {
  f(threadIdx.x);
}

bool functor_with_a_host_pointer() {
  const cuda::Context context(0);
  auto values = to_device(context, ramp(64));
  const std::vector<float> factor = {3};
  start(context, for_each<Scale>, 1, 64, Scale{factor.data(), values.data()});
  return to_host(values)[5] == 3 * ramp(64)[5];
}

struct Row {
  double values[6];
};

__global__ void copy_rows(const Row* in, Row* out) { out[threadIdx.x] = in[threadIdx.x]; }

bool struct_copy_past_the_end() {
  const cuda::Context context(0);
  const auto in = to_device(context, std::vector<Row>(32, Row{{1, 2, 3, 4, 5, 6}}));
  cuda::DeviceBuffer<Row> out(context, 31);
  start(context, copy_rows, 1, 32, in.data(), out.data());
  return to_host(out)[30].values[5] == 6;
}

__global__ void share_a_local(float** shared_pointer, float* out) {
  float mine = static_cast<float>(threadIdx.x);
  if (threadIdx.x == 0) *shared_pointer = &mine;
  __syncthreads();
  out[threadIdx.x] = **shared_pointer + mine;
  __syncthreads();
}

bool pointer_to_another_threads_variable() {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float*> pointer(context, 1);
  cuda::DeviceBuffer<float> out(context, 32);
  start(context, share_a_local, 1, 32, pointer.data(), out.data());
  return to_host(out)[5] == 5;
}

__global__ void much_static_shared(float* out) {
  FORJA_SHARED(values, double[64][128]);
  values[threadIdx.x][0] = 1;
  __syncthreads();
  out[threadIdx.x] = static_cast<float>(values[threadIdx.x][0]);
}

bool too_much_static_shared() {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> out(context, 32);
  start(context, much_static_shared, 1, 32, out.data());
  return to_host(out)[3] == 1;
}

}  // namespace

std::vector<SeededBug> memory_bugs() {
  return {
      {"tail_not_guarded", kShadow | kSanitizers, "out-of-bounds", tail_not_guarded},
      {"reads_before_the_first", kShadow | kSanitizers, "out-of-bounds", reads_before_the_first},
      {"shared_array_overrun", kShadow | kSanitizers, "out-of-bounds", shared_array_overrun},
      {"dynamic_shared_too_small", kShadow | kSanitizers, "out-of-bounds", dynamic_shared_too_small},
      {"shared_not_cleared", kShadow, "uninitialised", shared_counts_start_at_zero},
      {"shared_counts_start_at_zero", kOrders, "", shared_counts_start_at_zero},
      {"sum_not_cleared", kOrders, "", sum_not_cleared},
      {"sum_never_written", kShadow, "uninitialised", sum_not_cleared},
      {"host_pointer_in_a_kernel", kShadow, "host-memory", host_pointer_in_a_kernel},
      {"device_pointer_on_the_host", kShadow, "device-memory-on-host", device_pointer_on_the_host},
      {"null_pointer_in_a_kernel", kSanitizers, "", null_pointer_in_a_kernel},
      {"misaligned_load", kShadow | kSanitizers, "misaligned", misaligned_load},
      {"misaligned_atomic", kOrders | kShadow, "kernel-fault", misaligned_atomic},
      {"local_array_overrun", kSanitizers, "", local_array_overrun},
      {"index_overflow", kSanitizers, "", index_overflow},
      {"used_after_free", kShadow | kSanitizers, "use-after-free", used_after_free},
      {"half_uploaded", kShadow, "uninitialised", half_uploaded},
      {"result_never_written", kShadow, "uninitialised", result_never_written},
      {"functor_with_a_host_pointer", kShadow, "host-memory", functor_with_a_host_pointer},
      {"struct_copy_past_the_end", kShadow | kSanitizers, "out-of-bounds", struct_copy_past_the_end},
      {"pointer_to_another_threads_variable", kShadow, "host-memory", pointer_to_another_threads_variable},
      {"too_much_static_shared", kOrders | kShadow, "shared-size", too_much_static_shared},
  };
}

}  // namespace forja::emulation::testing
