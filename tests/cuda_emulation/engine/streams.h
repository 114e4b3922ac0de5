#pragma once

#include <driver_types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace forja::emulation {

/// What has happened before: per stream number, the last operation that has. What is not in it has not.
using Clock = std::map<std::uint32_t, std::uint32_t>;

struct Operation {
  std::uint32_t number = 0;  ///< counts all operations of the process, from 1
  Clock before;
  std::function<void()> run;
  bool after_faults = false;  ///< runs even when a kernel has failed
};

}  // namespace forja::emulation

struct CUstream_st {
  int device = 0;
  std::uint32_t number = 0;
  std::deque<forja::emulation::Operation> queue;
  std::deque<std::uint32_t> unseen;  ///< operations whose end the host has not waited for
  forja::emulation::Clock clock;     ///< of everything enqueued so far
};

struct CUevent_st {
  int device = 0;
  bool recorded = false;
  std::shared_ptr<bool> reached;
  std::uint32_t stream = 0;
  forja::emulation::Clock clock;
};

namespace forja::emulation {

/// The current device of this thread of the host.
int& current_device();

cudaStream_t create_stream();
cudaEvent_t create_event();
/// Null when the handle is that of a live stream or event; otherwise reports and returns the error.
cudaError_t check_stream(cudaStream_t stream, const char* call);
cudaError_t check_event(cudaEvent_t event, const char* call);
void destroy_stream(cudaStream_t stream);
void destroy_event(cudaEvent_t event);
std::int64_t handles_alive();
void destroy_all_handles();

/// Runs it at once, or when the host waits for the stream (lazy streams).
void enqueue(cudaStream_t stream, std::function<void()> run, bool after_faults = false);

/// Runs what the stream holds, and what that waits for.
void drain(cudaStream_t stream);
/// The host waits for the stream; for all streams of a device.
void host_waits(cudaStream_t stream);
void host_waits_for_device(int device);

void record(cudaEvent_t event, cudaStream_t stream);
void stream_waits(cudaStream_t stream, cudaEvent_t event);
void host_waits(cudaEvent_t event);

/// Whether an earlier operation is known to have ended before the one that runs; before what the host does now.
bool before_running(std::uint32_t operation);
bool before_host(std::uint32_t operation);
/// No operation below this number is unordered with the one that runs.
std::uint32_t first_unordered();
/// The operation that runs.
std::uint32_t running_operation();

}  // namespace forja::emulation
