#pragma once

#include <cmath>
#include <cstdint>

#include "formulas/host_device.h"

/// Kernels of support vector machines, from the product of two rows and their squared norms.
namespace forja::formulas {

enum class KernelKind : std::int32_t {
  linear,       ///< a b
  poly,         ///< (gamma a b + coef0)^degree
  rbf,          ///< exp(-gamma |a - b|^2)
  sigmoid,      ///< tanh(gamma a b + coef0)
  precomputed,  ///< the entry of the given matrix
};

/// value^power by repeated squares. power >= 0.
template <class T>
FORJA_HD T whole_power(T value, std::int32_t power) {
  T result = 1;
  for (; power > 0; power >>= 1, value *= value) {
    if ((power & 1) != 0) result *= value;
  }
  return result;
}

template <class T>
struct KernelFunction {
  KernelKind kind = KernelKind::rbf;
  T gamma = 1;
  T coef0 = 0;
  std::int32_t degree = 3;

  /// Whether rows may be moved by the same vector.
  FORJA_HD bool shift_free() const { return kind == KernelKind::rbf; }

  /// square_a, square_b: |a|^2 and |b|^2, which only rbf reads; a distance that rounding made negative is 0.
  FORJA_HD T operator()(T product, T square_a, T square_b) const {
    switch (kind) {
      case KernelKind::poly:
        return whole_power(gamma * product + coef0, degree);
      case KernelKind::rbf: {
        const T distance = square_a + square_b - 2 * product;
        return distance > 0 ? std::exp(-gamma * distance) : T(1);
      }
      case KernelKind::sigmoid:
        return std::tanh(gamma * product + coef0);
      case KernelKind::linear:
      case KernelKind::precomputed:
        break;
    }
    return product;
  }
};

}  // namespace forja::formulas
