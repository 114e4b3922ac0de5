#pragma once

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "compute/descent_compute.h"
#include "forja/matrix.h"
#include "runtime/aligned.h"

namespace forja::cpu {

namespace hn = hwy::HWY_NAMESPACE;

/// The caller's rows, targets and weights, and what a row does to outputs.
template <class T>
struct DescentData {
  MatrixView<const T> x;
  MatrixView<const T> y;
  std::span<const T> weight;
  formulas::RowLoss<T> loss;
  std::int64_t outputs;

  bool coupled() const { return loss.kind == formulas::LossKind::multinomial; }
  const T* row(std::int64_t i) const { return x.data() + i * x.stride(); }

  /// Puts weight x derivative in the place of the margins of some outputs; adds weight x loss to their losses.
  void take_losses(std::int64_t i, std::span<const std::int64_t> list, T* margins, double* losses) const {
    const double own = weight.empty() ? 1.0 : static_cast<double>(weight[static_cast<std::size_t>(i)]);
    const T* target = y.data() + i * y.stride();
    if (coupled()) {
      losses[0] += loss([&](std::int64_t) { return target[0]; }, own, margins, outputs);
      return;
    }
    for (std::size_t k = 0; k < list.size(); ++k) {
      const T lone = formulas::lone_target(loss.kind, target, list[k], outputs);
      losses[k] += loss([&](std::int64_t) { return lone; }, own, margins + k, 1);
    }
  }
};

/// Numbers of T in a line of the cache.
template <class T>
inline constexpr std::int64_t kLine = kAlignment / sizeof(T);

/// The products of a row with kCount vectors that lie `stride` apart. A product's order of summation does not depend on
/// kCount. With kFetch `next`, a row as well, is fetched on the way: all its lines at once would hold up the products.
template <int kCount, bool kFetch = false, class T>
void row_products(const T* x, std::int64_t d, const T* w, std::int64_t stride, T* out, const T* next = nullptr) {
  const hn::ScalableTag<T> tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  hn::Vec<decltype(tag)> sums[kCount][2];
  for (auto& sum : sums) sum[0] = sum[1] = hn::Zero(tag);
  std::int64_t j = 0;
  for (; j + 2 * lanes <= d; j += 2 * lanes) {
    if constexpr (kFetch) {
      for (std::int64_t k = 0; k < 2 * lanes; k += kLine<T>) __builtin_prefetch(next + j + k);
    }
    const auto x0 = hn::LoadU(tag, x + j);
    const auto x1 = hn::LoadU(tag, x + j + lanes);
    for (int c = 0; c < kCount; ++c) {
      sums[c][0] = hn::MulAdd(x0, hn::LoadU(tag, w + c * stride + j), sums[c][0]);
      sums[c][1] = hn::MulAdd(x1, hn::LoadU(tag, w + c * stride + j + lanes), sums[c][1]);
    }
  }
  if constexpr (kFetch) {
    for (std::int64_t k = j; k < d; k += kLine<T>) __builtin_prefetch(next + k);
  }
  for (int c = 0; c < kCount; ++c) {
    T sum = hn::GetLane(hn::SumOfLanes(tag, hn::Add(sums[c][0], sums[c][1])));
    for (std::int64_t k = j; k < d; ++k) sum += x[k] * w[c * stride + k];
    out[c] = sum;
  }
}

/// Of `count` > 0 vectors, `next` fetched on the way.
template <class T>
void row_products(const T* x, std::int64_t d, const T* w, std::int64_t stride, std::int64_t count, T* out,
                  const T* next) {
  std::int64_t c = count >= 4 ? 4 : (count >= 2 ? 2 : 1);
  if (c == 4) row_products<4, true>(x, d, w, stride, out, next);
  if (c == 2) row_products<2, true>(x, d, w, stride, out, next);
  if (c == 1) row_products<1, true>(x, d, w, stride, out, next);
  for (; c + 4 <= count; c += 4) row_products<4>(x, d, w + c * stride, stride, out + c);
  if (count - c >= 2) {
    row_products<2>(x, d, w + c * stride, stride, out + c);
    c += 2;
  }
  if (c < count) row_products<1>(x, d, w + c * stride, stride, out + c);
}

/// y += a x.
template <class T>
void add_multiple(T a, const T* x, std::int64_t d, T* y) {
  const hn::ScalableTag<T> tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  const auto factor = hn::Set(tag, a);
  std::int64_t j = 0;
  for (; j + lanes <= d; j += lanes) {
    hn::StoreU(hn::MulAdd(factor, hn::LoadU(tag, x + j), hn::LoadU(tag, y + j)), tag, y + j);
  }
  for (; j < d; ++j) y[j] += a * x[j];
}

}  // namespace forja::cpu
