#include "state.h"

#include <cstdio>
#include <vector>

#include "../shadow/shadow.h"
#include "libraries.h"
#include "memory.h"
#include "scheduler.h"
#include "streams.h"

namespace forja::emulation {

namespace {

std::vector<Report>& all_reports() {
  static std::vector<Report> reports;
  return reports;
}

constexpr std::size_t kMostReports = 1000;

}  // namespace

std::recursive_mutex& big_lock() {
  static std::recursive_mutex mutex;
  return mutex;
}

Config& settings() {
  static Config config;
  return config;
}

Counts& counters() {
  static Counts counts;
  return counts;
}

cudaError_t& sticky_error() {
  static cudaError_t error = cudaSuccess;
  return error;
}

cudaError_t& last_error() {
  thread_local cudaError_t error = cudaSuccess;
  return error;
}

void report(const char* kind, const std::string& text) {
  const std::lock_guard lock(big_lock());
  auto& reports = all_reports();
  for (const Report& known : reports) {
    if (known.kind == kind && known.text == text) return;
  }
  if (reports.size() < kMostReports) reports.push_back({kind, text});
}

std::string text_of(Where where) { return std::string(where.file) + ":" + std::to_string(where.line); }

std::string text_of(const void* address) {
  char text[32];
  std::snprintf(text, sizeof text, "%p", address);
  return text;
}

ApiCall::ApiCall(const char* name, Kind kind) : lock_(big_lock()), outer_(shadow::enter_engine()) {
  if (scheduler().in_kernel()) {
    report("host-call-in-kernel", std::string(name) + " called by a kernel");
    refusal_ = cudaErrorNotPermitted;
    return;
  }
  ++counters().api_calls;
  const Config& config = settings();
  const std::int64_t after = counters().api_calls - config.fail_at;
  if (config.fail_at > 0 && after >= 0 && after < config.fail_times) {
    const auto natural = kind == Kind::kAllocates ? cudaErrorMemoryAllocation : cudaErrorUnknown;
    refusal_ = config.fail_with != 0 ? static_cast<cudaError_t>(config.fail_with) : natural;
  } else {
    refusal_ = sticky_error();
  }
  if (refused()) last_error() = refusal_;
}

ApiCall::~ApiCall() { shadow::leave_engine(outer_); }

cudaError_t ApiCall::done(cudaError_t status) {
  if (refused()) return refusal_;
  if (status != cudaSuccess) last_error() = status;
  return status;
}

void reset(const Config& config) {
  const std::lock_guard lock(big_lock());
  all_reports().clear();
  sticky_error() = cudaSuccess;
  last_error() = cudaSuccess;
  counters() = {};
  settings() = config;
  allocations().trim_pools();
  shadow::reset();
}

Config config() {
  const std::lock_guard lock(big_lock());
  return settings();
}

std::vector<Report> reports() {
  const std::lock_guard lock(big_lock());
  return all_reports();
}

Counts counts() {
  const std::lock_guard lock(big_lock());
  return counters();
}

std::int64_t api_calls() { return counts().api_calls; }

std::int64_t live_bytes() {
  const std::lock_guard lock(big_lock());
  return allocations().live_bytes();
}

std::int64_t live_handles() {
  const std::lock_guard lock(big_lock());
  return handles_alive() + library_handles_alive();
}

void release_everything() {
  const std::lock_guard lock(big_lock());
  const int outer = shadow::enter_engine();
  destroy_library_handles();
  destroy_all_handles();
  allocations().release_all();
  shadow::leave_engine(outer);
}

bool has_shadow() { return shadow::kPresent; }

}  // namespace forja::emulation
