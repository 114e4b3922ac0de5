#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What tests set and ask of the emulated CUDA. Everything may be called from any thread, but not from a kernel.
namespace forja::emulation {

#define FORJA_EMULATION_API __attribute__((visibility("default")))

/// In which order the blocks of a launch and the threads of a block run.
enum class Order { kForward, kReverse, kRandom };

struct Config {
  Order order = Order::kForward;
  std::uint64_t seed = 1;       ///< of the random order
  bool lazy_streams = false;    ///< work runs only when the host waits for it, the newest stream first
  std::int64_t fail_at = 0;     ///< the n-th CUDA call after reset() fails; 0: none
  std::int64_t fail_times = 1;  ///< calls in a row that fail from there on
  int fail_with = 0;            ///< their cudaError_t; 0: out of memory from allocations, unknown error from the rest
  int watchdog_seconds = 20;    ///< processor time that one launch may take; 0: any
  int devices = 1;
  int multiprocessors = 4;                                    ///< of each device
  std::int64_t device_memory = std::int64_t{4} << 30;         ///< bytes of each device
  std::int64_t shared_memory_optin = std::int64_t{64} << 10;  ///< bytes that one block may have, the least of any GPU
};

/// Something that is wrong on a GPU, whatever the result was here.
struct Report {
  std::string kind;  ///< "race", "deadlock", "out-of-bounds", ...
  std::string text;
};

struct Counts {
  std::int64_t api_calls = 0;
  std::int64_t waits = 0;  ///< of the host, for a stream or an event
  std::int64_t launches = 0;
  std::int64_t blocks = 0;
  std::int64_t threads = 0;
  std::int64_t barriers = 0;
  std::int64_t warp_operations = 0;
  std::int64_t switches = 0;        ///< between threads
  std::int64_t accesses = 0;        ///< checked ones; shadow build only
  std::int64_t uploaded_bytes = 0;  ///< by copies from the host to a device
};

/// Forgets reports, counts and the error that a fault left behind, and takes the configuration. Memory and streams
/// stay.
FORJA_EMULATION_API void reset(const Config& config = {});
FORJA_EMULATION_API Config config();

FORJA_EMULATION_API std::vector<Report> reports();
FORJA_EMULATION_API Counts counts();
/// CUDA calls since reset().
FORJA_EMULATION_API std::int64_t api_calls();
/// Bytes of device and page-locked memory not yet freed.
FORJA_EMULATION_API std::int64_t live_bytes();
/// Streams, events and handles of cuBLAS and cuSOLVER not yet destroyed.
FORJA_EMULATION_API std::int64_t live_handles();
/// Frees what live_bytes() and live_handles() count: after a test that leaks on purpose.
FORJA_EMULATION_API void release_everything();
/// Whether this is the build with shadow memory.
FORJA_EMULATION_API bool has_shadow();

}  // namespace forja::emulation
