#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>

#include "tests/support.h"

/// Every word of the device language that kernels may use, in every order.
namespace forja::emulation::testing {
namespace {

constexpr unsigned kAll = 0xFFFFFFFFU;

/// Runs `body` in every schedule; nothing may be reported and nothing be left.
template <class Body>
void in_every_schedule(Body body) {
  for (const Config& config : schedules()) {
    SCOPED_TRACE(name_of(config));
    const std::int64_t bytes = live_bytes();
    const std::int64_t handles = live_handles();
    reset(config);
    body();
    EXPECT_EQ(all_reports(), "");
    EXPECT_EQ(live_bytes(), bytes);
    EXPECT_EQ(live_handles(), handles);
  }
  reset();
}

template <class T>
__global__ void shuffles(T* out) {
  const int lane = static_cast<int>(threadIdx.x);
  const T value = static_cast<T>(lane * 10);
  out[lane] = __shfl_sync(kAll, value, 5);
  out[32 + lane] = __shfl_up_sync(kAll, value, 1, 16);
  out[64 + lane] = __shfl_down_sync(kAll, value, 2, 8);
  out[96 + lane] = __shfl_xor_sync(kAll, value, 3);
}

template <class T>
void check_shuffles() {
  in_every_schedule([] {
    const cuda::Context context(0);
    cuda::DeviceBuffer<T> out(context, 128);
    cuda::launch(shuffles<T>, dim3(1), dim3(32), 0, context.stream(), out.data());
    const std::vector<T> got = to_host(out);
    for (int lane = 0; lane < 32; ++lane) {
      EXPECT_EQ(got[lane], T(50));
      EXPECT_EQ(got[32 + lane], T((lane % 16 == 0 ? lane : lane - 1) * 10));
      EXPECT_EQ(got[64 + lane], T((lane % 8 >= 6 ? lane : lane + 2) * 10));
      EXPECT_EQ(got[96 + lane], T((lane ^ 3) * 10));
    }
  });
}

TEST(Language, shuffles_move_four_bytes) { check_shuffles<int>(); }
TEST(Language, shuffles_move_eight_bytes) { check_shuffles<double>(); }

__global__ void votes(unsigned* out) {
  const int lane = static_cast<int>(threadIdx.x);
  const unsigned ballot = __ballot_sync(kAll, lane % 3 == 0);
  const int all = __all_sync(kAll, lane < 32);
  const int not_all = __all_sync(kAll, lane < 31);
  const int any = __any_sync(kAll, lane == 17);
  const int none = __any_sync(kAll, lane == 32);
  const unsigned match = __match_any_sync(kAll, lane % 4);
  const int sum = __reduce_add_sync(kAll, lane - 16);
  const int least = __reduce_min_sync(kAll, lane - 16);
  const int greatest = __reduce_max_sync(kAll, lane - 20);
  const unsigned greatest_unsigned = __reduce_max_sync(kAll, static_cast<unsigned>(lane) - 20U);
  const unsigned bits_and = __reduce_and_sync(kAll, 0xF0U | static_cast<unsigned>(lane));
  const unsigned bits_or = __reduce_or_sync(kAll, static_cast<unsigned>(lane));
  const unsigned bits_xor = __reduce_xor_sync(kAll, static_cast<unsigned>(lane));
  if (lane != 6) return;
  const unsigned results[] = {ballot,
                              static_cast<unsigned>(all),
                              static_cast<unsigned>(not_all),
                              static_cast<unsigned>(any),
                              static_cast<unsigned>(none),
                              match,
                              static_cast<unsigned>(sum),
                              static_cast<unsigned>(least),
                              static_cast<unsigned>(greatest),
                              greatest_unsigned,
                              bits_and,
                              bits_or,
                              bits_xor};
  for (int i = 0; i < 13; ++i) out[i] = results[i];
}

TEST(Language, votes_matches_and_reductions_see_all_lanes) {
  in_every_schedule([] {
    const cuda::Context context(0);
    cuda::DeviceBuffer<unsigned> out(context, 13);
    cuda::launch(votes, dim3(1), dim3(32), 0, context.stream(), out.data());
    const std::vector<unsigned> expected = {
        0x49249249U, 1,           0,    1,    0, 0x44444444U, static_cast<unsigned>(-16), static_cast<unsigned>(-16),
        11,          0xFFFFFFFFU, 0xF0, 0x1F, 0};
    EXPECT_EQ(to_host(out), expected);
  });
}

// Lanes 8..31 wait in one operation while lanes 0..7 are in others, whose masks their own contains.
__global__ void nested_masks(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  int value = 0;
  if (lane < 8) {
    value = __shfl_xor_sync(0xFFU, lane, 1);
    value += static_cast<int>(__ballot_sync(0xFFU, lane % 2));
  } else {
    value = __shfl_sync(0xFFFFFF00U, lane, 9);
  }
  __syncwarp();
  out[lane] = value;
}

TEST(Language, parts_of_a_warp_meet_apart) {
  in_every_schedule([] {
    const cuda::Context context(0);
    cuda::DeviceBuffer<int> out(context, 32);
    cuda::launch(nested_masks, dim3(1), dim3(32), 0, context.stream(), out.data());
    const std::vector<int> got = to_host(out);
    for (int lane = 0; lane < 32; ++lane) EXPECT_EQ(got[lane], lane < 8 ? (lane ^ 1) + 0xAA : 9);
  });
}

__global__ void block_votes(int* out) {
  const int thread = static_cast<int>(threadIdx.x);
  const int count = __syncthreads_count(thread % 3 == 0);
  const int all = __syncthreads_and(thread < 1024);
  const int not_all = __syncthreads_and(thread != 1000);
  const int any = __syncthreads_or(thread == 1023);
  if (thread == 500) {
    out[0] = count;
    out[1] = all;
    out[2] = not_all;
    out[3] = any;
  }
}

TEST(Language, a_block_of_1024_threads_votes_at_its_barriers) {
  in_every_schedule([] {
    const cuda::Context context(0);
    cuda::DeviceBuffer<int> out(context, 4);
    cuda::launch(block_votes, dim3(1), dim3(1024), 0, context.stream(), out.data());
    EXPECT_EQ(to_host(out), (std::vector<int>{342, 1, 0, 1}));
  });
}

struct Totals {
  int added;
  int subtracted;
  int least;
  int greatest;
  unsigned both;
  unsigned either;
  unsigned parity;
  unsigned reserved;
  unsigned long long wide;
  long long wide_least;
  double real;
};

__global__ void atomics(Totals* totals, int* exchanged, int* claimed) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  atomicAdd(&totals->added, i);
  atomicSub(&totals->subtracted, i);
  atomicMin(&totals->least, 100 - i);
  atomicMax(&totals->greatest, i);
  atomicAnd(&totals->both, ~(1U << (i % 32)));
  atomicOr(&totals->either, 1U << (i % 32));
  atomicXor(&totals->parity, static_cast<unsigned>(i));
  atomicAdd(&totals->wide, 1ULL << 33);
  atomicMin(&totals->wide_least, -static_cast<long long>(i) * (1LL << 33));
  atomicAdd(&totals->real, 0.5);
  atomicExch(exchanged, i);
  if (atomicCAS(claimed, -1, i) == -1) atomicAdd(&claimed[1], 1);
}

TEST(Language, atomics_lose_nothing_and_return_what_was_there) {
  in_every_schedule([] {
    const cuda::Context context(0);
    auto totals = to_device(context, std::vector<Totals>{{0, 0, 1000, -1, ~0U, 0, 0, 0, 0, 0, 0}});
    auto exchanged = to_device(context, std::vector<int>{-7});
    auto claimed = to_device(context, std::vector<int>{-1, 0});
    cuda::launch(atomics, dim3(4), dim3(64), 0, context.stream(), totals.data(), exchanged.data(), claimed.data());
    const Totals got = to_host(totals)[0];
    EXPECT_EQ(got.added, 255 * 128);
    EXPECT_EQ(got.subtracted, -255 * 128);
    EXPECT_EQ(got.least, -155);
    EXPECT_EQ(got.greatest, 255);
    EXPECT_EQ(got.both, 0U);
    EXPECT_EQ(got.either, ~0U);
    EXPECT_EQ(got.parity, 0U);
    EXPECT_EQ(got.wide, 256ULL << 33);
    EXPECT_EQ(got.wide_least, -255 * (1LL << 33));
    EXPECT_EQ(got.real, 128.0);
    EXPECT_GE(to_host(exchanged)[0], 0);
    EXPECT_EQ(to_host(claimed)[1], 1);
  });
}

__global__ void places(int* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  out[block * blockDim.x * blockDim.y * blockDim.z + thread] = static_cast<int>(100 * threadIdx.z + blockIdx.z);
}

TEST(Language, grids_and_blocks_have_three_dimensions) {
  in_every_schedule([] {
    const cuda::Context context(0);
    cuda::DeviceBuffer<int> out(context, 24 * 64);
    cuda::launch(places, dim3(2, 3, 4), dim3(4, 4, 4), 0, context.stream(), out.data());
    const std::vector<int> got = to_host(out);
    for (int i = 0; i < 24 * 64; ++i) EXPECT_EQ(got[i], 100 * (i % 64 / 16) + i / 64 / 6);
  });
}

struct Pair {
  int key;
  float value;
};

// Static and dynamic shared memory, of several types, in a template and in a function of its own.
template <class T>
__device__ T reversed_by_shared(T value) {
  FORJA_SHARED(line, T[64]);
  __syncthreads();
  line[threadIdx.x] = value;
  __syncthreads();
  return line[63 - threadIdx.x];
}

__global__ void shared_kinds(float* out, int n) {
  FORJA_SHARED(tile, float[4][65]);
  FORJA_SHARED(pair, Pair);
  FORJA_DYNAMIC_SHARED(double, buffer);
  const int thread = static_cast<int>(threadIdx.x);
  for (int i = thread; i < n; i += 64) buffer[i] = i;
  for (int row = 0; row < 4; ++row) tile[row][thread] = static_cast<float>(row * 1000 + thread);
  if (thread == 7) pair = {42, 0.5F};
  __syncthreads();
  const float other = reversed_by_shared(static_cast<float>(thread));
  const int integer = reversed_by_shared(thread);
  out[64 * blockIdx.x + threadIdx.x] = static_cast<float>(buffer[n - 1 - thread]) + tile[3][63 - thread] +
                                       static_cast<float>(pair.key) + pair.value + other - static_cast<float>(integer);
}

TEST(Language, shared_memory_is_static_or_dynamic_and_of_any_type) {
  in_every_schedule([] {
    const cuda::Context context(0);
    cuda::DeviceBuffer<float> out(context, 3 * 64);
    cuda::launch(shared_kinds, dim3(3), dim3(64), 1000 * sizeof(double), context.stream(), out.data(), 1000);
    const std::vector<float> got = to_host(out);
    for (int i = 0; i < 3 * 64; ++i) EXPECT_EQ(got[i], static_cast<float>(999 + 3063 - 2 * (i % 64)) + 42.5F);
  });
}

__global__ void large_shared(float* out, int n) {
  FORJA_DYNAMIC_SHARED(float, buffer);
  for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x))
    buffer[i] = static_cast<float>(i);
  __syncthreads();
  out[threadIdx.x] = buffer[n - 1 - static_cast<int>(threadIdx.x)];
}

