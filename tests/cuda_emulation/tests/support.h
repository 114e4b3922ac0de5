#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cuda_emulation/control.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"
#include "runtime/event.h"
#include "runtime/launch.h"
#include "runtime/pinned_buffer.h"

namespace forja::emulation::testing {

/// Every order and both kinds of streams; several seeds of the random order.
inline std::vector<Config> schedules() {
  constexpr std::uint64_t kSeeds = 4;
  std::vector<Config> all;
  for (const bool lazy : {false, true}) {
    for (const Order order : {Order::kForward, Order::kReverse, Order::kRandom}) {
      for (std::uint64_t seed = 1; seed <= (order == Order::kRandom ? kSeeds : 1); ++seed) {
        Config config;
        config.order = order;
        config.seed = seed;
        config.lazy_streams = lazy;
        all.push_back(config);
      }
    }
  }
  return all;
}

inline std::string name_of(const Config& config) {
  const char* order = config.order == Order::kForward   ? "forward"
                      : config.order == Order::kReverse ? "reverse"
                                                        : "random";
  return std::string(order) + ", seed " + std::to_string(config.seed) + (config.lazy_streams ? ", lazy" : ", eager");
}

inline std::string all_reports() {
  std::string text;
  for (const Report& report : reports()) text += report.kind + ": " + report.text + "\n";
  return text;
}

inline bool has_report(const std::string& kind) {
  for (const Report& report : reports()) {
    if (report.kind == kind) return true;
  }
  return false;
}

template <class T>
std::vector<T> to_host(const cuda::DeviceBuffer<T>& buffer) {
  std::vector<T> values(static_cast<std::size_t>(buffer.size()));
  buffer.download(values.data(), buffer.size());
  return values;
}

/// 1, 2, ..., 17, 1, 2, ...: sums of them are exact in float.
inline std::vector<float> ramp(std::int64_t n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 17 + 1);
  return values;
}

inline float sum_of(const std::vector<float>& values) {
  float sum = 0;
  for (const float value : values) sum += value;
  return sum;
}

/// Of what uses cuda/runtime: no report, no live byte, no live handle at the end.
class LeavesNothing : public ::testing::Test {
 protected:
  void SetUp() override { reset(); }
  void TearDown() override {
    cuda::set_memory_limit(0, 0);
    EXPECT_EQ(all_reports(), "");
    EXPECT_EQ(live_bytes(), 0);
    EXPECT_EQ(live_handles(), 0);
    reset();
  }
};

}  // namespace forja::emulation::testing
