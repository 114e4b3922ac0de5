#include "linear/sgd_driver.h"

#include <algorithm>
#include <limits>

#include "formulas/learning_rates.h"

namespace forja::core {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();
/// A fifth of the rate is tried as long as it is above this, as scikit-learn has it.
constexpr double kLeastRate = 1e-6;

template <class T>
compute::DescentPlan<T> plan_of(const SgdTask& task, std::int64_t outputs) {
  const PenaltyParts penalty = penalty_parts(task.penalty, task.alpha, task.l1_ratio);
  compute::DescentPlan<T> plan;
  plan.loss = {static_cast<formulas::LossKind>(task.loss), static_cast<T>(task.epsilon)};
  plan.outputs = outputs;
  plan.intercept = task.fit_intercept;
  plan.shuffle = task.shuffle;
  plan.seed = task.seed;
  plan.l1 = penalty.l1;
  plan.l2 = penalty.l2;
  plan.average_from = task.average;
  return plan;
}

/// scikit-learn's rates, and when it ends an output.
class SgdPolicy final : public DescentPolicy {
 public:
  SgdPolicy(const SgdTask& task, std::int64_t outputs, const SgdScores& scores)
      : task_(task), scores_(scores), factors_(static_cast<std::size_t>(outputs), 1.0), outputs_(factors_.size()) {}

  std::vector<double> rates(std::int64_t steps, std::int64_t count) const override {
    std::vector<double> rates;
    rates.reserve(static_cast<std::size_t>(count));
    const formulas::OptimalRate optimal = formulas::OptimalRate::from(task_.alpha);
    const formulas::InverseScalingRate scaling{task_.eta0, task_.power_t};
    for (std::int64_t t = steps; t < steps + count; ++t) {
      rates.push_back(task_.learning_rate == LearningRate::optimal      ? optimal.rate(t)
                      : task_.learning_rate == LearningRate::invscaling ? scaling.rate(t)
                                                                        : task_.eta0);
    }
    return rates;
  }

  std::span<const double> factors() const override { return factors_; }

  void after_epoch(std::span<const double> losses, const std::function<const SGDWeights&()>& here) override {
    const std::vector<double> scores = scores_ ? scores_(chosen_weights(here())) : std::vector<double>();
    if (!task_.tol) return;
    for (std::size_t c = 0; c < outputs_.size(); ++c) {
      if (factors_[c] == 0) continue;
      Output& own = outputs_[c];
      const bool gained =
          scores.empty() ? losses[c] <= own.least_loss - *task_.tol : scores[c] >= own.best_score + *task_.tol;
      own.without_gain = gained ? 0 : own.without_gain + 1;
      own.least_loss = std::min(own.least_loss, losses[c]);
      if (!scores.empty()) own.best_score = std::max(own.best_score, scores[c]);
      if (own.without_gain < task_.n_iter_no_change) continue;
      if (task_.learning_rate == LearningRate::adaptive && factors_[c] * task_.eta0 > kLeastRate) {
        factors_[c] /= 5;
        own.without_gain = 0;
      } else {
        factors_[c] = 0;
      }
    }
  }

 private:
  struct Output {
    double least_loss = kUnbounded;
    double best_score = -kUnbounded;
    std::int64_t without_gain = 0;
  };

  const SgdTask& task_;
  const SgdScores& scores_;
  std::vector<double> factors_;
  std::vector<Output> outputs_;
};

}  // namespace

template <class T>
SGDReport descend_by_rows(std::string_view call, const SgdTask& task, const DescentRows<T>& rows, std::int64_t outputs,
                          const Device& device, const SgdScores& scores, SGDWeights& weights, const Watch& watch) {
  SgdPolicy policy(task, outputs, scores);
  return descend(call, plan_of<T>(task, outputs), rows, device, task.max_iter, policy, weights, watch);
}

#define FORJA_INSTANTIATE(T)                                                                                \
  template SGDReport descend_by_rows(std::string_view, const SgdTask&, const DescentRows<T>&, std::int64_t, \
                                     const Device&, const SgdScores&, SGDWeights&, const Watch&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
