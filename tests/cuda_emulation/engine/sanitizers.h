#pragma once

#include "../language/location.h"
#include "coroutine.h"

/// What AddressSanitizer and ThreadSanitizer must be told: switches between stacks, and memory nobody may touch.

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FORJA_EMULATION_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define FORJA_EMULATION_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FORJA_EMULATION_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define FORJA_EMULATION_TSAN 1
#endif

#if defined(FORJA_EMULATION_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define FORJA_EMULATION_POISON(address, bytes) __asan_poison_memory_region(address, bytes)
#define FORJA_EMULATION_UNPOISON(address, bytes) __asan_unpoison_memory_region(address, bytes)
#else
#define FORJA_EMULATION_POISON(address, bytes) static_cast<void>(address)
#define FORJA_EMULATION_UNPOISON(address, bytes) static_cast<void>(address)
#endif

#if defined(FORJA_EMULATION_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace forja::emulation {

#if defined(FORJA_EMULATION_ASAN)

inline void renew_sanitizer_fiber(Coroutine&) {}
inline void before_switch(Coroutine& from, Coroutine& to, bool for_good) {
  __sanitizer_start_switch_fiber(for_good ? nullptr : &from.sanitizer_state, to.stack, to.stack_bytes);
}
// A coroutine of its own stack always comes from the main one, whose bounds only the sanitizer knows.
inline void after_switch(Coroutine& from, Coroutine& to) {
  const void* stack = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(from.sanitizer_state, &stack, &bytes);
  if (!from.owns_stack) return;
  to.stack = static_cast<char*>(const_cast<void*>(stack));
  to.stack_bytes = bytes;
}
inline void first_arrival(Coroutine& main) {
  const void* stack = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(nullptr, &stack, &bytes);
  main.stack = static_cast<char*>(const_cast<void*>(stack));
  main.stack_bytes = bytes;
}

#elif defined(FORJA_EMULATION_TSAN)

inline void renew_sanitizer_fiber(Coroutine& coroutine) {
  if (coroutine.sanitizer_fiber != nullptr) __tsan_destroy_fiber(coroutine.sanitizer_fiber);
  coroutine.sanitizer_fiber = __tsan_create_fiber(0);
}
inline void before_switch(Coroutine& from, Coroutine& to, bool) {
  if (!from.owns_stack) from.sanitizer_fiber = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(to.sanitizer_fiber, 0);
}
inline void after_switch(Coroutine&, Coroutine&) {}
inline void first_arrival(Coroutine&) {}

#else

inline void renew_sanitizer_fiber(Coroutine&) {}
inline void before_switch(Coroutine&, Coroutine&, bool) {}
inline void after_switch(Coroutine&, Coroutine&) {}
inline void first_arrival(Coroutine&) {}

#endif

}  // namespace forja::emulation
