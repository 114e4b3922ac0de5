#pragma once

#include <cmath>
#include <cstdint>

#include "formulas/counter_random.h"
#include "formulas/host_device.h"

/// The scalar parts of k-means that every device shares, so that all agree to the bit.
namespace forja::formulas {

/// What is subtracted from a column: its mean, rounded to 1/1024 of the column's range so that the order in which a
/// device summed the mean does not show.
template <class T>
FORJA_HD T centring_shift(double mean, double lowest, double highest) {
  const double range = highest - lowest;
  if (!(range > 0)) return static_cast<T>(lowest);
  int exponent = 0;
  (void)std::frexp(range, &exponent);
  const double grid = std::ldexp(1.0, exponent - 10);
  if (!(grid > 0)) return static_cast<T>(lowest);  // a few denormal numbers wide
  return static_cast<T>(std::rint(mean / grid) * grid);
}

/// The power of two that brings columns of extreme size near one, so that squares neither overflow nor vanish in T. It
/// and its inverse are normal numbers of T: columns of nothing but denormal ones stay below one.
template <class T>
FORJA_HD T common_scale(double max_abs) {
  constexpr int kMost = sizeof(T) == 4 ? 126 : 1022;
  if (!(max_abs > 0)) return 1;
  int exponent = 0;
  (void)std::frexp(max_abs, &exponent);
  if (exponent > -20 && exponent < 20) return 1;
  const int power = exponent > kMost ? -kMost : exponent < -kMost ? kMost : -exponent;
  return static_cast<T>(std::ldexp(1.0, power));
}

/// x' of the seam's contract.
template <class T>
FORJA_HD T centred(T x, T shift, T scale) {
  return (x - shift) * scale;
}

/// Half the distance between 1 and the next T: what one rounding adds at most, relatively.
template <class T>
FORJA_HD constexpr T unit_roundoff() {
  return sizeof(T) == 4 ? T(0x1.0p-24) : T(0x1.0p-53);
}

/// As good as nothing, yet more than what is lost where products vanish in T or squares in double.
template <class T>
FORJA_HD constexpr T least_length() {
  return sizeof(T) == 4 ? T(0x1.0p-126) : T(0x1.0p-500);
}

/// A bound on how far a computed score ||c||^2 - 2 x'c is from the exact one, whatever the order of its sum of d
/// products. x_norm and c_norm: upper bounds on the norms of x' and of every centre.
template <class T>
FORJA_HD T score_error(std::int64_t d, T x_norm, T c_norm) {
  return unit_roundoff<T>() * c_norm * (T(2.1) * static_cast<T>(d + 2) * x_norm + T(2.1) * c_norm) +
         static_cast<T>(d + 2) * least_length<T>();
}

/// ||x - c||^2 in double, summed in the order of the columns: what decides where scores cannot.
/// step_c: distance between consecutive entries of c.
template <class T>
FORJA_HD double exact_distance(const T* x, const T* c, std::int64_t d, std::int64_t step_c = 1) {
  double sum = 0;
  for (std::int64_t j = 0; j < d; ++j) {
    const double difference = static_cast<double>(x[j]) - static_cast<double>(c[j * step_c]);
    sum = std::fma(difference, difference, sum);
  }
  return sum;
}

// Bounds on distances, kept in T between passes (Elkan 2003, Hamerly 2010): whatever is rounded, an upper one is never
// below the true distance and a lower one never above it.

/// At least the root of a square that was summed in double over d columns, in any order.
template <class T>
FORJA_HD T length_above(double square, std::int64_t d) {
  const double slack = static_cast<double>(d + 8) * 0x1.0p-53 + 2 * static_cast<double>(unit_roundoff<T>());
  return static_cast<T>(std::sqrt(square) * (1 + slack) + static_cast<double>(least_length<T>()));
}

/// At least the root of a sum of d squares that was computed in T, in any order.
template <class T>
FORJA_HD T length_above_sum(T square, std::int64_t d) {
  const double slack = static_cast<double>(d + 4) * static_cast<double>(unit_roundoff<T>());
  return length_above<T>(
      static_cast<double>(square) * (1 + slack) + static_cast<double>(d) * static_cast<double>(least_length<T>()), 0);
}

/// At most that root; never below 0.
template <class T>
FORJA_HD T length_below(double square, std::int64_t d) {
  const double slack = static_cast<double>(d + 8) * 0x1.0p-53 + 2 * static_cast<double>(unit_roundoff<T>());
  const double length = std::sqrt(square) * (1 - slack) - static_cast<double>(least_length<T>());
  return length > 0 ? static_cast<T>(length) : T(0);
}

/// At least the distance between x' and the centre with this score. error: score_error(). x_norm: at least ||x'||, and
/// at most 2^-21 above it.
template <class T>
FORJA_HD T distance_above(T score, T error, T x_norm) {
  const double norm = static_cast<double>(x_norm);
  const double square = static_cast<double>(score) + 2 * static_cast<double>(error) + norm * norm * (1 + 0x1.0p-50);
  return length_above<T>(square > 0 ? square : 0, 0);
}

/// At most that distance; infinite for the score of no centre, infinity.
template <class T>
FORJA_HD T distance_below(T score, T error, T x_norm) {
  const double norm = static_cast<double>(x_norm);
  const double square = static_cast<double>(score) - 2 * static_cast<double>(error) + norm * norm * (1 - 0x1.0p-20);
  return length_below<T>(square > 0 ? square : 0, 0);
}

/// An upper bound after its centre has moved by at most `shift`.
template <class T>
FORJA_HD T grown(T upper, T shift) {
  return (upper + shift) * (1 + 4 * unit_roundoff<T>());
}

/// A lower bound on distances to several centres of which none has moved by more than `shift`; never below 0.
template <class T>
FORJA_HD T shrunk(T lower, T shift) {
  const T left = lower - shift;
  return left > 0 ? left * (1 - 4 * unit_roundoff<T>()) : T(0);
}

/// Whether a centre within `upper` is nearer than all that are no nearer than `lower`, so clearly that the distances'
/// own rounding, exact_distance()'s over d columns, cannot hide it. A tie is never clear.
template <class T>
FORJA_HD bool surely_nearest(std::int64_t d, T upper, T lower) {
  const auto margin =
      static_cast<T>(1 + static_cast<double>(d + 8) * 0x1.0p-51 + 4 * static_cast<double>(unit_roundoff<T>()));
  return upper * margin < lower;
}

/// A cluster's proposed centre in one column: fixed-point sum over fixed-point weight, rounded to T.
template <class T>
FORJA_HD T cluster_mean(double sum, double weight) {
  return static_cast<T>(sum / weight);
}

/// The row that slot `slot` of mini-batch step `step` draws, with replacement.
FORJA_HD inline std::int64_t batch_row(std::uint64_t seed, std::int64_t step, std::int64_t slot, std::int64_t n) {
  return random_below(seed, 0x6d62617463680000ULL + static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(slot),
                      n);
}

/// Moves a centre to the mean of everything it has had: weight `count` before, `weight` with fixed-point mean
/// sum/weight in this batch.
template <class T>
FORJA_HD T running_mean(T center, double count, double sum, double weight) {
  return static_cast<T>(std::fma(static_cast<double>(center), count, sum) / (count + weight));
}

}  // namespace forja::formulas
