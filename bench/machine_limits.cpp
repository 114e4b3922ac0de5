#include "machine_limits.h"

#include <hwy/highway.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace forja::bench {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

double seconds_of(auto&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Keeps a value alive without storing it.
template <class T>
void keep(T value) {
  asm volatile("" : : "g"(value) : "memory");
}

/// As many as a core can begin while one is under way, or more.
constexpr int kChains = 12;

/// Chains that begin at numbers of their own: equal ones are one to a compiler.
template <class T>
void multiply_add_loop(std::int64_t rounds) {
  const hn::ScalableTag<T> tag;
  const auto factor = hn::Set(tag, T(0.999));
  const auto addend = hn::Set(tag, T(0.001));
  hn::Vec<decltype(tag)> chain[kChains];
  for (int c = 0; c < kChains; ++c) chain[c] = hn::Set(tag, static_cast<T>(c));
  for (std::int64_t i = 0; i < rounds; ++i) {
    for (auto& value : chain) value = hn::MulAdd(value, factor, addend);
  }
  auto sum = chain[0];
  for (int c = 1; c < kChains; ++c) sum = hn::Add(sum, chain[c]);
  keep(hn::GetLane(hn::SumOfLanes(tag, sum)));
}

}  // namespace

double read_bandwidth() {
  constexpr std::int64_t kBytes = std::int64_t{1} << 29;
  std::vector<std::uint64_t> array(kBytes / sizeof(std::uint64_t), 1);
  const auto count = static_cast<std::int64_t>(array.size());
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    std::uint64_t total = 0;
    const double seconds = seconds_of([&] {
#pragma omp parallel for reduction(+ : total) schedule(static)
      for (std::int64_t i = 0; i < count; ++i) total += array[static_cast<std::size_t>(i)];
    });
    keep(total);
    best = std::max(best, kBytes / seconds);
  }
  return best;
}

double cycles_per_second() {
  constexpr std::int64_t kAdditions = 100'000'000;
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    int threads = 1;
    const double seconds = seconds_of([&] {
#pragma omp parallel
      {
#pragma omp single
        threads = omp_get_num_threads();
        std::uint64_t sum = 0;
        for (std::int64_t i = 0; i < kAdditions / 8; ++i) {
          for (int k = 0; k < 8; ++k) {
            sum += 1;
            asm volatile("" : "+r"(sum));
          }
        }
      }
    });
    best = std::max(best, static_cast<double>(kAdditions) * threads / seconds);
  }
  return best;
}

template <class T>
double multiply_add_peak() {
  constexpr std::int64_t kRounds = 4'000'000;
  const double operations = 2.0 * kChains * static_cast<double>(hn::Lanes(hn::ScalableTag<T>())) * kRounds;
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    int threads = 1;
    const double seconds = seconds_of([&] {
#pragma omp parallel
      {
#pragma omp single
        threads = omp_get_num_threads();
        multiply_add_loop<T>(kRounds);
      }
    });
    best = std::max(best, threads * operations / seconds);
  }
  return best;
}

template double multiply_add_peak<float>();
template double multiply_add_peak<double>();

}  // namespace forja::bench
