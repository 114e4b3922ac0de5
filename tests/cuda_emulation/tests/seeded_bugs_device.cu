#include "tests/seeded_bugs.h"
#include "tests/support.h"

/// Mistakes in how the threads of a kernel meet.
namespace forja::emulation::testing {
namespace {

constexpr unsigned kAll = 0xFFFFFFFFU;

template <class... P, class... A>
void start(const cuda::Context& context, void (*kernel)(P...), unsigned grid, unsigned block, A... arguments) {
  cuda::launch(kernel, dim3(grid), dim3(block), 0, context.stream(), arguments...);
}

/// Runs a kernel (in, out) over n values; true when out[0] is as expected.
bool first_is(void (*kernel)(const float*, float*), std::int64_t n, unsigned grid, unsigned block, float expected) {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(n));
  auto out = to_device(context, std::vector<float>(static_cast<std::size_t>(n), 0));
  start(context, kernel, grid, block, in.data(), out.data());
  return to_host(out)[0] == expected;
}

__global__ void tree_sum_without_barrier(const float* in, float* out) {
  FORJA_SHARED(values, float[256]);
  const unsigned t = threadIdx.x;
  values[t] = in[t];
  __syncthreads();
  for (unsigned half = 128; half > 0; half /= 2) {
    if (t < half) values[t] += values[t + half];
  }
  if (t == 0) out[0] = values[0];
}

__global__ void warp_sum_without_syncwarp(const float* in, float* out) {
  FORJA_SHARED(values, float[32]);
  const unsigned t = threadIdx.x;
  values[t] = in[t];
  for (unsigned half = 16; half > 0; half /= 2) {
    if (t < half) values[t] += values[t + half];
    __syncwarp();
  }
  if (t == 0) out[0] = values[0];
}

__global__ void barrier_in_branch(const float* in, float* out) {
  FORJA_SHARED(values, float[64]);
  const unsigned t = threadIdx.x;
  values[t] = in[t];
  if (t < 40) {
    __syncthreads();
    out[t] = values[63 - t];
  }
}

__global__ void barriers_on_two_lines(const float* in, float* out) {
  FORJA_SHARED(values, float[64]);
  const unsigned t = threadIdx.x;
  values[t] = in[t];
  if (t < 32) {  // NOLINT(bugprone-branch-clone): the bug
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[t] = values[63 - t];
}

__global__ void return_before_barrier(const float* in, float* out) {
  FORJA_SHARED(values, float[64]);
  const unsigned t = threadIdx.x;
  if (t >= 50) return;
  values[t] = in[t];
  __syncthreads();
  out[t] = values[49 - t];
}

__global__ void full_mask_in_branch(const float* in, float* out) {
  const unsigned t = threadIdx.x;
  float value = in[t];
  if (t < 16) {
    for (unsigned step = 8; step > 0; step /= 2) value += __shfl_down_sync(kAll, value, step);
  }
  if (t == 0) out[0] = value;
}

__global__ void lanes_return_before_ballot(const float* in, float* out) {
  const unsigned t = threadIdx.x;
  if (t >= 20) return;
  const unsigned votes = __ballot_sync(kAll, in[t] > 0);
  if (t == 0) out[0] = static_cast<float>(__popc(votes));
}

__global__ void shuffles_in_an_uneven_loop(const float* in, float* out) {
  float sum = 0;
  for (unsigned i = threadIdx.x; i < 80; i += 32) {
    float value = in[i];
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(kAll, value, step);
    sum += value;
  }
  if (threadIdx.x == 0) out[0] = sum;
}

__global__ void caller_outside_its_mask(const float* in, float* out) {
  const unsigned t = threadIdx.x;
  const unsigned votes = __ballot_sync(0xFFFFU, in[t] > 0);
  if (t == 0) out[0] = static_cast<float>(__popc(votes));
}

__global__ void shuffle_from_a_lane_that_is_not_there(const float* in, float* out) {
  const unsigned t = threadIdx.x;
  if (t < 16) {
    const float value = __shfl_sync(0xFFFFU, in[t], 20);
    if (t == 0) out[0] = value;
  }
  __syncwarp();
}

__global__ void two_collectives_for_one(const float* in, float* out) {
  const unsigned t = threadIdx.x;
  float value = in[t];
  if (t % 2 == 0) {  // NOLINT(bugprone-branch-clone): the bug
    value = __shfl_xor_sync(kAll, value, 1);
  } else {
    value = __shfl_xor_sync(kAll, value, 1);
  }
  if (t == 0) out[0] = value;
}

__global__ void buffer_reused_without_barrier(const float* in, float* out) {
  FORJA_SHARED(partial, float[4]);
  const unsigned t = threadIdx.x;
  float result = 0;
  for (unsigned round = 0; round < 3; ++round) {
    float value = in[round * 128 + t];
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(kAll, value, step);
    if (t % 32 == 0) partial[t / 32] = value;
    __syncthreads();
    result += partial[0] + partial[1] + partial[2] + partial[3];
  }
  if (t == 127) out[0] = result;
}

__global__ void shared_count_without_atomics(const float* in, float* out) {
  FORJA_SHARED(counts, int[32]);
  const unsigned t = threadIdx.x;
  if (t < 32) counts[t] = 0;
  __syncthreads();
  counts[static_cast<int>(in[t])] += 1;
  __syncthreads();
  if (t == 0) out[0] = static_cast<float>(counts[1]);
}

__global__ void global_sum_without_atomics(const float* in, float* out) {
  out[0] += in[blockIdx.x * blockDim.x + threadIdx.x];
}

__global__ void plain_read_of_an_atomic_word(const float* in, float* out) {
  FORJA_SHARED(count, int);
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  if (count < 1000) atomicAdd(&count, static_cast<int>(in[threadIdx.x]));
  __syncthreads();
  if (threadIdx.x == 0) out[0] = static_cast<float>(count);
}

__global__ void flag_raised_by_plain_stores(const float* in, float* out) {
  FORJA_SHARED(flag, bool);
  if (threadIdx.x == 0) flag = false;
  __syncthreads();
  if (in[threadIdx.x] > 3) flag = true;
  __syncthreads();
  if (threadIdx.x == 0) out[0] = flag ? 1.0F : 0.0F;
}

__global__ void no_barrier_after_clearing(const float* in, float* out) {
  FORJA_SHARED(counts, int[32]);
  const unsigned t = threadIdx.x;
  if (t < 32) counts[t] = 0;
  atomicAdd(&counts[static_cast<int>(in[t])], 1);
  __syncthreads();
  if (t == 0) out[0] = static_cast<float>(counts[1]);
}

__device__ void sum_in_the_last_block(const float* in, float* out, float* partial, unsigned* ticket, bool with_fence,
                                      bool with_barrier) {
  FORJA_SHARED(is_last, bool);
  if (threadIdx.x == 32) partial[blockIdx.x] = in[blockIdx.x];
  if (with_barrier) __syncthreads();
  if (threadIdx.x == 0) {
    if (with_fence) __threadfence();
    is_last = atomicAdd(ticket, 1U) == gridDim.x - 1;
  }
  __syncthreads();
  if (!is_last || threadIdx.x != 0) return;
  float sum = 0;
  for (unsigned b = 0; b < gridDim.x; ++b) sum += partial[b];
  out[0] = sum;
}
__global__ void ticket_without_fence(const float* in, float* out, float* partial, unsigned* ticket) {
  sum_in_the_last_block(in, out, partial, ticket, false, true);
}
__global__ void ticket_without_barrier(const float* in, float* out, float* partial, unsigned* ticket) {
  sum_in_the_last_block(in, out, partial, ticket, true, false);
}

bool last_block_sums(void (*kernel)(const float*, float*, float*, unsigned*)) {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(8));
  cuda::DeviceBuffer<float> out(context, 1);
  cuda::DeviceBuffer<float> partial(context, 8);
  auto ticket = to_device(context, std::vector<unsigned>{0});
  start(context, kernel, 8, 64, in.data(), out.data(), partial.data(), ticket.data());
  return to_host(out)[0] == sum_of(ramp(8));
}

__global__ void reads_its_left_neighbour_block(const float* in, float* out) {
  if (threadIdx.x != 0) return;
  const unsigned b = blockIdx.x;
  out[b] = b == 0 ? in[0] : out[b - 1] + in[b];
}

bool running_sum_over_blocks() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(16));
  auto out = to_device(context, std::vector<float>(16, 0));
  start(context, reads_its_left_neighbour_block, 16, 32, in.data(), out.data());
  return to_host(out)[15] == sum_of(ramp(16));
}

