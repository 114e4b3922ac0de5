#pragma once

#include <cstdint>

#include "formulas/host_device.h"

/// Random numbers as a function of (seed, stream, counter): Philox-4x32-10 (Salmon et al. 2011). Every device draws the
/// same number for the same place, in any order.
namespace forja::formulas {

struct PhiloxBlock {
  std::uint32_t word[4];
};

FORJA_HD inline PhiloxBlock philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
  std::uint32_t c[4] = {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                        static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
  std::uint32_t k0 = static_cast<std::uint32_t>(seed);
  std::uint32_t k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53U} * c[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57U} * c[2];
    const std::uint32_t next0 = static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k0;
    const std::uint32_t next2 = static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k1;
    c[1] = static_cast<std::uint32_t>(b);
    c[3] = static_cast<std::uint32_t>(a);
    c[0] = next0;
    c[2] = next2;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {{c[0], c[1], c[2], c[3]}};
}

/// 64 random bits.
FORJA_HD inline std::uint64_t random_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
  const PhiloxBlock block = philox(seed, stream, counter);
  return (std::uint64_t{block.word[1]} << 32) | block.word[0];
}

/// Uniform in [0, 1), a multiple of 2^-53.
FORJA_HD inline double random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
  return static_cast<double>(random_bits(seed, stream, counter) >> 11) * 0x1.0p-53;
}

/// The high 64 bits of a x b.
FORJA_HD inline std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t a0 = a & 0xFFFFFFFFU;
  const std::uint64_t a1 = a >> 32;
  const std::uint64_t b0 = b & 0xFFFFFFFFU;
  const std::uint64_t b1 = b >> 32;
  const std::uint64_t middle = a1 * b0 + ((a0 * b0) >> 32);
  return a1 * b1 + (middle >> 32) + ((a0 * b1 + (middle & 0xFFFFFFFFU)) >> 32);
}

/// Uniform in 0 .. n - 1, n > 0. The bias is below n / 2^64.
FORJA_HD inline std::int64_t random_below(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter,
                                          std::int64_t n) {
  return static_cast<std::int64_t>(multiply_high(random_bits(seed, stream, counter), static_cast<std::uint64_t>(n)));
}

}  // namespace forja::formulas
