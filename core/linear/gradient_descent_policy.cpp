#include "linear/gradient_descent_policy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "formulas/learning_rates.h"
#include "formulas/optimizers.h"

namespace forja::core {
namespace {

PlateauRate plateau_of(const GradientDescentOptions& options, const GradientDescentState& state) {
  const PlateauOptions plateau{
      .eta0 = options.eta0, .factor = options.plateau_factor, .patience = options.plateau_patience};
  return {plateau, {state.plateau_rate.value_or(options.eta0), state.plateau_loss, state.plateau_without_progress}};
}

/// As many as there can be where epochs x steps are more.
std::int64_t steps_of(std::int64_t epochs, std::int64_t steps) {
  std::int64_t all = 0;
  return __builtin_mul_overflow(epochs, steps, &all) ? std::numeric_limits<std::int64_t>::max() : all;
}

}  // namespace

Matrix<double> settled_weights(const GradientDescentOptions& options, const SGDWeights& weights) {
  Matrix<double> settled = chosen_weights(weights);
  if (options.optimizer != Optimizer::nesterov) return settled;
  for (std::int64_t c = 0; c < settled.rows(); ++c) {
    if (weights.averaged[static_cast<std::size_t>(c)] > 0) continue;
    for (std::int64_t j = 0; j < settled.columns(); ++j) {
      settled(c, j) = formulas::Nesterov<double>{0, options.momentum}.settled(settled(c, j), &weights.slots(c, j));
    }
  }
  return settled;
}

GradientDescentPolicy::GradientDescentPolicy(const GradientDescentOptions& options, std::int64_t outputs,
                                             std::int64_t steps, const HeldOutLoss& judge, GradientDescentState& state)
    : options_(options),
      judge_(judge),
      state_(state),
      schedule_steps_(options.schedule_steps > 0 ? options.schedule_steps : steps_of(options.max_iter, steps)),
      plateau_(plateau_of(options, state)),
      factors_(static_cast<std::size_t>(outputs), 1.0) {
  // What had ended, and is to go on, has all its patience again.
  if (state_.without_gain >= options.n_iter_no_change) state_.without_gain = 0;
}

std::vector<double> GradientDescentPolicy::rates(std::int64_t steps, std::int64_t count) const {
  std::vector<double> rates(static_cast<std::size_t>(count));
  const auto fill = [&](const auto& schedule) {
    for (std::int64_t t = 0; t < count; ++t) rates[static_cast<std::size_t>(t)] = schedule.rate(steps + t);
  };
  switch (options_.learning_rate) {
    case LearningSchedule::constant:
      fill(formulas::ConstantRate{options_.eta0});
      break;
    case LearningSchedule::invscaling:
      fill(formulas::InverseScalingRate{options_.eta0, options_.power_t});
      break;
    case LearningSchedule::power:
      fill(formulas::PowerRate{options_.eta0, static_cast<double>(schedule_steps_), options_.power});
      break;
    case LearningSchedule::exponential:
      fill(formulas::ExponentialRate{options_.eta0, static_cast<double>(schedule_steps_), options_.decay});
      break;
    case LearningSchedule::piecewise_constant:
      fill(PiecewiseConstantRate(options_.boundaries, options_.rates));
      break;
    case LearningSchedule::performance:
      fill(formulas::ConstantRate{plateau_.rate()});
      break;
    case LearningSchedule::one_cycle:
      fill(formulas::OneCycleRate{options_.eta0, schedule_steps_});
      break;
    case LearningSchedule::hyperbolic:
      fill(formulas::HyperbolicRate{options_.t0, options_.t1});
      break;
  }
  return rates;
}

void GradientDescentPolicy::after_epoch(std::span<const double> losses,
                                        const std::function<const SGDWeights&()>& here) {
  double loss = std::accumulate(losses.begin(), losses.end(), 0.0);
  bool least = !state_.least_loss || loss < *state_.least_loss;
  if (judge_) {
    Matrix<double> settled = settled_weights(options_, here());
    loss = judge_(settled);
    least = std::isfinite(loss) && (!state_.least_loss || loss < *state_.least_loss);
    if (least) state_.best = std::move(settled);
  }
  const bool gained = least && (!state_.least_loss || loss < *state_.least_loss - options_.tol.value_or(0));
  state_.without_gain = gained ? 0 : state_.without_gain + 1;
  if (least) state_.least_loss = loss;
  if (options_.learning_rate == LearningSchedule::performance) {
    plateau_.after_epoch(loss);
    const PlateauState& plateau = plateau_.state();
    state_.plateau_rate = plateau.rate;
    state_.plateau_loss = plateau.least_loss;
    state_.plateau_without_progress = plateau.without_progress;
  }
  if (options_.tol && state_.without_gain >= options_.n_iter_no_change) std::fill(factors_.begin(), factors_.end(), 0);
}

}  // namespace forja::core
