#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "forja/export.h"

namespace forja {

namespace compute {
class Backend;
}

/// Memory of one device, in bytes.
struct DeviceMemory {
  std::int64_t total = 0;   ///< what the device has
  std::int64_t free = 0;    ///< what a next request may take, the limit counted in
  std::int64_t in_use = 0;  ///< what forja holds in live objects
};

/// Where an estimator computes. A value: cheap to copy, safe to share between threads.
class FORJA_API Device {
 public:
  /// The first GPU if there is one, else the CPU. The environment variable FORJA_DEVICE (cpu, cuda, cuda:N) decides
  /// instead where it is set; throws DeviceUnavailable when it names a device that is not there.
  static Device automatic();

  /// The CPU with `threads` threads; 0 (default): as many as the process may use. The number of threads never changes
  /// a result. Throws InvalidArgument for threads < 0.
  static Device cpu(int threads = 0);

  /// GPU `index` among those that CUDA_VISIBLE_DEVICES leaves visible. Throws DeviceUnavailable when there is none:
  /// never a quiet fall-back to the CPU.
  static Device cuda(int index = 0);

  /// "cpu", "cuda", "cpu:0", "cuda:N", as FORJA_DEVICE has it. Throws InvalidArgument for other texts.
  static Device from_name(const std::string& name);

  bool is_cpu() const;
  bool is_cuda() const;
  /// "cpu" or "cuda:0".
  std::string name() const;
  /// The maker's name: "AMD EPYC 9654", "NVIDIA H200".
  std::string description() const;
  int index() const { return index_; }
  /// Threads that CPU work uses; 0: all that the process may use.
  int threads() const { return threads_; }

  DeviceMemory memory() const;
  /// Requests beyond `bytes` held by forja on this device throw OutOfMemory; 0 takes the limit away. CUDA only:
  /// throws InvalidArgument on the CPU.
  void set_memory_limit(std::int64_t bytes) const;

  friend bool operator==(const Device&, const Device&) = default;

  /// For forja's own parts and tests: a device of a given implementation.
  Device(const compute::Backend& backend, int index, int threads = 0)
      : backend_(&backend), index_(index), threads_(threads) {}
  const compute::Backend& backend() const { return *backend_; }

 private:
  const compute::Backend* backend_;
  int index_;
  int threads_;
};

/// Every device of this machine, the automatic choice's order: GPUs first, then the CPU.
FORJA_API std::vector<Device> devices();

}  // namespace forja
