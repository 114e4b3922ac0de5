#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <thread>

#include "tests/support.h"

/// Kernels as the engine has them, written by the rules: right results and not one report in any order.
namespace forja::emulation::testing {
namespace {

constexpr unsigned kAll = 0xFFFFFFFFU;
constexpr int kBlock = 128;
constexpr int kWarps = kBlock / cuda::kWarp;

unsigned blocks_for(std::int64_t n) { return static_cast<unsigned>((n + kBlock - 1) / kBlock); }

std::vector<float> random_values(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(generator);
  return values;
}

/// Sizes around a warp, a block and a grid.
const std::vector<std::int64_t> kSizes = {1, 31, 32, 33, kBlock, kBlock + 1, 1000};

/// body(context, n) in every schedule and for every size.
template <class Body>
void everywhere(Body body) {
  for (const Config& config : schedules()) {
    for (const std::int64_t n : kSizes) {
      SCOPED_TRACE(name_of(config) + ", n = " + std::to_string(n));
      const std::int64_t bytes = live_bytes();
      reset(config);
      {
        const cuda::Context context(0);
        body(context, n);
      }
      ASSERT_EQ(all_reports(), "");
      ASSERT_EQ(live_bytes(), bytes);
    }
  }
  reset();
}

__device__ double warp_sum(double value) {
  for (int step = cuda::kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAll, value, step);
  return value;
}

/// Valid in thread 0; `partial` is free again after the next barrier.
__device__ double block_sum(double value, double* partial) {
  value = warp_sum(value);
  const int warp = static_cast<int>(threadIdx.x) / cuda::kWarp;
  if (threadIdx.x % cuda::kWarp == 0) partial[warp] = value;
  __syncthreads();
  double sum = 0;
  if (threadIdx.x == 0) {
    for (int w = 0; w < kWarps; ++w) sum += partial[w];
  }
  return sum;
}

// One pass: the block that takes the last ticket adds up what the others left.
__global__ void dot_product(const float* x, const float* y, std::int64_t n, double* partial, unsigned* ticket,
                            double* result) {
  FORJA_SHARED(sums, double[kWarps]);
  FORJA_SHARED(is_last, bool);
  double sum = 0;
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += stride) {
    sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  }
  sum = block_sum(sum, sums);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    __threadfence();
    is_last = atomicAdd(ticket, 1U) == gridDim.x - 1;
  }
  __syncthreads();
  if (!is_last) return;
  sum = 0;
  for (unsigned b = threadIdx.x; b < gridDim.x; b += blockDim.x) sum += partial[b];
  sum = block_sum(sum, sums);
  if (threadIdx.x == 0) *result = sum;
}

TEST(CorrectKernels, a_reduction_ends_in_the_last_block) {
  everywhere([](const cuda::Context& context, std::int64_t n) {
    const auto x = random_values(static_cast<std::size_t>(n), 1);
    const auto y = random_values(static_cast<std::size_t>(n), 2);
    const auto on_x = to_device(context, x);
    const auto on_y = to_device(context, y);
    constexpr unsigned kGrid = 5;
    cuda::DeviceBuffer<double> partial(context, kGrid);
    cuda::DeviceBuffer<unsigned> ticket(context, 1);
    cuda::DeviceBuffer<double> result(context, 1);
    ticket.fill_bytes(0);
    cuda::launch(dot_product, dim3(kGrid), dim3(kBlock), 0, context.stream(), on_x.data(), on_y.data(), n,
                 partial.data(), ticket.data(), result.data());
    double expected = 0;
    for (std::size_t i = 0; i < x.size(); ++i) expected += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    // Sums of up to 1000 products below 1 in another order.
    EXPECT_NEAR(to_host(result)[0], expected, 1e-12);
  });
}

// A tile of centres in shared memory, one row per thread, the arg-min fused.
__global__ void nearest(const float* x, const float* centers, std::int64_t n, int d, int k, int tile_rows,
                        std::int32_t* labels) {
  FORJA_DYNAMIC_SHARED(float, tile);
  const std::int64_t row = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  float best = std::numeric_limits<float>::infinity();
  std::int32_t label = 0;
  for (int first = 0; first < k; first += tile_rows) {
    const int rows = min(tile_rows, k - first);
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < rows * d; i += static_cast<int>(blockDim.x)) {
      tile[i] = centers[first * d + i];
    }
    __syncthreads();
    for (int c = 0; c < rows && row < n; ++c) {
      float distance = 0;
      for (int j = 0; j < d; ++j) {
        const float difference = x[row * d + j] - tile[c * d + j];
        distance = std::fma(difference, difference, distance);
      }
      if (distance < best) {
        best = distance;
        label = first + c;
      }
    }
  }
  if (row < n) labels[row] = label;
}

