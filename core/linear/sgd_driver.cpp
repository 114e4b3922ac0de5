#include "linear/sgd_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "formulas/learning_rates.h"

namespace forja::core {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// A fifth of the rate is tried as long as it is above this, as scikit-learn has it.
constexpr double kLeastRate = 1e-6;

template <class T>
compute::DescentPlan<T> plan_of(const SgdTask& task, std::int64_t outputs) {
  const double l1_share = task.penalty == SGDPenalty::l1           ? 1
                          : task.penalty == SGDPenalty::elasticnet ? task.l1_ratio
                                                                   : 0;
  const double alpha = task.penalty == SGDPenalty::none ? 0 : task.alpha;
  compute::DescentPlan<T> plan;
  plan.loss = {static_cast<formulas::LossKind>(task.loss), static_cast<T>(task.epsilon)};
  plan.outputs = outputs;
  plan.intercept = task.fit_intercept;
  plan.shuffle = task.shuffle;
  plan.seed = task.seed;
  plan.l1 = alpha * l1_share;
  plan.l2 = alpha * (1 - l1_share);
  plan.average_from = task.average;
  return plan;
}

std::vector<double> rates_of(const SgdTask& task, std::int64_t steps, std::int64_t count) {
  std::vector<double> rates;
  rates.reserve(static_cast<std::size_t>(count));
  const formulas::OptimalRate optimal = formulas::OptimalRate::from(task.alpha);
  const formulas::InverseScalingRate scaling{task.eta0, task.power_t};
  for (std::int64_t t = steps; t < steps + count; ++t) {
    rates.push_back(task.learning_rate == LearningRate::optimal      ? optimal.rate(t)
                    : task.learning_rate == LearningRate::invscaling ? scaling.rate(t)
                                                                     : task.eta0);
  }
  return rates;
}

/// When each output ends.
class Ends {
 public:
  Ends(const SgdTask& task, std::int64_t outputs, double weight)
      : task_(task), weight_(weight), factors_(static_cast<std::size_t>(outputs), 1.0), outputs_(factors_.size()) {}

  std::span<const double> factors() const { return factors_; }
  bool all() const {
    return std::all_of(factors_.begin(), factors_.end(), [](double factor) { return factor == 0; });
  }
  /// scores: empty: judge by the losses.
  void after_epoch(std::span<const double> losses, std::span<const double> scores) {
    if (!task_.tol) return;
    for (std::size_t c = 0; c < outputs_.size(); ++c) {
      if (factors_[c] == 0) continue;
      Output& own = outputs_[c];
      const bool gained = scores.empty() ? losses[c] <= own.least_loss - *task_.tol * weight_
                                         : scores[c] >= own.best_score + *task_.tol;
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
    double least_loss = kInfinity;
    double best_score = -kInfinity;
    std::int64_t without_gain = 0;
  };

  SgdTask task_;
  double weight_;
  std::vector<double> factors_;
  std::vector<Output> outputs_;
};

template <class T>
double total_weight(const SgdRows<T>& rows) {
  if (rows.sample_weight.empty()) return static_cast<double>(rows.x.rows());
  double sum = 0;
  for (const T weight : rows.sample_weight) sum += static_cast<double>(weight);
  return sum;
}

template <class T>
void set_weights(SGDWeights& to, compute::DescentState&& state) {
  to.weights = std::move(state.weights);
  to.sums = std::move(state.sums);
  to.averaged = std::move(state.averaged);
  to.steps = state.steps;
}

bool all_finite(const Matrix<double>& values) {
  return std::all_of(values.values().begin(), values.values().end(), [](double value) { return std::isfinite(value); });
}

}  // namespace

Matrix<double> chosen_weights(const SGDWeights& weights) {
  Matrix<double> chosen = weights.weights;
  for (std::int64_t c = 0; c < chosen.rows(); ++c) {
    const std::int64_t count = weights.averaged[static_cast<std::size_t>(c)];
    if (count == 0) continue;
    for (std::int64_t j = 0; j < chosen.columns(); ++j) chosen(c, j) = weights.sums(c, j) / static_cast<double>(count);
  }
  return chosen;
}

template <class T>
SGDReport descend(std::string_view call, const SgdTask& task, const SgdRows<T>& rows, std::int64_t outputs,
                  const Device& device, const SgdScores& scores, SGDWeights& weights, const Watch& watch) {
  const std::int64_t n = rows.x.rows();
  const double weight = total_weight(rows);
  const auto descent =
      families<T>(device).make_descent(place(device), rows.x, rows.y, rows.sample_weight, plan_of<T>(task, outputs));
  compute::DescentState state(outputs, rows.x.columns(), 0);
  if (!weights.weights.empty()) {
    state.weights = weights.weights;
    state.sums = weights.sums;
    state.averaged = weights.averaged;
    state.steps = weights.steps;
    descent->set_state(state);
  }
  SGDWeights now = weights;
  Ends ends(task, outputs, weight);
  SGDReport report;
  while (report.n_iter < task.max_iter && !ends.all()) {
    const std::vector<double> losses = descent->run({now.epochs, rates_of(task, now.steps, n), ends.factors()});
    now.steps += n;
    ++now.epochs;
    ++report.n_iter;
    report.loss = 0;
    for (const double loss : losses) report.loss += loss / weight;
    if (!std::isfinite(report.loss)) {
      throw InvalidArgument(
          fmt::format("{}: the loss is not finite after {} epochs with eta0 = {}: scale the columns "
                      "of x or take smaller rates",
                      call, report.n_iter, task.eta0));
    }
    std::vector<double> found;
    if (scores) {
      set_weights<T>(now, descent->state());
      found = scores(chosen_weights(now));
    }
    watch.tell(report.n_iter, report.loss);
    ends.after_epoch(losses, found);
  }
  set_weights<T>(now, descent->state());
  if (!all_finite(now.weights)) {
    throw InvalidArgument(
        fmt::format("{}: the weights are not finite after {} epochs with eta0 = {}: scale the columns "
                    "of x or take smaller rates",
                    call, report.n_iter, task.eta0));
  }
  report.converged = ends.all();
  weights = std::move(now);
  return report;
}

#define FORJA_INSTANTIATE(T)                                                                                   \
  template SGDReport descend(std::string_view, const SgdTask&, const SgdRows<T>&, std::int64_t, const Device&, \
                             const SgdScores&, SGDWeights&, const Watch&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