__global__ void reverse_in_place(float* values, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= n) return;
  const float other = values[n - 1 - i];
  values[i] = other;
}

bool reversed_in_place() {
  const cuda::Context context(0);
  auto values = to_device(context, ramp(128));
  start(context, reverse_in_place, 2, 64, values.data(), 128);
  const auto got = to_host(values);
  const auto given = ramp(128);
  return std::equal(got.begin(), got.end(), given.rbegin());
}

__global__ void float_sum(const float* in, float* out) {
  atomicAdd(out, 1.0F / in[blockIdx.x * blockDim.x + threadIdx.x]);
}

/// The bits of the forward order are asked of every order.
bool float_sum_has_the_same_bits() {
  const cuda::Context context(0);
  std::vector<float> values(4096);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(1 + i * 37 % 4096);
  const auto in = to_device(context, values);
  auto out = to_device(context, std::vector<float>{0});
  start(context, float_sum, 16, 256, in.data(), out.data());
  float forward = 0;
  for (const float value : values) forward += 1.0F / value;
  return to_host(out)[0] == forward;
}

__global__ void wait_for_a_later_block(volatile int* flag) {
  if (threadIdx.x != 0) return;
  if (blockIdx.x == 0) {
    while (flag[0] == 0) {
    }
  } else {
    flag[0] = 1;
  }
}

