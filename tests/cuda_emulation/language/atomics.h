#pragma once

#include <cstddef>
#include <type_traits>

#include "location.h"

namespace forja::emulation {

/// Checks an atomic access; in the random order a place to go on with another thread.
FORJA_EMULATION_HIDDEN void before_atomic(const void* address, std::size_t bytes, const void* code, Where where);

/// A kernel's threads share one thread of the machine, so a plain read-modify-write is atomic.
template <class T, class Update>
FORJA_EMULATION_GLUE T atomic_update(T* address, Where where, Update update) {
  before_atomic(address, sizeof(T), __builtin_return_address(0), where);
  const T old = *address;
  *address = update(old);
  return old;
}

// The types that CUDA has atomics for: others must not compile here either.
template <class T>
concept AtomicInteger = std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, unsigned long long>;
template <class T>
concept AtomicAddable = AtomicInteger<T> || std::is_same_v<T, float> || std::is_same_v<T, double>;
template <class T>
concept AtomicSubtractable = std::is_same_v<T, int> || std::is_same_v<T, unsigned>;
template <class T>
concept AtomicOrdered = AtomicInteger<T> || std::is_same_v<T, long long>;
template <class T>
concept AtomicExchangeable = AtomicInteger<T> || std::is_same_v<T, float>;

/// Takes T from the address alone.
template <class T>
using Given = std::type_identity_t<T>;

}  // namespace forja::emulation

#define FORJA_EMULATION_ATOMIC(function, Type, result)                                                                 \
  template <forja::emulation::Type T>                                                                                  \
  T function(T* address, forja::emulation::Given<T> value, forja::emulation::Where where = forja::emulation::here()) { \
    return forja::emulation::atomic_update(                                                                            \
        address, where, [value](T old) FORJA_EMULATION_UNCHECKED { return static_cast<T>(result); });                  \
  }
FORJA_EMULATION_ATOMIC(atomicAdd, AtomicAddable, old + value)
FORJA_EMULATION_ATOMIC(atomicSub, AtomicSubtractable, old - value)
FORJA_EMULATION_ATOMIC(atomicMin, AtomicOrdered, value < old ? value : old)
FORJA_EMULATION_ATOMIC(atomicMax, AtomicOrdered, old < value ? value : old)
FORJA_EMULATION_ATOMIC(atomicAnd, AtomicInteger, (value & old))
FORJA_EMULATION_ATOMIC(atomicOr, AtomicInteger, value | old)
FORJA_EMULATION_ATOMIC(atomicXor, AtomicInteger, value ^ old)
#undef FORJA_EMULATION_ATOMIC

template <forja::emulation::AtomicExchangeable T>
T atomicExch(T* address, forja::emulation::Given<T> value, forja::emulation::Where where = forja::emulation::here()) {
  return forja::emulation::atomic_update(address, where, [value](T) FORJA_EMULATION_UNCHECKED { return value; });
}

template <forja::emulation::AtomicInteger T>
T atomicCAS(T* address, forja::emulation::Given<T> expected, forja::emulation::Given<T> value,
            forja::emulation::Where where = forja::emulation::here()) {
  return forja::emulation::atomic_update(
      address, where, [expected, value](T old) FORJA_EMULATION_UNCHECKED { return old == expected ? value : old; });
}
