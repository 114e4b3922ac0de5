// What one variable of a support vector machine's dual does: where it ends, and what is said of where it was.

#include "formulas/dual_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "formulas/losses.h"

namespace {

using forja::formulas::dual_row;
using forja::formulas::dual_step;
using forja::formulas::DualRow;
using forja::formulas::DualStep;
using forja::formulas::LossKind;

constexpr LossKind kLosses[] = {LossKind::hinge, LossKind::squared_hinge, LossKind::epsilon_insensitive,
                                LossKind::squared_epsilon_insensitive};

/// The dual along one variable, from b on, where w x is `margin` and x x is `square`.
double along(const DualRow& row, double b, double next, double margin, double square) {
  const double change = next - b;
  return change * (margin + 0.5 * square * change) + row.value(next);
}

TEST(DualStep, a_step_ends_where_the_dual_is_least_between_the_bounds) {
  constexpr double kSquare = 1.5;
  for (const LossKind kind : kLosses) {
    for (const double y : {-1.0, 1.0}) {
      const DualRow row = dual_row({kind, 0.3}, y, 0.7);
      for (const double start : {-5.0, -0.4, 0.0, 0.2, 5.0}) {
        const double b = std::clamp(start, row.lowest, row.highest);
        for (double margin = -4; margin <= 4; margin += 0.25) {
          const DualStep step = dual_step(row, b, margin, kSquare);
          EXPECT_GE(step.next, row.lowest);
          EXPECT_LE(step.next, row.highest);
          const double least = along(row, b, step.next, margin, kSquare);
          for (double shift = -0.5; shift <= 0.5; shift += 0.125) {
            const double other = std::clamp(step.next + shift, row.lowest, row.highest);
            EXPECT_GE(along(row, b, other, margin, kSquare), least - 1e-12);
          }
          // Where nothing was violated nothing moves, and something else does.
          EXPECT_EQ(step.violation == 0, std::fabs(step.next - b) < 1e-15) << b << ", " << margin;
          if (step.slack > 0) {
            EXPECT_EQ(step.violation, 0);
          }
        }
      }
    }
  }
}

TEST(DualStep, slack_is_how_far_the_margin_may_go) {
  for (const LossKind kind : kLosses) {
    const DualRow row = dual_row({kind, 0.3}, 1, 0.7);
    for (const double b : {row.lowest, 0.0, row.highest}) {
      if (std::isinf(b)) continue;
      for (double margin = -4; margin <= 4; margin += 0.25) {
        const DualStep step = dual_step(row, b, margin, 1);
        if (!(step.slack > 0)) continue;
        for (const double shift : {-0.99 * step.slack, 0.99 * step.slack}) {
          EXPECT_EQ(dual_step(row, b, margin + shift, 1).next, b);
        }
      }
    }
  }
}

TEST(DualStep, rows_of_zeros_go_to_a_bound_and_rows_that_weigh_nothing_to_none) {
  EXPECT_EQ(dual_step(dual_row({LossKind::hinge}, -1, 0.7), 0, 0, 0).next, -0.7);
  EXPECT_EQ(dual_step(dual_row({LossKind::epsilon_insensitive, 0.3}, 1, 0.7), 0, 0, 0).next, 0.7);
  EXPECT_EQ(dual_step(dual_row({LossKind::epsilon_insensitive, 0.3}, 0.2, 0.7), 0, 0, 0).next, 0);
  for (const LossKind kind : kLosses) {
    const DualStep step = dual_step(dual_row({kind, 0.3}, 1, 0), 0, -3, 2);
    EXPECT_EQ(step.next, 0);
    EXPECT_EQ(step.violation, 0);
  }
}

TEST(DualStep, a_rows_value_is_its_losses_conjugate) {
  constexpr double kWeight = 0.7;
  for (const double b : {-0.6, 0.0, 0.5}) {
    const auto value = [&](LossKind kind, double y) { return dual_row({kind, 0.3}, y, kWeight).value(b); };
    const double u = -b / kWeight;
    const double y = b < 0 ? -1 : 1;
    EXPECT_NEAR(value(LossKind::hinge, y), kWeight * forja::formulas::Hinge<double>{}.conjugate(u, y), 1e-15);
    EXPECT_NEAR(value(LossKind::squared_hinge, y), kWeight * forja::formulas::SquaredHinge<double>{}.conjugate(u, y),
                1e-15);
    EXPECT_NEAR(value(LossKind::epsilon_insensitive, 1.7),
                kWeight * forja::formulas::EpsilonInsensitive<double>{0.3}.conjugate(u, 1.7), 1e-15);
    EXPECT_NEAR(value(LossKind::squared_epsilon_insensitive, 1.7),
                kWeight * forja::formulas::SquaredEpsilonInsensitive<double>{0.3}.conjugate(u, 1.7), 1e-15);
  }
}

}  // namespace
