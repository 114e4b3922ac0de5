#include "kmeans/centers.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace forja::cpu {

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
  largest_norm_ = static_cast<T>(std::sqrt(largest) * (1 + 0x1.0p-22));
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

template class Centers<float>;
template class Centers<double>;

}  // namespace forja::cpu
