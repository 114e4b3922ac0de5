#include "kmeans/centers.h"

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace forja::cpu {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void Centers<T>::resize(std::int64_t k, std::int64_t d) {
  k_ = k;
  d_ = d;
  values_.resize(static_cast<std::size_t>(k * d));
  squares_.resize(static_cast<std::size_t>(k));
}

template <class T>
void Centers<T>::finish() {
  double largest = 0;
  for (std::int64_t j = 0; j < k_; ++j) {
    const T* c = row(j);
    double square = 0;
    for (std::int64_t i = 0; i < d_; ++i) square += static_cast<double>(c[i]) * static_cast<double>(c[i]);
    squares_[static_cast<std::size_t>(j)] = static_cast<T>(square);
    largest = std::max(largest, square);
  }
  largest_norm_ = norm_above<T>(largest);
}

template <class T>
std::int32_t Centers<T>::nearest(const T* x, T norm, std::span<T> scores) const {
  T least = std::numeric_limits<T>::infinity();
  T second = least;
  std::int64_t nearest = 0;
  for (std::int64_t j = 0; j < k_; ++j) {
    const T* c = row(j);
    T product = 0;
    for (std::int64_t i = 0; i < d_; ++i) product += x[i] * c[i];
    const T score = square(j) - 2 * product;
    scores[static_cast<std::size_t>(j)] = score;
    if (score < least) {
      second = least;
      least = score;
      nearest = j;
    } else {
      second = std::min(second, score);
    }
  }
  const T unsure = 2 * formulas::score_error<T>(d_, norm, largest_norm_);
  if (second - least > unsure) return static_cast<std::int32_t>(nearest);
  double distance = std::numeric_limits<double>::infinity();
  for (std::int64_t j = 0; j < k_; ++j) {
    if (scores[static_cast<std::size_t>(j)] - least > unsure) continue;
    const double exact = formulas::exact_distance(x, row(j), d_);
    if (exact < distance) {
      distance = exact;
      nearest = j;
    }
  }
  return static_cast<std::int32_t>(nearest);
}

template <class T>
T distance_at_most(const T* x, const T* c, std::int64_t d) {
  const hn::ScalableTag<T> tag;
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(tag));
  constexpr int kSums = 4;  // hide the latency of an addition
  hn::Vec<decltype(tag)> sums[kSums];
  for (auto& sum : sums) sum = hn::Zero(tag);
  std::int64_t j = 0;
  for (; j + kSums * kLanes <= d; j += kSums * kLanes) {
    for (int s = 0; s < kSums; ++s) {
      const auto difference = hn::Sub(hn::LoadU(tag, x + j + s * kLanes), hn::LoadU(tag, c + j + s * kLanes));
      sums[s] = hn::MulAdd(difference, difference, sums[s]);
    }
  }
  for (; j + kLanes <= d; j += kLanes) {
    const auto difference = hn::Sub(hn::LoadU(tag, x + j), hn::LoadU(tag, c + j));
    sums[0] = hn::MulAdd(difference, difference, sums[0]);
  }
  T square = hn::GetLane(hn::SumOfLanes(tag, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
  for (; j < d; ++j) square += (x[j] - c[j]) * (x[j] - c[j]);
  return formulas::length_above_sum<T>(square, d);
}

template float distance_at_most(const float*, const float*, std::int64_t);
template double distance_at_most(const double*, const double*, std::int64_t);
template class Centers<float>;
template class Centers<double>;

}  // namespace forja::cpu
