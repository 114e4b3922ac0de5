#pragma once

#include <cuda_runtime.h>

#include "runtime/check.h"
#include "runtime/context.h"

namespace forja::cuda {

/// A point in one stream that another stream or the host waits for.
class Event {
 public:
  /// Throws DeviceUnavailable.
  explicit Event(const Context& context) {
    const DeviceScope scope(context.device());
    FORJA_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming));
  }
  ~Event() {
    if (cudaEventDestroy(event_) != cudaSuccess) (void)cudaGetLastError();
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// The point is what `stream` holds by now.
  void record(cudaStream_t stream) { FORJA_CUDA_CHECK(cudaEventRecord(event_, stream)); }
  /// What `stream` gets from now on waits for the point; nothing where it was never recorded.
  void wait(cudaStream_t stream) const { FORJA_CUDA_CHECK(cudaStreamWaitEvent(stream, event_, 0)); }
  /// The host waits for the point.
  void synchronize() const { FORJA_CUDA_CHECK(cudaEventSynchronize(event_)); }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace forja::cuda
