#pragma once

#include <cmath>
#include <cstdint>

#include "formulas/counter_random.h"
#include "formulas/host_device.h"

/// Gradients and hessians as integers, so that the order of adding does not matter (histograms of gradient boosting;
/// quantised training: Shi et al. 2022). Quantised: gradient, hessian and count of a row share one word, and one add
/// adds all three; kRowsPerWord rows fit before the fields must be widened. Exact: 31 bits each, added as 64.
namespace forja::formulas {

inline constexpr int kCountBits = 14;
inline constexpr int kFieldBits = 25;
inline constexpr std::int64_t kRowsPerWord = 8192;
inline constexpr int kGradientLevels = 2047;  ///< |gradient| at most
inline constexpr int kHessianLevels = 4095;   ///< hessian from 0 to this
inline constexpr int kExactLevels = 1073741823;

/// What a histogram's bin, or a node, has in all.
struct IntegerSums {
  std::int64_t gradient = 0;
  std::int64_t hessian = 0;
  std::int64_t count = 0;
};

/// gradient in -kGradientLevels .. kGradientLevels, hessian in 0 .. kHessianLevels; one row.
FORJA_HD inline std::uint64_t packed_row(std::int32_t gradient, std::int32_t hessian) {
  return (static_cast<std::uint64_t>(static_cast<std::int64_t>(gradient)) << (kCountBits + kFieldBits)) +
         (static_cast<std::uint64_t>(hessian) << kCountBits) + 1;
}

/// A sum of at most kRowsPerWord packed rows.
FORJA_HD inline IntegerSums unpacked(std::uint64_t sum) {
  return {static_cast<std::int64_t>(sum) >> (kCountBits + kFieldBits),
          static_cast<std::int64_t>((sum >> kCountBits) & ((std::uint64_t{1} << kFieldBits) - 1)),
          static_cast<std::int64_t>(sum & ((std::uint64_t{1} << kCountBits) - 1))};
}

/// An exact row: gradient in the high half, hessian (>= 0) in the low.
FORJA_HD inline std::uint64_t exact_row(std::int32_t gradient, std::int32_t hessian) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(gradient)) << 32) | static_cast<std::uint32_t>(hessian);
}
FORJA_HD inline std::int32_t exact_gradient(std::uint64_t row) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(row >> 32));
}
FORJA_HD inline std::int32_t exact_hessian(std::uint64_t row) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(row));
}

/// By how much to multiply numbers of size up to max_abs (float) so that they fill `levels`; 0 where there are none.
FORJA_HD inline double level_scale(double max_abs, int levels) {
  return max_abs > 0 ? static_cast<double>(levels) / max_abs : 0.0;
}

/// What one level is worth.
FORJA_HD inline double level_unit(double max_abs, int levels) { return max_abs / static_cast<double>(levels); }

/// The key of a round's chance; one for each use (`stream`).
FORJA_HD inline std::uint64_t round_key(std::uint64_t seed, std::uint64_t stream, std::uint64_t round) {
  return random_bits(seed, stream, round);
}
inline constexpr std::uint64_t kBagStream = 0x4742;
inline constexpr std::uint64_t kRoundingStream = 0x4752;

/// 64 bits that depend on all of `place` and `key` (Stafford's mixer, twice keyed).
FORJA_HD inline std::uint64_t mixed_bits(std::uint64_t key, std::uint64_t place) {
  std::uint64_t value = (place + 1) * 0x9E3779B97F4A7C15U + key;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

/// Whether a row is in the bag of a round.
FORJA_HD inline bool in_bag(std::uint64_t bag_key, std::int64_t row, double share) {
  return static_cast<double>(mixed_bits(bag_key, static_cast<std::uint64_t>(row)) >> 11) * 0x1.0p-53 < share;
}

/// value (|value| <= levels) to a whole number next to it, up with the probability of its fraction. chance: 32 bits.
FORJA_HD inline std::int32_t rounded_by_chance(double value, std::uint32_t chance) {
  return static_cast<std::int32_t>(std::floor(value + static_cast<double>(chance) * 0x1.0p-32));
}

/// The word of a row (of output k of `outputs`) in quantised training. Gradient 0 stays 0; a hessian that is all of the
/// scale stays so.
FORJA_HD inline std::uint64_t quantised_row(float gradient, float hessian, double gradient_scale, double hessian_scale,
                                            std::uint64_t rounding_key, std::int64_t row, std::int64_t output,
                                            std::int64_t outputs) {
  const std::uint64_t chance = mixed_bits(rounding_key, static_cast<std::uint64_t>(row * outputs + output));
  double g = static_cast<double>(gradient) * gradient_scale;
  double h = static_cast<double>(hessian) * hessian_scale;
  g = g > kGradientLevels ? kGradientLevels : (g < -kGradientLevels ? -kGradientLevels : g);
  h = h > kHessianLevels ? kHessianLevels : h;
  return packed_row(rounded_by_chance(g, static_cast<std::uint32_t>(chance)),
                    rounded_by_chance(h, static_cast<std::uint32_t>(chance >> 32)));
}

/// The word of a row in exact training: to the nearest.
FORJA_HD inline std::uint64_t exactly_scaled_row(float gradient, float hessian, double gradient_scale,
                                                 double hessian_scale) {
  return exact_row(static_cast<std::int32_t>(std::floor(static_cast<double>(gradient) * gradient_scale + 0.5)),
                   static_cast<std::int32_t>(std::floor(static_cast<double>(hessian) * hessian_scale + 0.5)));
}

}  // namespace forja::formulas
