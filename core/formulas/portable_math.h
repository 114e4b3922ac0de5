#pragma once

#include <cstdint>
#include <cstring>

#include "formulas/host_device.h"

/// exp and log from additions, products and one division alone, so that every device gives the same bits. Files that
/// use them are compiled without contraction of a x b + c (FORJA_SAME_BITS in CMake). Within 2 units in the last place.
namespace forja::formulas {

FORJA_HD inline double bits_as_double(std::uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

FORJA_HD inline std::uint64_t double_as_bits(double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// e^x; x below -708 counts as -708, above 709 as 709.
FORJA_HD inline double portable_exp(double x) {
  x = x < -708.0 ? -708.0 : x;
  x = x > 709.0 ? 709.0 : x;
  // x = k ln 2 + r with |r| <= ln 2 / 2: k stands in the low bits of the sum with 1.5 x 2^52.
  const double shifted = x * 1.4426950408889634074 + 6755399441055744.0;
  const double k = shifted - 6755399441055744.0;
  const double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
  double sum = 1.0 / 6227020800.0;
  sum = sum * r + 1.0 / 479001600.0;
  sum = sum * r + 1.0 / 39916800.0;
  sum = sum * r + 1.0 / 3628800.0;
  sum = sum * r + 1.0 / 362880.0;
  sum = sum * r + 1.0 / 40320.0;
  sum = sum * r + 1.0 / 5040.0;
  sum = sum * r + 1.0 / 720.0;
  sum = sum * r + 1.0 / 120.0;
  sum = sum * r + 1.0 / 24.0;
  sum = sum * r + 1.0 / 6.0;
  sum = sum * r + 0.5;
  sum = sum * (r * r) + r + 1.0;
  // Of two's complement, the low 12 bits of k + 1023 are the exponent's.
  const std::uint64_t exponent = (double_as_bits(shifted) + 1023) << 52;
  return sum * bits_as_double(exponent);
}

/// ln x of a normal x > 0.
FORJA_HD inline double portable_log(double x) {
  const std::uint64_t bits = double_as_bits(x);
  // x = 2^k m with m from sqrt(1/2) to sqrt(2).
  const std::uint64_t moved = bits - 0x3FE6A09E667F3BCDU;
  // k + 1024 in the low bits of 2^52 becomes a double without a conversion, which vectors may lack.
  const double k = bits_as_double(0x4330000000000000U | ((moved + 0x4000000000000000U) >> 52)) - 4503599627371520.0;
  const double m = bits_as_double(bits - (moved & 0xFFF0000000000000U));
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double sum = 1.0 / 23.0;
  sum = sum * z + 1.0 / 21.0;
  sum = sum * z + 1.0 / 19.0;
  sum = sum * z + 1.0 / 17.0;
  sum = sum * z + 1.0 / 15.0;
  sum = sum * z + 1.0 / 13.0;
  sum = sum * z + 1.0 / 11.0;
  sum = sum * z + 1.0 / 9.0;
  sum = sum * z + 1.0 / 7.0;
  sum = sum * z + 1.0 / 5.0;
  sum = sum * z + 1.0 / 3.0;
  return k * 6.93147180369123816490e-01 + (2.0 * s + (2.0 * s * z * sum + k * 1.90821492927058770002e-10));
}

}  // namespace forja::formulas
