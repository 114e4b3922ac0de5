#pragma once

#include <cstddef>
#if !defined(__x86_64__) || defined(FORJA_EMULATION_UCONTEXT)
#include <ucontext.h>
#endif

namespace forja::emulation {

/// A stack and the place in it where its code stands. The default one takes the place of the caller's own stack.
struct Coroutine {
#if !defined(__x86_64__) || defined(FORJA_EMULATION_UCONTEXT)
  ucontext_t context{};
#else
  void* stack_pointer = nullptr;
#endif
  char* stack = nullptr;  ///< its low end
  std::size_t stack_bytes = 0;
  bool owns_stack = false;
  void* sanitizer_state = nullptr;
  void* sanitizer_fiber = nullptr;
};

inline constexpr std::size_t kStackBytes = std::size_t{256} << 10;

/// Gives the coroutine a stack with a guard page below. Its memory stays until the process ends.
void allocate_stack(Coroutine& coroutine);

/// Makes entry(argument) what the coroutine does when it is next switched to. entry never returns and calls
/// arrive_from(main) first.
void prepare(Coroutine& coroutine, void (*entry)(void*), void* argument);

/// Leaves `from`, which is running, and goes on with `to`. for_good: `from` will only run again after prepare().
void switch_to(Coroutine& from, Coroutine& to, bool for_good = false);

/// The first thing on a fresh stack: `main` is what switched to it.
void arrive_from(Coroutine& main);

}  // namespace forja::emulation
