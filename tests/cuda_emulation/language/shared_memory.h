#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "location.h"

namespace forja::emulation {

/// Where a variable of a kernel's static shared memory lies in the launch that is running.
struct SharedSlot {
  std::uint64_t launch = 0;
  std::size_t offset = 0;
};

FORJA_EMULATION_HIDDEN void* static_shared_memory(SharedSlot& slot, std::size_t bytes, std::size_t alignment,
                                                  Where where);
FORJA_EMULATION_HIDDEN void* dynamic_shared_memory(std::size_t alignment, Where where);

template <class T>
FORJA_EMULATION_GLUE T& shared_variable(SharedSlot& slot, Where where = here()) {
  static_assert(std::is_trivially_default_constructible_v<std::remove_all_extents_t<T>>,
                "shared variables have no constructor");
  return *static_cast<T*>(static_shared_memory(slot, sizeof(T), alignof(T), where));
}

template <class T>
FORJA_EMULATION_GLUE T* dynamic_shared(Where where = here()) {
  return static_cast<T*>(dynamic_shared_memory(alignof(T), where));
}

}  // namespace forja::emulation
