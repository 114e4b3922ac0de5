#pragma once

#include <cstdint>
#include <span>

#include "runtime/device_buffer.h"

namespace forja::cuda {

/// Makes room for `size` values at least; what was there is lost where it grows.
template <class T>
void grow(const Context& context, DeviceBuffer<T>& buffer, std::int64_t size) {
  if (buffer.size() >= size) return;
  buffer = DeviceBuffer<T>();
  buffer = DeviceBuffer<T>(context, size + size / 2);
}

/// The same, and puts host values there.
template <class T>
void put(const Context& context, DeviceBuffer<T>& buffer, std::span<const T> values) {
  grow(context, buffer, std::ssize(values));
  buffer.upload(values);
}

}  // namespace forja::cuda
