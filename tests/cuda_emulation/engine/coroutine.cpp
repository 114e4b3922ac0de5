#include "coroutine.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <new>

#include "sanitizers.h"

namespace forja::emulation {

namespace {
constexpr std::size_t kGuardBytes = 4096;
}

void allocate_stack(Coroutine& coroutine) {
  void* memory = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, kGuardBytes, PROT_NONE) != 0) throw std::bad_alloc();
  coroutine.stack = static_cast<char*>(memory) + kGuardBytes;
  coroutine.stack_bytes = kStackBytes;
  coroutine.owns_stack = true;
}

#if !defined(__x86_64__) || defined(FORJA_EMULATION_UCONTEXT)

namespace {

void* joined(unsigned low, unsigned high) {
  return reinterpret_cast<void*>((static_cast<std::uintptr_t>(high) << 32) | low);
}

// makecontext passes ints only.
void start(unsigned entry_low, unsigned entry_high, unsigned argument_low, unsigned argument_high) {
  reinterpret_cast<void (*)(void*)>(joined(entry_low, entry_high))(joined(argument_low, argument_high));
}

void jump(Coroutine& from, Coroutine& to) { swapcontext(&from.context, &to.context); }

void set_entry(Coroutine& coroutine, void (*entry)(void*), void* argument) {
  getcontext(&coroutine.context);
  coroutine.context.uc_stack.ss_sp = coroutine.stack;
  coroutine.context.uc_stack.ss_size = coroutine.stack_bytes;
  coroutine.context.uc_link = nullptr;
  const auto code = reinterpret_cast<std::uintptr_t>(entry);
  const auto data = reinterpret_cast<std::uintptr_t>(argument);
  makecontext(&coroutine.context, reinterpret_cast<void (*)()>(start), 4, static_cast<unsigned>(code),
              static_cast<unsigned>(code >> 32), static_cast<unsigned>(data), static_cast<unsigned>(data >> 32));
}

}  // namespace

#else

extern "C" {
FORJA_EMULATION_HIDDEN void forja_emulation_jump(void** save, void* load);
FORJA_EMULATION_HIDDEN void forja_emulation_start();
}

// What a call must preserve goes on the old stack and comes from the new one; a swap without system calls.
asm(R"(
.text
.p2align 4
.hidden forja_emulation_jump
.globl forja_emulation_jump
.type forja_emulation_jump,@function
forja_emulation_jump:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
.size forja_emulation_jump, .-forja_emulation_jump

.p2align 4
.hidden forja_emulation_start
.globl forja_emulation_start
.type forja_emulation_start,@function
forja_emulation_start:
  mov %rbx, %rdi
  xor %ebp, %ebp
  call *%r12
  ud2
.size forja_emulation_start, .-forja_emulation_start
)");

namespace {

void jump(Coroutine& from, Coroutine& to) { forja_emulation_jump(&from.stack_pointer, to.stack_pointer); }

void set_entry(Coroutine& coroutine, void (*entry)(void*), void* argument) {
  // Stacks start at different cache sets: they are all aligned alike.
  const std::size_t shift = (reinterpret_cast<std::uintptr_t>(coroutine.stack) / kStackBytes % 61) * 64;
  // After `start` is popped, the stack pointer is a multiple of 16, as its call needs.
  char* top = coroutine.stack + coroutine.stack_bytes - 64 - shift - sizeof(void*);
  void* frame[7] = {};  // r15 r14 r13 r12 rbx rbp, return address
  frame[3] = reinterpret_cast<void*>(entry);
  frame[4] = argument;
  frame[6] = reinterpret_cast<void*>(forja_emulation_start);
  char* pointer = top - 6 * sizeof(void*);
  std::memcpy(pointer, frame, sizeof frame);
  coroutine.stack_pointer = pointer;
}

}  // namespace

#endif

void prepare(Coroutine& coroutine, void (*entry)(void*), void* argument) {
  FORJA_EMULATION_UNPOISON(coroutine.stack, coroutine.stack_bytes);
  coroutine.sanitizer_state = nullptr;
  renew_sanitizer_fiber(coroutine);
  set_entry(coroutine, entry, argument);
}

void switch_to(Coroutine& from, Coroutine& to, bool for_good) {
  before_switch(from, to, for_good);
  jump(from, to);
  after_switch(from, to);
}

void arrive_from(Coroutine& main) { first_arrival(main); }

}  // namespace forja::emulation
