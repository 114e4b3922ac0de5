#pragma once

/// What every header of the device language uses.

#if defined(FORJA_EMULATION_SHADOW)
/// Glue that runs in a kernel's place without being part of it: its accesses are not checked.
#define FORJA_EMULATION_UNCHECKED __attribute__((no_sanitize("thread")))
#define FORJA_EMULATION_GLUE __attribute__((noinline, no_sanitize("thread")))
#else
#define FORJA_EMULATION_UNCHECKED
#define FORJA_EMULATION_GLUE inline
#endif
#define FORJA_EMULATION_HIDDEN __attribute__((visibility("hidden")))

namespace forja::emulation {

/// A line of a kernel's source.
struct Where {
  const char* file = "";
  unsigned line = 0;
};

/// As a default argument: the caller's line.
constexpr Where here(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) { return {file, line}; }

}  // namespace forja::emulation
