#pragma once

#include <cmath>
#include <cstdint>

#include "formulas/host_device.h"

/// Sums as 64-bit integers: the order of adding does not matter, so every device and any number of threads get the
/// same bits, and what was added can be taken away exactly.
namespace forja::formulas {

/// The power of two, 2^e, by which to scale numbers of size up to max_abs so that `count` of them fit a sum, each below
/// 2^50 (so that it can be rounded by adding 1.5 x 2^52).
FORJA_HD inline int fixed_point_exponent(double max_abs, std::int64_t count) {
  if (!(max_abs > 0)) return 0;
  int count_bits = 0;
  while ((std::int64_t{1} << count_bits) < count) ++count_bits;
  const int bits = 62 - count_bits < 50 ? 62 - count_bits : 50;
  int magnitude = 0;
  (void)std::frexp(max_abs, &magnitude);
  const int exponent = bits - magnitude;
  return exponent > 1000 ? 1000 : (exponent < -1000 ? -1000 : exponent);
}

/// value x 2^e to the nearest integer, ties to even. scale = 2^e.
FORJA_HD inline std::int64_t to_fixed(double value, double scale) {
  return static_cast<std::int64_t>(std::llrint(value * scale));
}

/// The double nearest to a fixed-point sum. inverse_scale = 2^-e.
FORJA_HD inline double from_fixed(std::int64_t sum, double inverse_scale) {
  return static_cast<double>(sum) * inverse_scale;
}

}  // namespace forja::formulas
