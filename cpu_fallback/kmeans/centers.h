#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"
#include "kmeans/training_rows.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// k centres c' in T, row-major, with what scores need of them.
template <class T>
class Centers {
 public:
  void resize(std::int64_t k, std::int64_t d);
  std::int64_t count() const { return k_; }
  std::int64_t columns() const { return d_; }
  T* row(std::int64_t j) { return values_.data() + j * d_; }
  const T* row(std::int64_t j) const { return values_.data() + j * d_; }

  /// To be called after the entries have been set.
  void finish();
  /// ||c||^2 rounded to T.
  T square(std::int64_t j) const { return squares_[static_cast<std::size_t>(j)]; }
  /// An upper bound on every centre's norm.
  T largest_norm() const { return largest_norm_; }

  /// The nearest centre of x' by the seam's contract; norm: an upper bound on ||x'||. scores: scratch of k values.
  std::int32_t nearest(const T* x, T norm, std::span<T> scores) const;

 private:
  AlignedVector<T> values_;
  AlignedVector<T> squares_;
  T largest_norm_ = 0;
  std::int64_t k_ = 0;
  std::int64_t d_ = 0;
};

/// ||x - c||^2 in double, summed in the order that vectors like: for sums that decide nothing.
template <class T>
double squared_distance(const T* x, const T* c, std::int64_t d) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < d; ++j) {
    const double difference = static_cast<double>(x[j]) - static_cast<double>(c[j]);
    sum += difference * difference;
  }
  return sum;
}

/// Likewise of x' from a row x.
template <class T>
double squared_distance(const T* x, const Centring<T>& centring, const T* c, std::int64_t d) {
  const T* shift = centring.shift.data();
  const T scale = centring.scale;
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < d; ++j) {
    const double difference = static_cast<double>(formulas::centred(x[j], shift[j], scale)) - static_cast<double>(c[j]);
    sum += difference * difference;
  }
  return sum;
}

/// ||x||^2 likewise.
template <class T>
double squared_norm(const T* x, std::int64_t d) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < d; ++j) sum += static_cast<double>(x[j]) * static_cast<double>(x[j]);
  return sum;
}

/// The root of such a square, rounded up, as formulas::distance_above() wants a norm.
template <class T>
T norm_above(double square) {
  return static_cast<T>(std::sqrt(square) * (1 + 0x1.0p-22));
}

/// At least ||x - c||, from differences in T.
template <class T>
T distance_at_most(const T* x, const T* c, std::int64_t d);

}  // namespace forja::cpu
