#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "boosting/boosting_settings.h"

namespace forja::core {

/// What is known of the rows of a fit beside their features.
struct BoostingRows {
  std::vector<double> y;               ///< targets, or places of classes
  std::vector<double> weight;          ///< n, or empty: all one
  std::vector<std::uint8_t> held_out;  ///< n, or empty: none
  double learned_weight = 0;
  double held_out_weight = 0;

  bool is_learned(std::size_t i) const { return held_out.empty() || held_out[i] == 0; }
  double weight_of(std::size_t i) const { return weight.empty() ? 1 : weight[i]; }
};

/// Targets and weights in double. Throws InvalidArgument where they are not finite, too great for gradients, or do not
/// fit the loss.
template <class T>
BoostingRows regression_rows(std::string_view call, const formulas::BoostingLoss& loss, std::span<const T> y,
                             std::span<const T> sample_weight, std::int64_t n);

/// Throws InvalidArgument for a weight that is too great.
template <class T>
BoostingRows class_rows(std::string_view call, std::span<const std::int32_t> places, std::span<const T> weight);

/// Holds out a share of the rows by chance, each class's share where labels are given, and sums the weights. Throws
/// InvalidArgument where a part is empty or weighs nothing.
void hold_out(std::string_view call, std::optional<double> fraction, std::span<const std::int32_t> labels,
              std::uint64_t seed, BoostingRows& rows);

/// The scores that make the loss of the learned rows least: one for each output. Throws InvalidArgument where there are
/// none.
std::vector<double> baseline_scores(std::string_view call, const BoostingSettings& settings, const BoostingRows& rows);

}  // namespace forja::core
