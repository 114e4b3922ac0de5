#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/support.h"

namespace forja::emulation::testing {

/// Tests of cuBLAS and cuSOLVER by the wrappers of cuda/runtime.
class Libraries : public LeavesNothing {};

inline constexpr std::array<std::int64_t, 5> kSizes = {0, 1, 31, 32, 33};

/// Column-major, with rows between its columns that nobody may change.
template <class T>
struct Columns {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t stride = 0;
  std::vector<T> values;

  Columns(std::int64_t m, std::int64_t n, std::int64_t gap = 3)
      : rows(m), columns(n), stride(m + gap), values(static_cast<std::size_t>((m + gap) * n), T(-77)) {}
  T& operator()(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(i + j * stride)]; }
  T operator()(std::int64_t i, std::int64_t j) const { return values[static_cast<std::size_t>(i + j * stride)]; }
};

/// Values in -1 .. 1 without a pattern.
template <class T>
Columns<T> numbers(std::int64_t m, std::int64_t n, std::uint64_t seed, std::int64_t gap = 3) {
  Columns<T> matrix(m, n, gap);
  std::uint64_t state = seed * 2654435761U + 1;
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < m; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      matrix(i, j) = static_cast<T>(static_cast<double>(state >> 40) / 8388608.0 - 1.0);
    }
  }
  return matrix;
}

template <class T>
Columns<T> transposed(const Columns<T>& a) {
  Columns<T> result(a.columns, a.rows);
  for (std::int64_t j = 0; j < a.columns; ++j) {
    for (std::int64_t i = 0; i < a.rows; ++i) result(j, i) = a(i, j);
  }
  return result;
}

/// a b, summed in double.
template <class T>
Columns<T> product(const Columns<T>& a, const Columns<T>& b) {
  Columns<T> result(a.rows, b.columns);
  for (std::int64_t j = 0; j < b.columns; ++j) {
    for (std::int64_t i = 0; i < a.rows; ++i) {
      double sum = 0;
      for (std::int64_t l = 0; l < a.columns; ++l) sum += static_cast<double>(a(i, l)) * static_cast<double>(b(l, j));
      result(i, j) = static_cast<T>(sum);
    }
  }
  return result;
}

/// x x' + n I, positive definite.
template <class T>
Columns<T> definite(std::int64_t n, std::uint64_t seed) {
  const Columns<T> x = numbers<T>(n, n, seed);
  Columns<T> a = product(x, transposed(x));
  for (std::int64_t i = 0; i < n; ++i) a(i, i) += static_cast<T>(n);
  return a;
}

/// A few roundings for each term of sums of up to 40 numbers of about 1, or of n of them for factors.
template <class T>
constexpr double kRounding = 200 * static_cast<double>(std::numeric_limits<T>::epsilon());

template <class T>
double difference(const Columns<T>& a, const Columns<T>& b) {
  double most = 0;
  for (std::int64_t j = 0; j < a.columns; ++j) {
    for (std::int64_t i = 0; i < a.rows; ++i) {
      const double d = std::abs(static_cast<double>(a(i, j)) - static_cast<double>(b(i, j)));
      if (!(d <= most)) most = d;  // NaN too
    }
  }
  return most;
}

template <class T>
cuda::DeviceBuffer<T> upload(const cuda::Context& context, const Columns<T>& a) {
  return cuda::to_device(context, a.values);
}

/// What the device holds of a matrix that was uploaded.
template <class T>
Columns<T> download(const cuda::DeviceBuffer<T>& buffer, const Columns<T>& like) {
  Columns<T> result = like;
  result.values = to_host(buffer);
  return result;
}

/// The gaps between columns are as they were made.
template <class T>
bool gaps_untouched(const Columns<T>& a) {
  for (std::int64_t j = 0; j < a.columns; ++j) {
    for (std::int64_t i = a.rows; i < a.stride; ++i) {
      if (a(i, j) != T(-77)) return false;
    }
  }
  return true;
}

/// Runs `work` with each of its CUDA calls failing in turn: the error has a name, nothing leaks.
template <class Work>
void fail_each_call(const Work& work) {
  work();
  reset();
  work();
  const std::int64_t calls = api_calls();
  std::int64_t thrown = 0;
  for (const auto error : {cudaSuccess, cudaErrorMemoryAllocation}) {
    for (std::int64_t n = 1; n <= calls; ++n) {
      SCOPED_TRACE("call " + std::to_string(n));
      Config config;
      config.fail_at = n;
      config.fail_with = static_cast<int>(error);
      reset(config);
      try {
        work();
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

}  // namespace forja::emulation::testing