TEST(CorrectKernels, rows_find_their_nearest_centre_tile_by_tile) {
  everywhere([](const cuda::Context& context, std::int64_t n) {
    constexpr int kColumns = 5;
    constexpr int kCenters = 7;
    constexpr int kTile = 3;
    const auto x = random_values(static_cast<std::size_t>(n) * kColumns, 3);
    const auto centers = random_values(kCenters * kColumns, 4);
    const auto on_x = to_device(context, x);
    const auto on_centers = to_device(context, centers);
    cuda::DeviceBuffer<std::int32_t> labels(context, n);
    cuda::launch(nearest, dim3(blocks_for(n)), dim3(kBlock), kTile * kColumns * sizeof(float), context.stream(),
                 on_x.data(), on_centers.data(), n, kColumns, kCenters, kTile, labels.data());
    const auto got = to_host(labels);
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      std::int32_t expected = 0;
      float best = std::numeric_limits<float>::infinity();
      for (int c = 0; c < kCenters; ++c) {
        float distance = 0;
        for (int j = 0; j < kColumns; ++j) {
          const float difference = x[i * kColumns + j] - centers[c * kColumns + j];
          distance = std::fma(difference, difference, distance);
        }
        if (distance < best) {
          best = distance;
          expected = c;
        }
      }
      EXPECT_EQ(got[i], expected);
    }
  });
}

// Counts in shared memory first; integers, so that order does not show.
__global__ void histogram(const std::uint8_t* bins, std::int64_t n, unsigned long long* counts) {
  FORJA_SHARED(local, unsigned[64]);
  if (threadIdx.x < 64) local[threadIdx.x] = 0;
  __syncthreads();
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += stride) {
    atomicAdd(&local[bins[i]], 1U);
  }
  __syncthreads();
  if (threadIdx.x < 64 && local[threadIdx.x] > 0) {
    atomicAdd(&counts[threadIdx.x], static_cast<unsigned long long>(local[threadIdx.x]));
  }
}

TEST(CorrectKernels, a_histogram_is_counted_in_shared_memory_first) {
  everywhere([](const cuda::Context& context, std::int64_t n) {
    std::vector<std::uint8_t> bins(static_cast<std::size_t>(n));
    std::vector<unsigned long long> expected(64);
    for (std::size_t i = 0; i < bins.size(); ++i) {
      bins[i] = static_cast<std::uint8_t>(i * i % 64);
      ++expected[bins[i]];
    }
    const auto on_bins = to_device(context, bins);
    cuda::DeviceBuffer<unsigned long long> counts(context, 64);
    counts.fill_bytes(0);
    cuda::launch(histogram, dim3(3), dim3(kBlock), 0, context.stream(), on_bins.data(), n, counts.data());
    EXPECT_EQ(to_host(counts), expected);
  });
}

// Warps claim places together: one atomic per warp, ranks from the ballot.
__global__ void keep_even(const int* in, std::int64_t n, int* out, unsigned* count) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const int lane = static_cast<int>(threadIdx.x) % cuda::kWarp;
  const bool keep = i < n && in[i] % 2 == 0;
  const unsigned kept = __ballot_sync(kAll, keep);
  unsigned first = 0;
  if (lane == 0 && kept != 0) first = atomicAdd(count, static_cast<unsigned>(__popc(kept)));
  first = __shfl_sync(kAll, first, 0);
  if (keep) out[first + static_cast<unsigned>(__popc(kept & ((1U << lane) - 1)))] = in[i];
}

