#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shadow.h"

namespace forja::emulation::shadow {

/// What is known of one byte: bits.
inline constexpr std::uint8_t kAlive = 1;
inline constexpr std::uint8_t kWritten = 2;
inline constexpr std::uint8_t kHostMay = 4;
inline constexpr std::uint8_t kFreed = 8;

/// One access to four bytes.
struct Access {
  std::uint32_t operation = 0;  ///< of a stream; 0: none yet
  std::uint32_t block = 0;
  std::uint32_t block_epoch = 0;  ///< barriers of the block before it
  std::uint32_t warp_epoch = 0;   ///< __syncwarp()s of the thread before it
  std::uint32_t code = 0;         ///< offset in the program; 0: a copy or a fill
  std::uint16_t thread = 0;
  std::uint8_t bytes = 0;  ///< bits: which of the four
  bool atomic = false;
};

/// The last accesses to four bytes.
struct Cell {
  Access write;
  Access read;
  Access other_read;
};

inline constexpr std::size_t kArenaBytes = std::size_t{8} << 30;

/// All memory that has a shadow, in one range of addresses.
struct Arena {
  char* memory = nullptr;
  std::uint8_t* state = nullptr;
  Cell* cells = nullptr;
  std::size_t used = 0;
  std::size_t live = 0;  ///< allocations
  std::size_t shared_begin = 0;
  std::size_t shared_end = 0;

  /// At least kArenaBytes for what lies outside.
  std::size_t offset(std::uintptr_t address) const { return address - reinterpret_cast<std::uintptr_t>(memory); }
  bool is_shared(std::size_t at) const { return at >= shared_begin && at < shared_end; }
};

Arena& arena();

/// Whose accesses the hooks see in this thread of the host.
extern thread_local int accessor __attribute__((tls_model("initial-exec")));

struct Reach {
  std::uintptr_t address;
  std::size_t bytes;
  bool write;
  bool atomic;
  const void* code;
  bool aligned = true;  ///< as its size asks
};

/// The stack of the thread that runs.
void set_running_stack(std::uintptr_t begin, std::size_t bytes);

/// An access by a kernel's thread to memory of the arena whose state allows it: looks for races.
void check_order(const Reach& reach, std::size_t offset);
/// The same for the host, which touches page-locked memory beside copies.
void check_host_order(const Reach& reach, std::size_t offset);
/// The hooks' one function.
void on_access(const Reach& reach);

/// Reports once per line of code and kind.
void report_access(const char* kind, const Reach& reach, const std::string& more);
bool already_reported(const char* kind, const void* code);
void forget_reported();

std::uint32_t code_offset(const void* code);
/// "file.cu:12", by addr2line.
std::string source_line(std::uint32_t code);
bool in_program(std::uintptr_t address);

}  // namespace forja::emulation::shadow
