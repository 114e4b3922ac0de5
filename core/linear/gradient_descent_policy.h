#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "forja/gradient_descent.h"
#include "linear/descent_driver.h"
#include "linear/rate_policies.h"

namespace forja::core {

/// The weights that a model predicts with: means where they are averaged; nesterov's without the look ahead.
Matrix<double> settled_weights(const GradientDescentOptions& options, const SGDWeights& weights);

/// The mean loss of rows held out, under such weights.
using HeldOutLoss = std::function<double(const Matrix<double>&)>;

/// Rates of all schedules, and one end for all outputs. What it learns is in the state that it goes on from.
class GradientDescentPolicy final : public DescentPolicy {
 public:
  /// steps: of an epoch; judge: null: epochs are judged by their loss. All stay where they are.
  GradientDescentPolicy(const GradientDescentOptions& options, std::int64_t outputs, std::int64_t steps,
                        const HeldOutLoss& judge, GradientDescentState& state);

  std::vector<double> rates(std::int64_t steps, std::int64_t count) const override;
  std::span<const double> factors() const override { return factors_; }
  void after_epoch(std::span<const double> losses, const std::function<const SGDWeights&()>& here) override;

 private:
  const GradientDescentOptions& options_;
  const HeldOutLoss& judge_;
  GradientDescentState& state_;
  std::int64_t schedule_steps_;
  PlateauRate plateau_;
  std::vector<double> factors_;
};

}  // namespace forja::core
