#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "../engine/scheduler.h"
#include "../engine/state.h"
#include "internal.h"

/// The functions that the compiler calls before every load and store under -fsanitize=thread.
namespace forja::emulation::shadow {

thread_local int accessor __attribute__((tls_model("initial-exec"))) = kHost;

namespace {

std::uintptr_t stack_begin = 0;
std::size_t stack_size = 0;
std::uintptr_t arguments_begin = 0;
std::size_t arguments_size = 0;

std::set<std::pair<std::string, const void*>>& reported() {
  static std::set<std::pair<std::string, const void*>> all;
  return all;
}

// A bad access is none: what it says of the byte must not change.
bool bad_state(const Reach& reach, std::size_t offset, int who) {
  const std::uint8_t* state = arena().state + offset;
  std::uint8_t all = 0xFF;
  for (std::size_t i = 0; i < reach.bytes; ++i) all &= state[i];
  if ((all & kAlive) == 0) {
    bool freed = false;
    for (std::size_t i = 0; i < reach.bytes; ++i) freed = freed || (state[i] & kFreed) != 0;
    report_access(freed ? "use-after-free" : "out-of-bounds", reach, "");
    return true;
  }
  if (who == kHost) {
    if ((all & kHostMay) == 0) report_access("device-memory-on-host", reach, "touched by the host");
    return (all & kHostMay) == 0;
  }
  if (reach.aligned && reach.bytes > 1 && reach.address % reach.bytes != 0) report_access("misaligned", reach, "");
  if ((!reach.write || reach.atomic) && (all & kWritten) == 0) {
    report_access("uninitialised", reach, "read before any write");
  }
  return false;
}

void note_written(const Reach& reach, std::size_t offset) {
  ++counters().accesses;
  if (!reach.write) return;
  std::uint8_t* state = arena().state + offset;
  for (std::size_t i = 0; i < reach.bytes; ++i) state[i] |= kWritten;
}

void on_outside(const Reach& reach) {
  if (reach.address - stack_begin < stack_size || in_program(reach.address)) return;
  if (!reach.write && reach.address - arguments_begin < arguments_size) return;
  constexpr std::uintptr_t kFirstPage = 4096;
  report_access("host-memory", reach,
                reach.address < kFirstPage ? "a null pointer" : "host memory, or another thread's stack");
}

}  // namespace

int enter_engine() { return std::exchange(accessor, kEngine); }

void leave_engine(int outer) { accessor = outer; }

void set_accessor(int who) { accessor = who; }

void set_running_stack(std::uintptr_t begin, std::size_t bytes) {
  stack_begin = begin;
  stack_size = bytes;
}

void set_arguments(const void* arguments, std::size_t bytes) {
  arguments_begin = reinterpret_cast<std::uintptr_t>(arguments);
  arguments_size = bytes;
}

void on_access(const Reach& reach) {
  const int who = accessor;
  if (who == kEngine || reach.bytes == 0) return;
  Arena& a = arena();
  const std::size_t offset = a.offset(reach.address);
  const bool outside = offset >= kArenaBytes;
  if (outside && who == kHost) return;
  accessor = kEngine;
  if (outside) {
    on_outside(reach);
  } else if (!bad_state(reach, offset, who)) {
    if (who == kHost) {
      check_host_order(reach, offset);
    } else {
      note_written(reach, offset);
      check_order(reach, offset);
    }
  }
  accessor = who;
}

bool already_reported(const char* kind, const void* code) { return reported().count({kind, code}) != 0; }

void forget_reported() { reported().clear(); }

void report_access(const char* kind, const Reach& reach, const std::string& more) {
  const std::lock_guard lock(big_lock());
  if (reported().insert({kind, reach.code}).second) {
    const std::size_t offset = arena().offset(reach.address);
    const char* space = offset >= kArenaBytes       ? ""
                        : arena().is_shared(offset) ? "of shared memory "
                                                    : "of device memory ";
    const std::string where =
        reach.code == nullptr ? "a copy, fill or library call" : source_line(code_offset(reach.code));
    report(kind, scheduler().position() + ", " + where + ": " + std::to_string(reach.bytes) + " bytes " + space +
                     "at " + text_of(reinterpret_cast<const void*>(reach.address)) + (more.empty() ? "" : ": ") + more);
  }
}

namespace {

inline void access(const void* address, std::size_t bytes, bool write, const void* code, bool aligned = false) {
  if (accessor == kEngine) return;
  on_access({reinterpret_cast<std::uintptr_t>(address), bytes, write, false, code, aligned});
}

}  // namespace

}  // namespace forja::emulation::shadow

