#pragma once

#include <cstddef>
#include <cstdint>

namespace forja::emulation {

struct Launch;

/// Bytes of shared memory that every block has without asking.
inline constexpr std::size_t kSharedDefault = std::size_t{48} << 10;

// The shared memory of the one block that runs: the dynamic part first, then the variables in the order in which the
// launch first meets them, with space between them that nobody may touch.
void begin_shared(const Launch& launch, std::uint64_t number);
void begin_block_shared();
void end_shared(const Launch& launch);

/// Bytes of static shared memory that launches of the kernel were seen to use; 0 before the first.
std::size_t static_shared_bytes(const void* kernel);

}  // namespace forja::emulation