TEST(CorrectKernels, warps_claim_places_for_what_they_keep) {
  everywhere([](const cuda::Context& context, std::int64_t n) {
    std::vector<int> in(static_cast<std::size_t>(n));
    std::vector<int> expected;
    for (std::size_t i = 0; i < in.size(); ++i) {
      in[i] = static_cast<int>(i * 7 % 31);
      if (in[i] % 2 == 0) expected.push_back(in[i]);
    }
    const auto on_in = to_device(context, in);
    cuda::DeviceBuffer<int> out(context, n);
    cuda::DeviceBuffer<unsigned> count(context, 1);
    count.fill_bytes(0);
    cuda::launch(keep_even, dim3(blocks_for(n)), dim3(kBlock), 0, context.stream(), on_in.data(), n, out.data(),
                 count.data());
    std::vector<int> got(to_host(count)[0]);
    out.download(got.data(), static_cast<std::int64_t>(got.size()));
    std::sort(got.begin(), got.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(got, expected);
  });
}

// Values and their places through shared memory within a warp, with the barrier that this needs.
__global__ void warp_argmax(const float* x, std::int64_t n, std::int64_t* places) {
  FORJA_SHARED(values, float[kBlock]);
  FORJA_SHARED(indices, std::int64_t[kBlock]);
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  values[thread] = i < n ? x[i] : -std::numeric_limits<float>::infinity();
  indices[thread] = i;
  __syncwarp();
  for (int step = cuda::kWarp / 2; step > 0; step /= 2) {
    if (thread % cuda::kWarp < step) {
      const float other = values[thread + step];
      if (other > values[thread] || (other == values[thread] && indices[thread + step] < indices[thread])) {
        values[thread] = other;
        indices[thread] = indices[thread + step];
      }
    }
    __syncwarp();
  }
  if (thread % cuda::kWarp == 0 && i < n) places[i / cuda::kWarp] = indices[thread];
}

TEST(CorrectKernels, a_warp_reduces_through_shared_memory) {
  everywhere([](const cuda::Context& context, std::int64_t n) {
    const auto x = random_values(static_cast<std::size_t>(n), 5);
    const auto on_x = to_device(context, x);
    cuda::DeviceBuffer<std::int64_t> places(context, (n + 31) / 32);
    cuda::launch(warp_argmax, dim3(blocks_for(n)), dim3(kBlock), 0, context.stream(), on_x.data(), n, places.data());
    const auto got = to_host(places);
    for (std::size_t w = 0; w < got.size(); ++w) {
      const auto begin = x.begin() + static_cast<std::ptrdiff_t>(w * 32);
      const auto end = x.begin() + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(w * 32 + 32), n);
      EXPECT_EQ(got[w], std::max_element(begin, end) - x.begin());
    }
  });
}

__global__ void transpose(const double* in, double* out, std::int64_t rows, std::int64_t columns) {
  FORJA_SHARED(tile, double[32][33]);
  const std::int64_t column = std::int64_t{blockIdx.x} * 32 + threadIdx.x;
  for (unsigned step = threadIdx.y; step < 32; step += blockDim.y) {
    const std::int64_t row = std::int64_t{blockIdx.y} * 32 + step;
    if (row < rows && column < columns) tile[step][threadIdx.x] = in[row * columns + column];
  }
  __syncthreads();
  const std::int64_t out_column = std::int64_t{blockIdx.y} * 32 + threadIdx.x;
  for (unsigned step = threadIdx.y; step < 32; step += blockDim.y) {
    const std::int64_t out_row = std::int64_t{blockIdx.x} * 32 + step;
    if (out_row < columns && out_column < rows) out[out_row * rows + out_column] = tile[threadIdx.x][step];
  }
}

TEST(CorrectKernels, a_transpose_goes_through_a_tile) {
  everywhere([](const cuda::Context& context, std::int64_t n) {
    constexpr std::int64_t kColumns = 45;
    std::vector<double> in(static_cast<std::size_t>(n * kColumns));
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<double>(i);
    const auto on_in = to_device(context, in);
    cuda::DeviceBuffer<double> out(context, n * kColumns);
    const dim3 grid(2, static_cast<unsigned>((n + 31) / 32));
    cuda::launch(transpose, grid, dim3(32, 4), 0, context.stream(), on_in.data(), out.data(), n, kColumns);
    const auto got = to_host(out);
    for (std::int64_t row = 0; row < n; ++row) {
      for (std::int64_t column = 0; column < kColumns; ++column) {
        ASSERT_EQ(got[column * n + row], in[row * kColumns + column]);
      }
    }
  });
}

