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
  return static_cast<T>(std::rint(mean / grid) * grid);
}

/// The power of two that brings columns of extreme size near one, so that squares neither overflow nor vanish in T.
FORJA_HD inline double common_scale(double max_abs) {
  if (!(max_abs > 0)) return 1;
  int exponent = 0;
  (void)std::frexp(max_abs, &exponent);
  if (exponent > -20 && exponent < 20) return 1;
  return std::ldexp(1.0, exponent < -1000 ? 1000 : -exponent);
}

/// x' of the seam's contract.
template <class T>
FORJA_HD T centred(T x, T shift, T scale) {
  return (x - shift) * scale;
}

/// A bound on how far a computed score ||c||^2 - 2 x'c is from the exact one, whatever the order of its sum of d
/// products. x_norm and c_norm: upper bounds on the norms of x' and of every centre.
template <class T>
FORJA_HD T score_error(std::int64_t d, T x_norm, T c_norm) {
  const T unit = sizeof(T) == 4 ? T(0x1.0p-24) : T(0x1.0p-53);
  return unit * c_norm * (T(2.1) * static_cast<T>(d + 2) * x_norm + T(2.1) * c_norm);
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
