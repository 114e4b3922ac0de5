#include "device_limits.h"
#include "machine_limits.h"

namespace forja::bench {

DeviceLimits limits_of(const Device&) {
  static const DeviceLimits limits{read_bandwidth(), multiply_add_peak<float>()};
  return limits;
}

}  // namespace forja::bench
