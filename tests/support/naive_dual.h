#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "compute/dual_compute.h"
#include "formulas/row_order.h"
#include "support/linear_reference.h"

/// Dual coordinate descent as its contract says, in double; rows' factors are the data's weights.
namespace forja::testing {

template <class T>
class NaiveDual {
 public:
  NaiveDual(const LinearData<T>& data, const compute::DualPlan& plan)
      : data_(data),
        plan_(plan),
        d_(data.x.columns()),
        b_(plan.outputs, data.x.rows()),
        weights_(plan.outputs, d_ + 1) {}

  void run(std::int64_t first, std::int64_t epochs, const std::vector<std::int64_t>& outputs) {
    for (const std::int64_t c : outputs) {
      std::vector<bool> held(static_cast<std::size_t>(data_.x.rows()));
      double limit = std::numeric_limits<double>::infinity();
      for (std::int64_t e = first; e < first + epochs; ++e) {
        const formulas::RowOrder order(plan_.seed, static_cast<std::uint64_t>(e), data_.x.rows());
        double worst = 0;
        for (std::int64_t place = 0; place < data_.x.rows(); ++place) {
          const std::int64_t i = order.row(place);
          if (held[static_cast<std::size_t>(i)]) continue;
          double square = 0;
          for (std::int64_t j = 0; j <= d_; ++j) square += entry(i, j) * entry(i, j);
          const auto step = formulas::dual_step(row(i, c), b_(c, i), margin(i, c), square);
          if (step.slack > limit) {
            held[static_cast<std::size_t>(i)] = true;
            continue;
          }
          worst = std::max(worst, step.violation);
          for (std::int64_t j = 0; j <= d_; ++j) weights_(c, j) += (step.next - b_(c, i)) * entry(i, j);
          b_(c, i) = step.next;
        }
        limit = worst;
      }
    }
  }

  compute::DualState measure() const {
    const auto outputs = static_cast<std::size_t>(plan_.outputs);
    compute::DualState state{weights_, std::vector<double>(outputs), std::vector<double>(outputs)};
    for (std::int64_t c = 0; c < plan_.outputs; ++c) {
      for (std::int64_t i = 0; i < data_.x.rows(); ++i) {
        const formulas::DualRow dual = row(i, c);
        double p = margin(i, c);
        state.losses[static_cast<std::size_t>(c)] +=
            plan_.loss([&](std::int64_t) { return dual.y; }, data_.weight_of(i), &p, 1);
        state.dual_values[static_cast<std::size_t>(c)] += dual.value(b_(c, i));
      }
    }
    return state;
  }

 private:
  double entry(std::int64_t i, std::int64_t j) const {
    return j < d_ ? static_cast<double>(data_.x(i, j)) : plan_.bias;
  }
  double margin(std::int64_t i, std::int64_t c) const {
    double sum = 0;
    for (std::int64_t j = 0; j <= d_; ++j) sum += entry(i, j) * weights_(c, j);
    return sum;
  }
  formulas::DualRow row(std::int64_t i, std::int64_t c) const {
    double y = static_cast<double>(data_.y(i, formulas::of_classes(plan_.loss.kind) ? 0 : c));
    if (formulas::of_classes(plan_.loss.kind)) y = y == (plan_.outputs == 1 ? 1.0 : static_cast<double>(c)) ? 1 : -1;
    return formulas::dual_row(plan_.loss, y, data_.weight_of(i));
  }

  const LinearData<T>& data_;
  compute::DualPlan plan_;
  std::int64_t d_;
  Matrix<double> b_;
  Matrix<double> weights_;
};

}  // namespace forja::testing
