#pragma once

#include <driver_types.h>

#include <cstdint>
#include <mutex>
#include <string>

#include "../control.h"
#include "../language/location.h"

namespace forja::emulation {

/// Everything of the emulation happens under this lock: one thread of the host at a time is in a CUDA call.
std::recursive_mutex& big_lock();

Config& settings();
Counts& counters();

/// Notes what is wrong, once per text.
void report(const char* kind, const std::string& text);

std::string text_of(Where where);
std::string text_of(const void* address);

/// What a faulting kernel leaves behind: every later call returns it.
cudaError_t& sticky_error();
/// Of this thread of the host.
cudaError_t& last_error();

/// Around every CUDA call: takes the lock, counts the call, and says whether it must fail.
class ApiCall {
 public:
  /// A call that gives something back does so even when it is made to fail, as a caller could do nothing about it.
  enum class Kind { kOther, kAllocates, kGivesBack };
  explicit ApiCall(const char* name, Kind kind = Kind::kOther);
  ~ApiCall();
  ApiCall(const ApiCall&) = delete;
  ApiCall& operator=(const ApiCall&) = delete;

  bool refused() const { return refusal_ != cudaSuccess; }
  /// The refusal.
  cudaError_t refusal() const { return refusal_; }
  /// Remembers and returns the call's result, or the refusal where there is one.
  cudaError_t done(cudaError_t status);

 private:
  std::unique_lock<std::recursive_mutex> lock_;
  cudaError_t refusal_ = cudaSuccess;
  int outer_ = 0;
};

}  // namespace forja::emulation