bool later_block_arrives() {
  const cuda::Context context(0);
  auto flag = to_device(context, std::vector<int>{0});
  start(context, wait_for_a_later_block, 2, 32, static_cast<volatile int*>(flag.data()));
  context.synchronize();
  return true;
}

__global__ void wrong_stride(const float* in, float* out) {
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < 300; i += blockDim.x) atomicAdd(out, in[i]);
}

__global__ void float_max_by_integer_bits(const float* in, float* out) {
  atomicMax(reinterpret_cast<int*>(out), __float_as_int(-in[threadIdx.x]));
}

bool greatest_of_negative_values() {
  const cuda::Context context(0);
  const auto in = to_device(context, ramp(32));
  auto out = to_device(context, std::vector<float>{-100});
  start(context, float_max_by_integer_bits, 1, 32, in.data(), out.data());
  return to_host(out)[0] == -1.0F;
}

}  // namespace

std::vector<SeededBug> device_bugs() {
  const float all256 = sum_of(ramp(256));
  return {
      {"tree_sum_without_barrier", kShadow, "race",
       [=] { return first_is(tree_sum_without_barrier, 256, 1, 256, all256); }},
      {"warp_sum_without_syncwarp", kShadow, "race",
       [] { return first_is(warp_sum_without_syncwarp, 32, 1, 32, sum_of(ramp(32))); }},
      {"barrier_in_branch", kOrders | kShadow, "deadlock",
       [] { return first_is(barrier_in_branch, 64, 1, 64, ramp(64)[63]); }},
      {"barriers_on_two_lines", kOrders | kShadow, "kernel-fault",
       [] { return first_is(barriers_on_two_lines, 64, 1, 64, ramp(64)[63]); }},
      {"return_before_barrier", kOrders, "kernel-fault",
       [] { return first_is(return_before_barrier, 64, 1, 64, ramp(64)[49]); }},
      {"full_mask_in_branch", kOrders, "kernel-fault",
       [] { return first_is(full_mask_in_branch, 32, 1, 32, sum_of(ramp(16))); }},
      {"lanes_return_before_ballot", kOrders, "kernel-fault",
       [] { return first_is(lanes_return_before_ballot, 32, 1, 32, 20); }},
      {"shuffles_in_an_uneven_loop", kOrders, "kernel-fault",
       [] { return first_is(shuffles_in_an_uneven_loop, 96, 1, 32, sum_of(ramp(80))); }},
      {"caller_outside_its_mask", kOrders | kShadow, "kernel-fault",
       [] { return first_is(caller_outside_its_mask, 32, 1, 32, 16); }},
      {"shuffle_from_a_lane_that_is_not_there", kOrders | kShadow, "shuffle-source",
       [] { return first_is(shuffle_from_a_lane_that_is_not_there, 32, 1, 32, 0); }},
      {"two_collectives_for_one", kOrders | kShadow, "deadlock",
       [] { return first_is(two_collectives_for_one, 32, 1, 32, 2); }},
      {"buffer_reused_without_barrier", kShadow, "race",
       [] { return first_is(buffer_reused_without_barrier, 384, 1, 128, sum_of(ramp(384))); }},
      {"shared_count_without_atomics", kShadow, "race",
       [] { return first_is(shared_count_without_atomics, 256, 1, 256, 16); }},
      {"global_sum_without_atomics", kShadow, "race",
       [=] { return first_is(global_sum_without_atomics, 256, 4, 64, all256); }},
      {"plain_read_of_an_atomic_word", kShadow, "race",
       [] { return first_is(plain_read_of_an_atomic_word, 64, 1, 64, sum_of(ramp(64))); }},
      {"flag_raised_by_plain_stores", kShadow, "race",
       [] { return first_is(flag_raised_by_plain_stores, 64, 1, 64, 1); }},
      {"no_barrier_after_clearing", kShadow, "race",
       [] { return first_is(no_barrier_after_clearing, 256, 1, 256, 16); }},
      {"ticket_without_fence", kShadow, "race", [] { return last_block_sums(ticket_without_fence); }},
      {"ticket_without_barrier", kShadow, "race", [] { return last_block_sums(ticket_without_barrier); }},
      {"reads_its_left_neighbour_block", kShadow, "race", running_sum_over_blocks},
      {"running_sum_over_blocks", kOrders, "", running_sum_over_blocks},
      {"reverse_in_place", kShadow, "race", reversed_in_place},
      {"reversed_in_place", kOrders, "", reversed_in_place},
      {"float_sum_depends_on_the_order", kOrders, "", float_sum_has_the_same_bits},
      {"wait_for_a_later_block", kOrders, "watchdog", later_block_arrives},
      {"wrong_stride", kOrders, "", [] { return first_is(wrong_stride, 300, 2, 64, sum_of(ramp(300))); }},
      {"float_max_by_integer_bits", kOrders, "", greatest_of_negative_values},
  };
}

}  // namespace forja::emulation::testing
