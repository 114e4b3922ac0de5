#pragma once

#include <cstdint>

#include "forja/device.h"

namespace forja::testing {

/// A limit of the device's memory while it lives.
class Limit {
 public:
  Limit(const Device& device, std::int64_t bytes) : device_(device) { device_.set_memory_limit(bytes); }
  ~Limit() { device_.set_memory_limit(0); }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  const Device& device_;
};

}  // namespace forja::testing
