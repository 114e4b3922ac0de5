#pragma once

#include <cmath>
#include <cstdint>

#include "formulas/host_device.h"

/// What a linear model minimises, per row and once for every device: the loss of a prediction p for a target y. Of
/// classifiers p is the margin and y is -1 or +1, and what counts is their product z = p y.
///
/// Every loss has value(p, y) and derivative(p, y) with respect to p, where it has none a subgradient; smooth ones have
/// second(p, y), where it jumps the one from inside. conjugate(u, y) = sup_p (u p - value(p, y)) is what duality gaps
/// are made of; it is infinite where the supremum is. Names and scales are those of scikit-learn's SGD.
namespace forja::formulas {

/// (p - y)^2 / 2.
template <class T>
struct SquaredError {
  FORJA_HD T value(T p, T y) const { return T(0.5) * (p - y) * (p - y); }
  FORJA_HD T derivative(T p, T y) const { return p - y; }
  FORJA_HD T second(T, T) const { return T(1); }
  FORJA_HD T conjugate(T u, T y) const { return u * (T(0.5) * u + y); }
};

/// Squared near the target, linear beyond epsilon (Huber 1964).
template <class T>
struct Huber {
  T epsilon = T(0.1);

  FORJA_HD T value(T p, T y) const {
    const T size = std::fabs(p - y);
    return size <= epsilon ? T(0.5) * size * size : epsilon * (size - T(0.5) * epsilon);
  }
  FORJA_HD T derivative(T p, T y) const {
    const T residual = p - y;
    return residual > epsilon ? epsilon : (residual < -epsilon ? -epsilon : residual);
  }
  FORJA_HD T second(T p, T y) const { return std::fabs(p - y) <= epsilon ? T(1) : T(0); }
  FORJA_HD T conjugate(T u, T y) const {
    return std::fabs(u) <= epsilon ? u * (T(0.5) * u + y) : static_cast<T>(HUGE_VAL);
  }
};

/// Nothing within epsilon of the target, linear beyond: support vector regression's.
template <class T>
struct EpsilonInsensitive {
  T epsilon = T(0.1);

  FORJA_HD T value(T p, T y) const {
    const T excess = std::fabs(p - y) - epsilon;
    return excess > 0 ? excess : T(0);
  }
  FORJA_HD T derivative(T p, T y) const {
    const T residual = p - y;
    return residual > epsilon ? T(1) : (residual < -epsilon ? T(-1) : T(0));
  }
  FORJA_HD T conjugate(T u, T y) const {
    const T size = std::fabs(u);
    return size <= 1 ? u * y + epsilon * size : static_cast<T>(HUGE_VAL);
  }
};

/// The square of the same.
template <class T>
struct SquaredEpsilonInsensitive {
  T epsilon = T(0.1);

