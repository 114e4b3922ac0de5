#pragma once

#include <hwy/highway.h>
// After highway.h.
#include <hwy/contrib/math/math-inl.h>

#include <cstdint>

namespace forja::cpu {

/// formulas::softmax() of a vector's lanes of rows at once: margins is `count` vectors, output by output, aligned. Puts
/// what of the sum is each output's share in their place, and for each row, whose own class has the margin own[r], into
/// loss[r] the multinomial log-loss and into missing[r] own share less 1, with its digits where it is small. Where a
/// margin is not finite all of them are NaN.
template <class T>
void softmax_rows(T* margins, std::int64_t count, const T* own, T* loss, T* missing) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<T> tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  auto greatest = hn::Load(tag, margins);
  auto first = hn::Zero(tag);
  for (std::int64_t c = 1; c < count; ++c) {
    const auto margin = hn::Load(tag, margins + c * lanes);
    const auto more = hn::Gt(margin, greatest);
    greatest = hn::IfThenElse(more, margin, greatest);
    first = hn::IfThenElse(more, hn::Set(tag, static_cast<T>(c)), first);
  }
  auto others = hn::Zero(tag);
  auto sound = hn::Zero(tag);  // NaN where something is not finite, which vector exponentials pass over
  for (std::int64_t c = 0; c < count; ++c) {
    const auto margin = hn::Load(tag, margins + c * lanes);
    const auto part = hn::Exp(tag, hn::Sub(margin, greatest));
    others = hn::Add(others, hn::IfThenZeroElse(hn::Eq(first, hn::Set(tag, static_cast<T>(c))), part));
    sound = hn::MulAdd(margin, hn::Zero(tag), sound);
  }
  const auto excess = hn::Add(hn::Log1p(tag, others), sound);
  const auto own_margin = hn::Load(tag, own);
  hn::Store(hn::Add(hn::Sub(greatest, own_margin), excess), tag, loss);
  const auto of_own = hn::Sub(hn::Sub(own_margin, greatest), excess);
  hn::Store(hn::Add(hn::Expm1(tag, of_own), sound), tag, missing);
  for (std::int64_t c = 0; c < count; ++c) {
    const auto margin = hn::Load(tag, margins + c * lanes);
    const auto share = hn::Exp(tag, hn::Sub(hn::Sub(margin, greatest), excess));
    hn::Store(hn::Add(share, sound), tag, margins + c * lanes);
  }
}

}  // namespace forja::cpu
