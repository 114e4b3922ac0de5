#include "linear/gradient_descent_fit.h"

#include <algorithm>
#include <limits>
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

}  // namespace

template <class T>
GradientDescentReport descend_whole(const GradientDescentTask<T>& task, const Device& device, Observer* observer,
                                    GradientDescentState& state) {
  GradientDescentState now = state;
  SGDReport report;
  if (task.options.early_stopping) {
    const DescentRows<T>& rows = task.rows;
    const HeldOut<T> held(rows.x, rows.sample_weight, task.options.validation_fraction, task.labels, task.options.seed);
    const Matrix<T> train = take_rows(rows.y, held.rows.train);
    const Matrix<T> test = take_rows(rows.y, held.rows.test);
    const auto judge = families<T>(device).make_linear(place(device), held.x_test, test, held.weight_test);
    double weight = held.weight_test.empty() ? static_cast<double>(test.rows()) : 0;
    for (const T own : held.weight_test) weight += static_cast<double>(own);
    const HeldOutLoss loss = [&](const Matrix<double>& found) {
      const std::int64_t d = found.columns() - 1;
      const LinearParts parts = linear_parts(found);
      return judge->loss_gradient(row_loss(task), {parts.coef.data(), parts.coef.rows(), d}, parts.intercept).loss /
             (weight > 0 ? weight : 1);
    };
    report = descend_over(task, {held.x_train, train, held.weight_train}, loss, device, observer, now);
  } else {
    report = descend_over(task, task.rows, {}, device, observer, now);
  }
  now.model = task.options.early_stopping && !now.best.empty() ? now.best : settled_weights(task.options, now.weights);
  state = std::move(now);
  const std::optional<double> best = task.options.early_stopping ? state.least_loss : std::nullopt;
  return {state.weights.epochs, report.converged, report.loss, best};
}

#define FORJA_INSTANTIATE(T)                                                                            \
  template GradientDescentReport descend_whole(const GradientDescentTask<T>&, const Device&, Observer*, \
                                               GradientDescentState&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
