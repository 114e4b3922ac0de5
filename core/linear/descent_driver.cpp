#include "linear/descent_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"

namespace forja::core {
namespace {

template <class T>
double total_weight(const DescentRows<T>& rows) {
  if (rows.sample_weight.empty()) return static_cast<double>(rows.x.rows());
  double sum = 0;
  for (const T weight : rows.sample_weight) sum += static_cast<double>(weight);
  return sum;
}

void take_state(SGDWeights& to, compute::DescentState&& state) {
  to.weights = std::move(state.weights);
  to.slots = std::move(state.slots);
  to.sums = std::move(state.sums);
  to.averaged = std::move(state.averaged);
  to.paid = std::move(state.paid);
  to.due = std::move(state.due);
  to.steps = state.steps;
}

compute::DescentState state_of(const SGDWeights& from, std::int64_t states) {
  compute::DescentState state(from.weights.rows(), from.weights.columns() - 1, states);
  state.weights = from.weights;
  if (!from.slots.empty()) state.slots = from.slots;
  state.sums = from.sums;
  state.averaged = from.averaged;
  state.paid = from.paid;
  state.due = from.due;
  state.steps = from.steps;
  return state;
}

bool is_finite(const Matrix<double>& values) {
  return std::all_of(values.values().begin(), values.values().end(), [](double value) { return std::isfinite(value); });
}

[[noreturn]] void refuse_growth(std::string_view call, std::string_view what, std::int64_t epochs, double rate) {
  throw InvalidArgument(
      fmt::format("{}: the {} not finite after {} epochs, the last with rates from {}: scale the columns of x or take "
                  "smaller rates",
                  call, what, epochs, rate));
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

LinearParts linear_parts(const Matrix<double>& weights) {
  const std::int64_t d = weights.columns() - 1;
  LinearParts parts{Matrix<double>(MatrixView<const double>(weights.data(), weights.rows(), d, d + 1)), {}};
  for (std::int64_t c = 0; c < weights.rows(); ++c) parts.intercept.push_back(weights(c, d));
  return parts;
}

PenaltyParts penalty_parts(SGDPenalty penalty, double alpha, double l1_ratio) {
  if (penalty == SGDPenalty::none) return {0, 0};
  const double share = penalty == SGDPenalty::l1 ? 1 : (penalty == SGDPenalty::elasticnet ? l1_ratio : 0);
  return {alpha * share, alpha * (1 - share)};
}

bool DescentPolicy::ended() const {
  const std::span<const double> all = factors();
  return std::all_of(all.begin(), all.end(), [](double factor) { return factor == 0; });
}

template <class T>
SGDReport descend(std::string_view call, const compute::DescentPlan<T>& plan, const DescentRows<T>& rows,
                  const Device& device, std::int64_t max_iter, DescentPolicy& policy, SGDWeights& weights,
                  const Watch& watch) {
  const std::int64_t n = rows.x.rows();
  const std::int64_t steps = n / plan.batch_size + (n % plan.batch_size == 0 ? 0 : 1);
  const double weight = total_weight(rows);
  const auto descent = families<T>(device).make_descent(place(device), rows.x, rows.y, rows.sample_weight, plan);
  if (!weights.weights.empty()) {
    descent->set_state(state_of(weights, formulas::optimizer_states(plan.optimizer.kind)));
  }
  SGDWeights now = weights;
  const std::function<const SGDWeights&()> here = [&]() -> const SGDWeights& {
    take_state(now, descent->state());
    return now;
  };
  SGDReport report;
  double rate = 0;
  while (report.n_iter < max_iter && !policy.ended()) {
    const std::vector<double> rates = policy.rates(now.steps, steps);
    rate = rates.front();
    std::vector<double> losses = descent->run({now.epochs, rates, policy.factors()});
    now.steps += steps;
    ++now.epochs;
    ++report.n_iter;
    report.loss = 0;
    for (double& loss : losses) report.loss += loss /= weight;
    if (!std::isfinite(report.loss)) refuse_growth(call, "loss is", report.n_iter, rate);
    policy.after_epoch(losses, here);
    watch.tell(report.n_iter, report.loss);
  }
  here();
  if (!is_finite(now.weights) || !is_finite(now.slots)) refuse_growth(call, "weights are", report.n_iter, rate);
  report.converged = policy.ended();
  weights = std::move(now);
  return report;
}

#define FORJA_INSTANTIATE(T)                                                                                         \
  template SGDReport descend(std::string_view, const compute::DescentPlan<T>&, const DescentRows<T>&, const Device&, \
                             std::int64_t, DescentPolicy&, SGDWeights&, const Watch&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
