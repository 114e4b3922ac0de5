#pragma once

#include <cmath>
#include <cstdint>

#include "formulas/host_device.h"

/// Learning rates that follow from the step alone, so that a device may run many steps by itself. rate(t): of step t,
/// counted from 0.
namespace forja::formulas {

struct ConstantRate {
  double eta0 = 0.01;

  FORJA_HD double rate(std::int64_t) const { return eta0; }
};

/// eta0 / (t + 1)^power: scikit-learn's "invscaling".
struct InverseScalingRate {
  double eta0 = 0.01;
  double power = 0.25;

  FORJA_HD double rate(std::int64_t t) const { return eta0 / std::pow(static_cast<double>(t + 1), power); }
};

/// 1 / (alpha (t0 + t)): scikit-learn's "optimal" (Bottou 2012).
struct OptimalRate {
  double alpha = 1e-4;
  double t0 = 1e3;

  /// The t0 whose first steps are about as long as weights are expected to be. steepness: the greatest derivative of
  /// the loss there, where it is above 1.
  static OptimalRate from(double alpha, double steepness = 1) {
    const double weight = std::sqrt(1 / std::sqrt(alpha));
    return {alpha, (steepness > 1 ? steepness : 1) / (weight * alpha)};
  }
  FORJA_HD double rate(std::int64_t t) const { return 1 / (alpha * (t0 + static_cast<double>(t))); }
};

/// eta0 / (1 + t / steps)^power: the book's power scheduling.
struct PowerRate {
  double eta0 = 0.01;
  double steps = 1e4;
  double power = 1;

  FORJA_HD double rate(std::int64_t t) const { return eta0 / std::pow(1 + static_cast<double>(t) / steps, power); }
};

/// eta0 factor^(t / steps): the book's exponential scheduling, a tenth every `steps`.
struct ExponentialRate {
  double eta0 = 0.01;
  double steps = 1e4;
  double factor = 0.1;

  FORJA_HD double rate(std::int64_t t) const { return eta0 * std::pow(factor, static_cast<double>(t) / steps); }
};

/// t0 / (t + t1): the book's learning schedule of chapter 4.
struct HyperbolicRate {
  double t0 = 5;
  double t1 = 50;

  FORJA_HD double rate(std::int64_t t) const { return t0 / (static_cast<double>(t) + t1); }
};

/// Up in a straight line from a tenth of eta1 to eta1, down again, and in the last tenth of the steps to a thousandth
/// of where it began (Smith 2018).
struct OneCycleRate {
  double eta1 = 0.1;
  std::int64_t steps = 1000;

  FORJA_HD double rate(std::int64_t t) const {
    const double eta0 = eta1 / 10;
    const std::int64_t half = (steps - steps / 10) / 2;
    if (t < half) return line(t, 0, half, eta0, eta1);
    if (t < 2 * half) return line(t, half, 2 * half, eta1, eta0);
    return t < steps ? line(t, 2 * half, steps, eta0, eta0 / 1000) : eta0 / 1000;
  }

 private:
  FORJA_HD static double line(std::int64_t t, std::int64_t from, std::int64_t to, double first, double last) {
    return first + (last - first) * (static_cast<double>(t - from) / static_cast<double>(to - from));
  }
};

}  // namespace forja::formulas
