#pragma once

#include <cstdint>

namespace forja::cuda {

/// Some rows as kernels get them, and how columns are used: x' = (x - shift) * scale, y' likewise.
template <class T>
struct LinearView {
  const T* x = nullptr;
  const T* y = nullptr;
  const T* weight = nullptr;  ///< null: all one
  const T* shift = nullptr;   ///< of d + t columns
  const T* scale = nullptr;
  std::int64_t rows = 0;
  std::int64_t d = 0;
  std::int64_t t = 0;
  double weight_inverse = 1;  ///< of the power of two above the greatest weight; one where all are
};

}  // namespace forja::cuda
