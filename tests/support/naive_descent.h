#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "compute/descent_compute.h"
#include "formulas/row_order.h"
#include "support/linear_reference.h"

/// Mini-batch descent as its contract says, weight by weight.
namespace forja::testing {

/// Moves `state` by the steps; returns the losses. Rates are rounded to T as the devices round them.
template <class T>
std::vector<double> naive_descent(const LinearData<T>& data, const compute::DescentPlan<T>& plan,
                                  const compute::DescentRun& steps, compute::DescentState& state) {
  const std::int64_t n = data.x.rows();
  const std::int64_t d = data.x.columns();
  const formulas::RowOrder order(plan.seed, static_cast<std::uint64_t>(steps.epoch), n);
  const formulas::RowLoss<double> loss{plan.loss.kind, static_cast<double>(plan.loss.epsilon)};
  const bool coupled = plan.loss.kind == formulas::LossKind::multinomial;
  std::vector<double> losses(static_cast<std::size_t>(plan.outputs));
  formulas::with_optimizer<double>(plan.optimizer, [&](const auto& make) {
    for (std::size_t s = 0; s < steps.rates.size(); ++s) {
      const std::int64_t first = static_cast<std::int64_t>(s) * plan.batch_size;
      const std::int64_t last = std::min(first + plan.batch_size, n);
      Matrix<double> gradient(plan.outputs, d + 1);
      for (std::int64_t place = first; place < last; ++place) {
        const std::int64_t i = plan.shuffle ? order.row(place) : place;
        std::vector<double> y;
        for (const T value : data.y.row(i)) y.push_back(static_cast<double>(value));
        std::vector<double> margins;
        for (std::int64_t c = 0; c < plan.outputs; ++c) {
          double sum = state.weights(c, d);
          for (std::int64_t j = 0; j < d; ++j) sum += state.weights(c, j) * static_cast<double>(data.x(i, j));
          margins.push_back(sum);
        }
        if (coupled)
          losses[0] += loss([&](std::int64_t) { return y[0]; }, data.weight_of(i), margins.data(), plan.outputs);
        for (std::int64_t c = 0; c < plan.outputs; ++c) {
          const auto output = static_cast<std::size_t>(c);
          if (steps.factors[output] == 0) continue;
          const double target = formulas::lone_target(plan.loss.kind, y.data(), c, plan.outputs);
          if (!coupled)
            losses[output] += loss([&](std::int64_t) { return target; }, data.weight_of(i), &margins[output], 1);
          for (std::int64_t j = 0; j <= d; ++j) {
            gradient(c, j) += margins[output] * (j < d ? static_cast<double>(data.x(i, j)) : 1.0);
          }
        }
      }
      ++state.steps;
      for (std::int64_t c = 0; c < plan.outputs; ++c) {
        const auto output = static_cast<std::size_t>(c);
        if (steps.factors[output] == 0) continue;
        double square = 0;
        for (std::int64_t j = 0; j <= d; ++j) {
          double& g = gradient(c, j);
          g = j == d && !plan.intercept
                  ? 0
                  : std::clamp(g / static_cast<double>(last - first), -plan.clip_value, plan.clip_value);
          square += g * g;
        }
        const double shorter = std::sqrt(square) > plan.clip_norm ? plan.clip_norm / std::sqrt(square) : 1;
        const auto optimizer = make(steps.rates[s] * steps.factors[output], state.steps);
        const bool averaged = plan.average_from > 0 && state.steps >= plan.average_from;
        state.averaged[output] += averaged ? 1 : 0;
        state.due[output] += optimizer.rate * plan.l1;
        for (std::int64_t j = 0; j <= d; ++j) {
          if (j == d && !plan.intercept) continue;
          double own[2] = {};
          const std::int64_t states = state.slots.rows() / plan.outputs;
          for (std::int64_t k = 0; k < states; ++k) own[k] = state.slots(k * plan.outputs + c, j);
          double& w = state.weights(c, j);
          w = formulas::stepped(optimizer, w, shorter * gradient(c, j), j < d ? plan.l2 : 0.0, own);
          for (std::int64_t k = 0; k < states; ++k) state.slots(k * plan.outputs + c, j) = own[k];
          if (plan.l1 > 0 && j < d) w = formulas::drawn_to_zero(w, state.due[output], state.paid(c, j));
          if (averaged) state.sums(c, j) += w;
        }
      }
    }
  });
  return losses;
}

}  // namespace forja::testing
