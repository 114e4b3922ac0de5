#include "linear/gradient_descent_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "linear/gradient_descent_policy.h"
#include "linear/held_out.h"

namespace forja::core {
namespace {

template <class T>
formulas::RowLoss<T> row_loss(const GradientDescentTask<T>& task) {
  return {static_cast<formulas::LossKind>(task.loss), static_cast<T>(task.options.epsilon)};
}

template <class T>
compute::DescentPlan<T> plan_of(const GradientDescentTask<T>& task) {
  const GradientDescentOptions& options = task.options;
  const PenaltyParts penalty = penalty_parts(options.penalty, options.alpha, options.l1_ratio);
  constexpr double kAny = std::numeric_limits<double>::infinity();
  compute::DescentPlan<T> plan;
  plan.loss = row_loss(task);
  plan.optimizer = {.kind = static_cast<formulas::OptimizerKind>(options.optimizer),
                    .momentum = options.momentum,
                    .rho = options.rho,
                    .beta1 = options.beta_1,
                    .beta2 = options.beta_2,
                    .epsilon = options.optimizer_epsilon,
                    .decay = options.weight_decay};
  plan.outputs = task.outputs;
  plan.batch_size = options.batch_size == 0 ? task.rows.x.rows() : options.batch_size;
  plan.intercept = options.fit_intercept;
  plan.shuffle = options.shuffle && plan.batch_size < task.rows.x.rows();
  plan.seed = options.seed;
  plan.l2 = penalty.l2;
  plan.l1 = penalty.l1;
  plan.average_from = options.average;
  plan.clip_value = options.clip_value.value_or(kAny);
  plan.clip_norm = options.clip_norm.value_or(kAny);
  return plan;
}

template <class T>
SGDReport descend_over(const GradientDescentTask<T>& task, const DescentRows<T>& rows, const HeldOutLoss& judge,
                       const Device& device, Observer* observer, GradientDescentState& state) {
  compute::DescentPlan<T> plan = plan_of(task);
  plan.batch_size = std::min(plan.batch_size, rows.x.rows());
  const std::int64_t steps = (rows.x.rows() - 1) / plan.batch_size + 1;
  if (state.optimizer != task.options.optimizer) state.weights.slots = {};
  state.optimizer = task.options.optimizer;
  GradientDescentPolicy policy(task.options, task.outputs, steps, judge, state);
  Watch watch(observer, task.call);
  watch.begin_run(0, task.epochs);
  return descend(task.call, plan, rows, device, task.epochs, policy, state.weights, watch);
}

/// The least subgradient of l1 |w| beside a gradient.
double beside_l1(double gradient, double w, double l1) {
  if (w != 0) return gradient + (w > 0 ? l1 : -l1);
  return std::max(0.0, std::abs(gradient) - l1);
}

/// The greatest entry of the objective's gradient: a pass over the rows.
template <class T>
std::optional<double> measured_gradient(const GradientDescentTask<T>& task, const DescentRows<T>& rows,
                                        const Device& device, const Matrix<double>& model) {
  const LinearParts at = linear_parts(model);
  const PenaltyParts penalty = penalty_parts(task.options.penalty, task.options.alpha, task.options.l1_ratio);
  const compute::LossGradient found = families<T>(device)
                                          .make_linear(place(device), rows.x, rows.y, rows.sample_weight)
                                          ->loss_gradient(row_loss(task), at.coef.view(), at.intercept);
  const auto n = static_cast<double>(rows.x.rows());
  double greatest = 0;
  bool finite = true;
  const auto see = [&](double entry) {
    greatest = std::max(greatest, std::abs(entry));
    finite = finite && std::isfinite(entry);
  };
  for (std::size_t k = 0; k < at.coef.values().size(); ++k) {
    const double w = at.coef.values()[k];
    see(beside_l1(found.gradient.values()[k] / n + penalty.l2 * w, w, penalty.l1));
  }
  for (std::size_t c = 0; task.options.fit_intercept && c < found.offset.size(); ++c) see(found.offset[c] / n);
  return finite ? std::optional(greatest) : std::nullopt;
}

}  // namespace

template <class T>
GradientDescentReport descend_whole(const GradientDescentTask<T>& task, const Device& device, Observer* observer,
                                    GradientDescentState& state) {
  GradientDescentState now = state;
  SGDReport report;
  std::optional<double> gradient;
  const auto descend_from = [&](const DescentRows<T>& rows, const HeldOutLoss& judge) {
    report = descend_over(task, rows, judge, device, observer, now);
    const bool best = task.options.early_stopping && !now.best.empty();
    now.model = best ? now.best : settled_weights(task.options, now.weights);
    if (task.whole) gradient = measured_gradient(task, rows, device, now.model);
  };
  if (task.options.early_stopping) {
    const DescentRows<T>& rows = task.rows;
    const HeldOut<T> held(rows.x, rows.sample_weight, task.options.validation_fraction, task.labels, task.options.seed);
    const Matrix<T> train = take_rows(rows.y, held.rows.train);
    const Matrix<T> test = take_rows(rows.y, held.rows.test);
    const auto judge = families<T>(device).make_linear(place(device), held.x_test, test, held.weight_test);
    double weight = held.weight_test.empty() ? static_cast<double>(test.rows()) : 0;
    for (const T own : held.weight_test) weight += static_cast<double>(own);
    descend_from({held.x_train, train, held.weight_train}, [&](const Matrix<double>& found) {
      const std::int64_t d = found.columns() - 1;
      const LinearParts parts = linear_parts(found);
      return judge->loss_gradient(row_loss(task), {parts.coef.data(), parts.coef.rows(), d}, parts.intercept).loss /
             (weight > 0 ? weight : 1);
    });
  } else {
    descend_from(task.rows, {});
  }
  state = std::move(now);
  const std::optional<double> best = task.options.early_stopping ? state.least_loss : std::nullopt;
  return {state.weights.epochs, report.converged, report.loss, best, gradient};
}

#define FORJA_INSTANTIATE(T)                                                                            \
  template GradientDescentReport descend_whole(const GradientDescentTask<T>&, const Device&, Observer*, \
                                               GradientDescentState&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
