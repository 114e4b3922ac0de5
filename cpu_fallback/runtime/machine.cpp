#include "runtime/machine.h"

#include <unistd.h>

#include <fstream>

namespace forja::cpu {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "CPU";
}

MemoryState memory_state() {
  constexpr std::int64_t kKibibyte = 1024;
  MemoryState state;
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::string unit;
  for (std::int64_t value = 0; file >> name >> value; std::getline(file, unit)) {
    if (name == "MemTotal:") state.total = value * kKibibyte;
    if (name == "MemAvailable:") state.available = value * kKibibyte;
  }
  return state;
}

const CacheSizes& cache_sizes() {
  static const CacheSizes sizes = [] {
    CacheSizes found;
    const long level1 = sysconf(_SC_LEVEL1_DCACHE_SIZE);
    const long level2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
    if (level1 > 0) found.level1 = level1;
    if (level2 > 0) found.level2 = level2;
    return found;
  }();
  return sizes;
}

}  // namespace forja::cpu
