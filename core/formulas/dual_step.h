#pragma once

#include <cmath>
#include <cstdint>

#include "formulas/host_device.h"
#include "formulas/row_loss.h"

/// The dual of linear support vector machines, one variable at a time and once for every device.
///
/// The primal is ||w||^2 / 2 + sum of c_i loss(w x_i, y_i); its minimum is w = sum of b_i x_i. With signed variables, b
/// being y alpha of classes and alpha+ - alpha- of numbers, all four losses have the dual
/// minimise ||w||^2 / 2 + sum of (curvature b^2 / 2 - y b + epsilon |b|) for b from lowest to highest
/// (Hsieh et al. 2008; Ho and Lin 2012).
namespace forja::formulas {

/// What a row adds to the dual.
struct DualRow {
  double y = 0;
  double epsilon = 0;
  double curvature = 0;
  double lowest = 0;
  double highest = 0;

  FORJA_HD double value(double b) const { return b * (0.5 * curvature * b - y) + epsilon * std::fabs(b); }
};

/// Of a row of weight c. loss: hinge, squared_hinge or one of the epsilon-insensitive ones; y: of classes -1 or 1.
FORJA_HD inline DualRow dual_row(const RowLoss<double>& loss, double y, double c) {
  const bool squared = loss.kind == LossKind::squared_hinge || loss.kind == LossKind::squared_epsilon_insensitive;
  const bool classes = of_classes(loss.kind);
  DualRow row;
  row.y = y;
  row.epsilon = classes ? 0 : loss.epsilon;
  if (!(c > 0)) return row;
  const double most = squared ? HUGE_VAL : c;
  row.curvature = squared ? 0.5 / c : 0;
  row.lowest = classes && y > 0 ? 0 : -most;
  row.highest = classes && y < 0 ? 0 : most;
  return row;
}

/// What one variable does.
struct DualStep {
  double next = 0;       ///< where the dual is least along it
  double violation = 0;  ///< by how much the slope there was not zero
  double slack = 0;      ///< above 0: how far slopes are from moving it off the bound or the kink that it is at
};

/// margin: w x; square: x x.
FORJA_HD inline DualStep dual_step(const DualRow& row, double b, double margin, double square) {
  const double slope = margin - row.y + row.curvature * b;
  const double up = b >= row.highest ? HUGE_VAL : slope + (b >= 0 ? row.epsilon : -row.epsilon);
  const double down = b <= row.lowest ? -HUGE_VAL : slope + (b > 0 ? row.epsilon : -row.epsilon);
  DualStep step;
  step.violation = up < 0 ? -up : (down > 0 ? down : 0);
  step.slack = up < -down ? up : -down;
  const double bend = square + row.curvature;
  if (!(bend > 0)) {
    step.next = up < 0 ? row.highest : (down > 0 ? row.lowest : b);
    return step;
  }
  const double free = b - slope / bend;
  const double kink = row.epsilon / bend;
  step.next = free > kink ? free - kink : (free < -kink ? free + kink : 0);
  if (step.next < row.lowest) step.next = row.lowest;
  if (step.next > row.highest) step.next = row.highest;
  return step;
}

}  // namespace forja::formulas
