#pragma once

/// The only header in which the sources see whether nvcc or the tests' emulation compiles them.

#include <cuda_runtime.h>

namespace forja::cuda {

/// `warpSize` is no constant for nvcc.
inline constexpr int kWarp = 32;

namespace detail {
template <class T>
struct Same {
  using type = T;
};
}  // namespace detail

}  // namespace forja::cuda

/// FORJA_SHARED(tile, float[32][33]): shared memory of a fixed size; the type has no constructor.
/// FORJA_DYNAMIC_SHARED(float, buffer): the launch's dynamic shared memory, aligned to 16 bytes, one per kernel.
/// FORJA_UNROLL before a loop: what it indexes stays in registers.
#if defined(__CUDACC__)
#define FORJA_UNROLL _Pragma("unroll")
#define FORJA_SHARED(name, ...) __shared__ typename ::forja::cuda::detail::Same<__VA_ARGS__>::type name
#define FORJA_DYNAMIC_SHARED(T, name)                                         \
  extern __shared__ __align__(16) unsigned char forja_dynamic_shared_bytes[]; \
  T* const name = reinterpret_cast<T*>(forja_dynamic_shared_bytes)
#else
#define FORJA_UNROLL
#define FORJA_SHARED(name, ...)                         \
  static ::forja::emulation::SharedSlot name##_slot_{}; \
  auto& name = ::forja::emulation::shared_variable<__VA_ARGS__>(name##_slot_)
#define FORJA_DYNAMIC_SHARED(T, name) T* const name = ::forja::emulation::dynamic_shared<T>()
#endif
