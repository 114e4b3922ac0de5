#pragma once

#include <cstdint>

#include "forja/matrix.h"

namespace forja::compute {

/// Asks for row i of host rows, where there is one, soon before it is read: left to itself, the machine stops at each
/// page's end.
template <class T>
void prefetch_row(MatrixView<const T> x, std::int64_t i) {
  constexpr std::int64_t kLine = 64 / sizeof(T);
  if (i >= x.rows()) return;
  const T* row = x.data() + i * x.stride();
  for (std::int64_t j = 0; j < x.columns(); j += kLine) __builtin_prefetch(row + j, 0, 2);
}

}  // namespace forja::compute