using forja::emulation::shadow::access;

#define FORJA_CODE __builtin_return_address(0)
#define FORJA_HOOKS(N)                                                        \
  void __tsan_read##N(void* p) { access(p, N, false, FORJA_CODE, true); }     \
  void __tsan_write##N(void* p) { access(p, N, true, FORJA_CODE, true); }     \
  void __tsan_unaligned_read##N(void* p) { access(p, N, false, FORJA_CODE); } \
  void __tsan_unaligned_write##N(void* p) { access(p, N, true, FORJA_CODE); } \
  void __tsan_read_write##N(void* p) {                                        \
    access(p, N, false, FORJA_CODE, true);                                    \
    access(p, N, true, FORJA_CODE, true);                                     \
  }                                                                           \
  void __tsan_unaligned_read_write##N(void* p) {                              \
    access(p, N, false, FORJA_CODE);                                          \
    access(p, N, true, FORJA_CODE);                                           \
  }
#define FORJA_ATOMIC_HOOKS(BITS, T)                                                                                 \
  T __tsan_atomic##BITS##_load(const volatile T* p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }           \
  void __tsan_atomic##BITS##_store(volatile T* p, T v, int) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }           \
  T __tsan_atomic##BITS##_exchange(volatile T* p, T v, int) { return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); } \
  T __tsan_atomic##BITS##_fetch_add(volatile T* p, T v, int) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); } \
  T __tsan_atomic##BITS##_fetch_sub(volatile T* p, T v, int) { return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST); } \
  T __tsan_atomic##BITS##_fetch_and(volatile T* p, T v, int) { return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST); } \
  T __tsan_atomic##BITS##_fetch_or(volatile T* p, T v, int) { return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST); }   \
  T __tsan_atomic##BITS##_fetch_xor(volatile T* p, T v, int) { return __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST); } \
  int __tsan_atomic##BITS##_compare_exchange_strong(volatile T* p, T* c, T v, int, int) {                           \
    return __atomic_compare_exchange_n(p, c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                         \
  }                                                                                                                 \
  int __tsan_atomic##BITS##_compare_exchange_weak(volatile T* p, T* c, T v, int, int) {                             \
    return __atomic_compare_exchange_n(p, c, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                         \
  }

// The names are the compiler's.
// NOLINTBEGIN(clang-diagnostic-reserved-identifier)
extern "C" {

FORJA_HOOKS(1)
FORJA_HOOKS(2)
FORJA_HOOKS(4)
FORJA_HOOKS(8)
FORJA_HOOKS(16)
void __tsan_read_range(void* p, unsigned long n) { access(p, n, false, FORJA_CODE); }
void __tsan_write_range(void* p, unsigned long n) { access(p, n, true, FORJA_CODE); }
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

// What a std::atomic or a shared_ptr in the host's code of a .cu file uses.
FORJA_ATOMIC_HOOKS(8, unsigned char)
FORJA_ATOMIC_HOOKS(16, unsigned short)
FORJA_ATOMIC_HOOKS(32, unsigned)
FORJA_ATOMIC_HOOKS(64, unsigned long)
void __tsan_atomic_thread_fence(int) {}
void __tsan_atomic_signal_fence(int) {}

// Compilers turn copies of structs and arrays into calls of these, without a hook: linked by --wrap.
void* __real_memcpy(void* to, const void* from, std::size_t n);
void* __real_memmove(void* to, const void* from, std::size_t n);
void* __real_memset(void* to, int value, std::size_t n);
void* __wrap_memcpy(void* to, const void* from, std::size_t n) {
  access(from, n, false, FORJA_CODE);
  access(to, n, true, FORJA_CODE);
  return __real_memcpy(to, from, n);
}
void* __wrap_memmove(void* to, const void* from, std::size_t n) {
  access(from, n, false, FORJA_CODE);
  access(to, n, true, FORJA_CODE);
  return __real_memmove(to, from, n);
}
void* __wrap_memset(void* to, int value, std::size_t n) {
  access(to, n, true, FORJA_CODE);
  return __real_memset(to, value, n);
}

}  // extern "C"
// NOLINTEND(clang-diagnostic-reserved-identifier)
