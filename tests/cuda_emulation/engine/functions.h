#pragma once

#include <cstddef>

namespace forja::emulation {

/// Bytes of dynamic shared memory that launches of the kernel may ask for.
std::size_t dynamic_shared_limit(const void* kernel);
void set_dynamic_shared_limit(const void* kernel, std::size_t bytes);

}  // namespace forja::emulation
