#pragma once

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "formulas/kernel_functions.h"

/// formulas::KernelFunction on machine vectors.
namespace forja::cpu {

namespace hn = hwy::HWY_NAMESPACE;

template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> kernel_vector(D tag, const formulas::KernelFunction<T>& kernel, hn::Vec<D> product,
                                    hn::Vec<D> square_a, hn::Vec<D> square_b) {
  using formulas::KernelKind;
  const auto gamma = hn::Set(tag, kernel.gamma);
  switch (kernel.kind) {
    case KernelKind::poly: {
      auto base = hn::MulAdd(gamma, product, hn::Set(tag, kernel.coef0));
      auto result = hn::Set(tag, T(1));
      for (std::int32_t power = kernel.degree; power > 0; power >>= 1, base = hn::Mul(base, base)) {
        if ((power & 1) != 0) result = hn::Mul(result, base);
      }
      return result;
    }
    case KernelKind::rbf: {
      const auto distance = hn::Sub(hn::Add(square_a, square_b), hn::Add(product, product));
      return hn::Exp(tag, hn::Neg(hn::Mul(gamma, hn::Max(distance, hn::Zero(tag)))));
    }
    case KernelKind::sigmoid:
      return hn::Tanh(tag, hn::MulAdd(gamma, product, hn::Set(tag, kernel.coef0)));
    case KernelKind::linear:
    case KernelKind::precomputed:
      break;
  }
  return product;
}

}  // namespace forja::cpu