__device__ double atomic_max(double* address, double value) {
  auto* bits = reinterpret_cast<unsigned long long*>(address);
  unsigned long long seen = atomicAdd(bits, 0ULL);
  while (__longlong_as_double(static_cast<long long>(seen)) < value) {
    const unsigned long long wanted = static_cast<unsigned long long>(__double_as_longlong(value));
    const unsigned long long before = atomicCAS(bits, seen, wanted);
    if (before == seen) break;
    seen = before;
  }
  return __longlong_as_double(static_cast<long long>(seen));
}

__global__ void greatest(const float* x, std::int64_t n, double* result) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < n) atomic_max(result, static_cast<double>(x[i]));
}

TEST(CorrectKernels, a_loop_of_compare_and_swap_finds_the_greatest) {
  everywhere([](const cuda::Context& context, std::int64_t n) {
    const auto x = random_values(static_cast<std::size_t>(n), 6);
    const auto on_x = to_device(context, x);
    auto result = to_device(context, std::vector<double>{-2});
    cuda::launch(greatest, dim3(blocks_for(n)), dim3(kBlock), 0, context.stream(), on_x.data(), n, result.data());
    EXPECT_EQ(to_host(result)[0], static_cast<double>(*std::max_element(x.begin(), x.end())));
  });
}

__global__ void add_block(const float* x, std::int64_t n, double* sum) {
  FORJA_SHARED(sums, double[kWarps]);
  double mine = 0;
  for (std::int64_t i = threadIdx.x; i < n; i += blockDim.x) mine += static_cast<double>(x[i]);
  mine = block_sum(mine, sums);
  if (threadIdx.x == 0) *sum += mine;
}

// Row blocks through two pinned buffers and two device buffers, copies on a stream of their own.
TEST(CorrectKernels, row_blocks_stream_through_two_buffers) {
  everywhere([](const cuda::Context& context, std::int64_t n) {
    constexpr std::int64_t kPiece = 100;
    const auto x = ramp(n);
    auto sum = to_device(context, std::vector<double>{0});
    cuda::DeviceBuffer<float> piece[2] = {{context, kPiece}, {context, kPiece}};
    cuda::PinnedBuffer<float> staging[2] = {cuda::PinnedBuffer<float>(kPiece), cuda::PinnedBuffer<float>(kPiece)};
    const cuda::Stream copies(context);
    cuda::Event arrived[2] = {cuda::Event(context), cuda::Event(context)};
    cuda::Event consumed[2] = {cuda::Event(context), cuda::Event(context)};
    consumed[0].record(context.stream());
    consumed[1].record(context.stream());
    int turn = 0;
    for (std::int64_t first = 0; first < n; first += kPiece, turn = 1 - turn) {
      const std::int64_t count = std::min(kPiece, n - first);
      arrived[turn].synchronize();
      std::copy_n(x.data() + first, count, staging[turn].data());
      consumed[turn].wait(copies.get());
      FORJA_CUDA_CHECK(cudaMemcpyAsync(piece[turn].data(), staging[turn].data(),
                                       static_cast<std::size_t>(count) * sizeof(float), cudaMemcpyHostToDevice,
                                       copies.get()));
      arrived[turn].record(copies.get());
      arrived[turn].wait(context.stream());
      cuda::launch(add_block, dim3(1), dim3(kBlock), 0, context.stream(), piece[turn].data(), count, sum.data());
      consumed[turn].record(context.stream());
    }
    EXPECT_EQ(to_host(sum)[0], static_cast<double>(sum_of(x)));
  });
}

TEST(CorrectKernels, threads_of_the_host_work_side_by_side) {
  reset();
  const auto one_thread = [](unsigned seed, double* result) {
    const cuda::Context context(0);
    const auto x = random_values(1000, seed);
    const auto on_x = to_device(context, x);
    for (int repeat = 0; repeat < 20; ++repeat) {
      auto sum = to_device(context, std::vector<double>{0});
      cuda::launch(add_block, dim3(1), dim3(kBlock), 0, context.stream(), on_x.data(), std::int64_t{1000}, sum.data());
      *result = to_host(sum)[0];
    }
  };
  std::vector<double> alone(4);
  for (unsigned i = 0; i < 4; ++i) one_thread(i, &alone[i]);
  std::vector<double> together(4);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(one_thread, i, &together[i]);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(together, alone);
  EXPECT_EQ(all_reports(), "");
}

}  // namespace
}  // namespace forja::emulation::testing
