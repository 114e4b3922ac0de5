#pragma once

#include <limits>

#include "formulas/host_device.h"

/// Sequential minimal optimisation of min 1/2 b'K b + q'b + epsilon |b|_1 over lower <= b <= upper, sum of b fixed
/// (Platt 1998; Fan, Chen and Lin 2005). gradient is K b + q; a variable can go up while b < upper, down while b >
/// lower. Where epsilon > 0, 0 lies within the bounds, and its kink bends the slope.
namespace forja::formulas {

/// Curvatures below this count as this: the step along a flat or, by rounding, concave direction stays finite.
inline constexpr double kLeastCurvature = 1e-12;

inline constexpr double kNoWay = std::numeric_limits<double>::infinity();

/// What a variable's slope upwards adds to its gradient; infinite where it cannot go.
FORJA_HD inline double rise(double b, double upper, double epsilon) {
  if (!(b < upper)) return kNoWay;
  return b < 0 ? -epsilon : epsilon;
}

/// The same downwards, for its negative: the variable gains by going down what gradient + this is above 0.
FORJA_HD inline double fall(double b, double lower, double epsilon) {
  if (!(b > lower)) return -kNoWay;
  return b > 0 ? epsilon : -epsilon;
}

/// Where a variable on its way up, or down, meets a bound or the kink.
FORJA_HD inline double highest(double b, double upper, double epsilon) { return epsilon > 0 && b < 0 ? 0 : upper; }
FORJA_HD inline double lowest(double b, double lower, double epsilon) { return epsilon > 0 && b > 0 ? 0 : lower; }

FORJA_HD inline double curvature(double k_ii, double k_jj, double k_ij) {
  const double found = k_ii + k_jj - 2 * k_ij;
  return found > kLeastCurvature ? found : kLeastCurvature;
}

/// The best step t of b_i + t, b_j - t. slope: of j's way down less i's way up, > 0; most_up, most_down: how far i and
/// j may go.
FORJA_HD inline double pair_step(double slope, double curvature, double most_up, double most_down) {
  double step = slope / curvature;
  step = step < most_up ? step : most_up;
  return step < most_down ? step : most_down;
}

/// b after a step; exactly the limit where the step was the way to it.
FORJA_HD inline double moved_up(double b, double step, double most, double limit) {
  return step < most ? b + step : limit;
}
FORJA_HD inline double moved_down(double b, double step, double most, double limit) {
  return step < most ? b - step : limit;
}

}  // namespace forja::formulas
