#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <vector>

namespace forja::cpu {

/// Bytes in a cache line, and the widest vector.
inline constexpr std::size_t kAlignment = 64;

/// From this size on, memory is asked for in pages of this size: fewer of them to fault in and to look up.
inline constexpr std::size_t kLargePage = std::size_t{1} << 21;

/// Gives out memory that vectors may load aligned; leaves numbers uninitialised when a vector grows without a value.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) {
    void* memory = ::operator new(count * sizeof(T), alignment(count));
    if (alignment(count) == std::align_val_t{kLargePage}) madvise(memory, count * sizeof(T), MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* pointer, std::size_t count) { ::operator delete(pointer, alignment(count)); }
  template <class U>
  void construct(U* place) {
    ::new (static_cast<void*>(place)) U;
  }
  template <class U, class... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    ::new (static_cast<void*>(place)) U(static_cast<Arguments&&>(arguments)...);
  }
  static std::align_val_t alignment(std::size_t count) {
    return std::align_val_t{count * sizeof(T) >= 2 * kLargePage ? kLargePage : kAlignment};
  }
  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace forja::cpu
