#pragma once

#include <cstdint>
#include <optional>
#include <vector>

/// Learning rates that follow from more than the step. What follows from the step alone: formulas/learning_rates.h.
namespace forja::core {

/// rates[i] up to and with step boundaries[i], counted from 0; the last of the rates beyond all boundaries.
class PiecewiseConstantRate {
 public:
  /// boundaries ascend; one rate more than boundaries. Throws InvalidArgument.
  PiecewiseConstantRate(std::vector<std::int64_t> boundaries, std::vector<double> rates);
  double rate(std::int64_t t) const;

 private:
  std::vector<std::int64_t> boundaries_;
  std::vector<double> rates_;
};

/// How a PlateauRate shrinks.
struct PlateauOptions {
  double eta0 = 0.01;
  double factor = 0.5;        ///< what multiplies the rate: above 0, below 1
  std::int64_t patience = 5;  ///< epochs in a row without progress that are allowed. At least 1.
  double tol = 0;             ///< a loss counts as progress when it is below the least one by more than this
  double least = 0;           ///< a rate below it is the end
};

/// Where a PlateauRate stands.
struct PlateauState {
  double rate;
  std::optional<double> least_loss;
  std::int64_t without_progress;
};

/// A rate that shrinks when the loss of whole epochs no longer falls: the book's performance scheduling, and with a
/// fifth as the factor scikit-learn's "adaptive".
class PlateauRate {
 public:
  explicit PlateauRate(const PlateauOptions& options) : PlateauRate(options, {options.eta0, {}, 0}) {}
  /// Goes on from there.
  PlateauRate(const PlateauOptions& options, const PlateauState& state) : options_(options), state_(state) {}

  double rate() const { return state_.rate; }
  const PlateauState& state() const { return state_; }
  /// Whether the rate has shrunk below `least`.
  bool ended() const { return state_.rate < options_.least; }
  /// Takes the loss of an epoch into account. NaN is no progress.
  void after_epoch(double loss);

 private:
  PlateauOptions options_;
  PlateauState state_;
};

}  // namespace forja::core
