#pragma once

#include <cstdint>
#include <new>
#include <string>

#include "forja/error.h"
#include "runtime/machine.h"

namespace forja::cpu {

/// Runs `make`; what it lacks of memory is told in the library's own words.
template <class Make>
auto within_memory(const char* what, std::int64_t bytes, const Make& make) {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    const std::int64_t free = memory_state().available;
    throw OutOfMemory(std::string("cpu: ") + what + " needs about " + std::to_string(bytes) + " bytes but " +
                          std::to_string(free) + " are free",
                      bytes, free);
  }
}

}  // namespace forja::cpu