  FORJA_HD T value(T p, T y) const {
    const T excess = EpsilonInsensitive<T>{epsilon}.value(p, y);
    return excess * excess;
  }
  FORJA_HD T derivative(T p, T y) const {
    const T excess = EpsilonInsensitive<T>{epsilon}.value(p, y);
    return p > y ? 2 * excess : -2 * excess;
  }
  FORJA_HD T second(T p, T y) const { return std::fabs(p - y) > epsilon ? T(2) : T(0); }
  FORJA_HD T conjugate(T u, T y) const { return u * y + std::fabs(u) * (epsilon + T(0.25) * std::fabs(u)); }
};

/// max(0, 1 - z): the support vector machine's.
template <class T>
struct Hinge {
  FORJA_HD T value(T p, T y) const {
    const T missing = 1 - p * y;
    return missing > 0 ? missing : T(0);
  }
  FORJA_HD T derivative(T p, T y) const { return p * y < 1 ? -y : T(0); }
  FORJA_HD T conjugate(T u, T y) const {
    const T a = u * y;
    return a >= -1 && a <= 0 ? a : static_cast<T>(HUGE_VAL);
  }
};

/// max(0, 1 - z)^2.
template <class T>
struct SquaredHinge {
  FORJA_HD T value(T p, T y) const {
    const T missing = 1 - p * y;
    return missing > 0 ? missing * missing : T(0);
  }
  FORJA_HD T derivative(T p, T y) const {
    const T missing = 1 - p * y;
    return missing > 0 ? -2 * y * missing : T(0);
  }
  FORJA_HD T second(T p, T y) const { return p * y < 1 ? T(2) : T(0); }
  FORJA_HD T conjugate(T u, T y) const {
    const T a = u * y;
    return a <= 0 ? a * (1 + T(0.25) * a) : static_cast<T>(HUGE_VAL);
  }
};

/// 1 / (1 + exp(-z)) without overflow; small ones keep their digits.
template <class T>
FORJA_HD T sigmoid(T z) {
  const T power = std::exp(-std::fabs(z));
  return (z >= 0 ? T(1) : power) / (1 + power);
}

/// x log x, and its limit at 0.
template <class T>
FORJA_HD T x_log_x(T x) {
  return x > 0 ? x * std::log(x) : T(0);
}

/// log(1 + exp(-z)): logistic regression's. The conjugate is minus the entropy of u's share.
template <class T>
struct LogLoss {
  FORJA_HD T value(T p, T y) const {
    const T z = p * y;
    return (z < 0 ? -z : T(0)) + std::log1p(std::exp(-std::fabs(z)));
  }
  FORJA_HD T derivative(T p, T y) const { return -y * sigmoid(-p * y); }
  FORJA_HD T second(T p, T) const { return sigmoid(p) * sigmoid(-p); }
  FORJA_HD T conjugate(T u, T y) const {
    const T share = -u * y;
    if (!(share >= 0 && share <= 1)) return static_cast<T>(HUGE_VAL);
    return x_log_x(share) + (share < 1 ? (1 - share) * std::log1p(-share) : T(0));
  }
};

/// The squared hinge, linear from z = -1 down (Zhang 2004).
template <class T>
struct ModifiedHuber {
  FORJA_HD T value(T p, T y) const {
    const T z = p * y;
    return z >= 1 ? T(0) : (z >= -1 ? (1 - z) * (1 - z) : -4 * z);
  }
  FORJA_HD T derivative(T p, T y) const {
    const T z = p * y;
    return z >= 1 ? T(0) : (z >= -1 ? -2 * y * (1 - z) : -4 * y);
  }
  FORJA_HD T second(T p, T y) const {
    const T z = p * y;
    return z < 1 && z >= -1 ? T(2) : T(0);
  }
  FORJA_HD T conjugate(T u, T y) const {
    const T a = u * y;
    return a >= -4 && a <= 0 ? a * (1 + T(0.25) * a) : static_cast<T>(HUGE_VAL);
  }
};

/// max(0, -z) (Rosenblatt 1958). Of the subgradients at z = 0 the one that moves: training begins there.
template <class T>
struct PerceptronLoss {
  FORJA_HD T value(T p, T y) const {
    const T z = p * y;
    return z < 0 ? -z : T(0);
  }
  FORJA_HD T derivative(T p, T y) const { return p * y <= 0 ? -y : T(0); }
  FORJA_HD T conjugate(T u, T y) const {
    const T a = u * y;
    return a >= -1 && a <= 0 ? T(0) : static_cast<T>(HUGE_VAL);
  }
};

/// log(sum of exp(margin)) in two parts, so that a loss near 0 keeps its digits.
template <class T>
struct LogSumExp {
  T greatest;  ///< the greatest margin
  T excess;    ///< what the others add, at least 0

  FORJA_HD T total() const { return greatest + excess; }
  /// Multinomial log-loss of a row whose own class has this margin.
  FORJA_HD T loss(T own) const { return (greatest - own) + excess; }
  /// exp(margin) as a share of the sum.
  FORJA_HD T share(T margin) const { return std::exp((margin - greatest) - excess); }
  /// The share of the others, with its digits where it is small.
  FORJA_HD T rest(T own) const { return -std::expm1((own - greatest) - excess); }
};

/// Of `count` margins, at least one, `step` apart.
template <class T>
FORJA_HD LogSumExp<T> log_sum_exp(const T* margins, std::int64_t count, std::int64_t step = 1) {
  std::int64_t first = 0;
  for (std::int64_t c = 1; c < count; ++c) {
    if (margins[c * step] > margins[first * step]) first = c;
  }
  const T greatest = margins[first * step];
  T others = 0;
  for (std::int64_t c = 0; c < count; ++c) {
    if (c != first) others += std::exp(margins[c * step] - greatest);
  }
  return {greatest, std::log1p(others)};
}

/// Puts softmax(margins) in the place of the margins; returns their log-sum-exp.
template <class T>
FORJA_HD LogSumExp<T> softmax(T* margins, std::int64_t count, std::int64_t step = 1) {
  const LogSumExp<T> sum = log_sum_exp<T>(margins, count, step);
  for (std::int64_t c = 0; c < count; ++c) margins[c * step] = sum.share(margins[c * step]);
  return sum;
}

}  // namespace forja::formulas
