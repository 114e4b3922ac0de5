#pragma once

#include "forja/device.h"

namespace forja::bench {

/// Bytes read and float operations per second, at most.
struct DeviceLimits {
  double bandwidth = 0;
  double peak = 0;
};

/// CPU: both measured. CUDA: bandwidth measured by copies on the device, peak from cores and clock.
DeviceLimits limits_of(const Device& device);

}  // namespace forja::bench
