#pragma once

#include <cuda_runtime.h>

namespace forja::cuda {

/// Makes a device current for this host thread and gives the caller's back at the end: forja lives in other people's
/// programs. Launches, streams and events do this themselves.
class DeviceScope {
 public:
  /// Throws DeviceUnavailable.
  explicit DeviceScope(int device);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int previous_ = -1;
};

}  // namespace forja::cuda