TEST(Language, a_launch_opts_in_to_more_than_48_kilobytes) {
  in_every_schedule([] {
    const cuda::Context context(0);
    cuda::DeviceBuffer<float> out(context, 128);
    cuda::launch(large_shared, dim3(1), dim3(128), 60000, context.stream(), out.data(), 15000);
    EXPECT_EQ(to_host(out)[0], 14999.0F);
  });
}

template <class F>
__global__ void for_each_index(std::int64_t n, F f) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < n) f(i);
}

struct Scale {
  float* values;
  float factor;
  __device__ void operator()(std::int64_t i) const { values[i] *= factor; }
};

TEST(Language, kernels_take_functors_by_value) {
  in_every_schedule([] {
    const cuda::Context context(0);
    auto values = to_device(context, ramp(100));
    cuda::launch(for_each_index<Scale>, dim3(4), dim3(32), 0, context.stream(), std::int64_t{100},
                 Scale{values.data(), 3});
    EXPECT_EQ(to_host(values)[99], 3 * ramp(100)[99]);
  });
}

TEST(Language, intrinsics_have_the_values_of_the_device) {
  EXPECT_EQ(__popc(0xF0F0U), 8);
  EXPECT_EQ(__popcll(0xF0F000000000ULL), 8);
  EXPECT_EQ(__ffs(0), 0);
  EXPECT_EQ(__ffs(8), 4);
  EXPECT_EQ(__clz(0), 32);
  EXPECT_EQ(__clz(1), 31);
  EXPECT_EQ(__clzll(1), 63);
  EXPECT_EQ(__brev(1U), 0x80000000U);
  EXPECT_EQ(__umulhi(0x80000000U, 6U), 3U);
  EXPECT_EQ(__umul64hi(1ULL << 63, 6ULL), 3ULL);
  EXPECT_EQ(__float_as_uint(1.0F), 0x3F800000U);
  EXPECT_EQ(__longlong_as_double(__double_as_longlong(-2.5)), -2.5);
  EXPECT_EQ(__double2ll_rn(2.5), 2);
  EXPECT_EQ(__double2ll_rn(3.5), 4);
  EXPECT_EQ(min(3, -2), -2);
  EXPECT_EQ(max(1.0F, std::nanf("")), 1.0F);
  EXPECT_EQ(__fmul_rn(0.1F, 0.1F), 0.1F * 0.1F);
  // The rounding error of the product is what a fused multiply-add keeps.
  EXPECT_NE(__fmaf_rn(0.1F, 0.1F, -__fmul_rn(0.1F, 0.1F)), 0.0F);
}

}  // namespace
}  // namespace forja::emulation::testing
