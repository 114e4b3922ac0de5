#pragma once

#include <cstdint>

#include "formulas/counter_random.h"
#include "formulas/host_device.h"

namespace forja::formulas {

/// A random order of n rows as a function: row(place) is the row at a place from 0 to n - 1, and every row has one
/// place. A Feistel network over the least power of two that holds n, walked until it is below n again (Black and
/// Rogaway 2002), so that no device stores or sorts anything.
class RowOrder {
 public:
  /// The order of one epoch. n > 0.
  FORJA_HD RowOrder(std::uint64_t seed, std::uint64_t epoch, std::int64_t n) : n_(static_cast<std::uint64_t>(n)) {
    int bits = 2;
    while (bits < 63 && (std::uint64_t{1} << bits) < n_) ++bits;
    low_bits_ = bits / 2;
    high_bits_ = bits - low_bits_;
    for (int round = 0; round < kRounds; ++round) {
      key_[round] = random_bits(seed, kStream + static_cast<std::uint64_t>(round), epoch);
    }
  }

  FORJA_HD std::int64_t row(std::int64_t place) const {
    auto value = static_cast<std::uint64_t>(place);
    do {
      value = permuted(value);
    } while (value >= n_);
    return static_cast<std::int64_t>(value);
  }

 private:
  static constexpr int kRounds = 6;
  static constexpr std::uint64_t kStream = 0x5247;

  /// The bits of a half that depend on all bits of the other (Stafford's mixer).
  FORJA_HD static std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31);
  }

  FORJA_HD std::uint64_t permuted(std::uint64_t value) const {
    std::uint64_t low = value & ((std::uint64_t{1} << low_bits_) - 1);
    std::uint64_t high = value >> low_bits_;
    for (int round = 0; round < kRounds; round += 2) {
      high ^= mixed(low + key_[round]) >> (64 - high_bits_);
      low ^= mixed(high + key_[round + 1]) >> (64 - low_bits_);
    }
    return (high << low_bits_) | low;
  }

  std::uint64_t n_;
  std::uint64_t key_[kRounds] = {};
  int low_bits_ = 1;
  int high_bits_ = 1;
};

}  // namespace forja::formulas
