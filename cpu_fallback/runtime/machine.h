#pragma once

#include <cstdint>
#include <string>

/// What the operating system tells of the machine.
namespace forja::cpu {

/// The processor's name as its maker writes it.
std::string processor_name();

struct MemoryState {
  std::int64_t total = 0;
  std::int64_t available = 0;
};
MemoryState memory_state();

/// Bytes of one core's data caches; common sizes where the system tells none.
struct CacheSizes {
  std::int64_t level1 = 32 << 10;
  std::int64_t level2 = 512 << 10;
};
const CacheSizes& cache_sizes();

}  // namespace forja::cpu
