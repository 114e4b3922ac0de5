#pragma once

#include <cstdint>

#include "formulas/losses.h"

namespace forja::formulas {

/// The losses by name. From hinge on they are of classes.
enum class LossKind : std::int32_t {
  squared_error,
  huber,
  epsilon_insensitive,
  squared_epsilon_insensitive,
  hinge,
  squared_hinge,
  log_loss,
  modified_huber,
  perceptron,
  multinomial,
};

FORJA_HD inline bool of_classes(LossKind kind) { return kind >= LossKind::hinge; }

/// The loss of one row with several outputs.
///
/// Of numbers each output has a target of its own. Of classes there is one, the row's class 0, 1, ...: multinomial
/// takes the softmax of the outputs; the others are summed over outputs, each of which says yes to the class of its
/// number, a single one to every class but 0.
template <class T>
struct RowLoss {
  LossKind kind = LossKind::squared_error;
  T epsilon = T(0.1);

  /// Puts weight x derivative in the place of the `count` margins; returns weight x loss. target(c): of output c, or of
  /// output 0 the class.
  template <class Target>
  FORJA_HD double operator()(const Target& target, double weight, T* margins, std::int64_t count) const {
    switch (kind) {
      case LossKind::squared_error:
        return of_numbers(SquaredError<T>{}, target, weight, margins, count);
      case LossKind::huber:
        return of_numbers(Huber<T>{epsilon}, target, weight, margins, count);
      case LossKind::epsilon_insensitive:
        return of_numbers(EpsilonInsensitive<T>{epsilon}, target, weight, margins, count);
      case LossKind::squared_epsilon_insensitive:
        return of_numbers(SquaredEpsilonInsensitive<T>{epsilon}, target, weight, margins, count);
      case LossKind::hinge:
        return of_signs(Hinge<T>{}, target(0), weight, margins, count);
      case LossKind::squared_hinge:
        return of_signs(SquaredHinge<T>{}, target(0), weight, margins, count);
      case LossKind::log_loss:
        return of_signs(LogLoss<T>{}, target(0), weight, margins, count);
      case LossKind::modified_huber:
        return of_signs(ModifiedHuber<T>{}, target(0), weight, margins, count);
      case LossKind::perceptron:
        return of_signs(PerceptronLoss<T>{}, target(0), weight, margins, count);
      case LossKind::multinomial:
        break;
    }
    return of_shares(static_cast<std::int64_t>(target(0)), weight, margins, count);
  }

 private:
  template <class Loss, class Target>
  FORJA_HD static double of_numbers(const Loss& loss, const Target& target, double weight, T* margins,
                                    std::int64_t count) {
    double sum = 0;
    for (std::int64_t c = 0; c < count; ++c) sum += one(loss, target(c), weight, margins[c]);
    return weight * sum;
  }

  template <class Loss>
  FORJA_HD static double of_signs(const Loss& loss, T own, double weight, T* margins, std::int64_t count) {
    if (count == 1) return weight * one(loss, own > 0 ? T(1) : T(-1), weight, margins[0]);
    double sum = 0;
    for (std::int64_t c = 0; c < count; ++c) {
      sum += one(loss, own == static_cast<T>(c) ? T(1) : T(-1), weight, margins[c]);
    }
    return weight * sum;
  }

  template <class Loss>
  FORJA_HD static double one(const Loss& loss, T y, double weight, T& margin) {
    const T p = margin;
    margin = static_cast<T>(weight) * loss.derivative(p, y);
    return static_cast<double>(loss.value(p, y));
  }

  FORJA_HD static double of_shares(std::int64_t own, double weight, T* margins, std::int64_t count) {
    const T own_margin = margins[own];
    const LogSumExp<T> sum = softmax(margins, count);
    margins[own] = -sum.rest(own_margin);
    for (std::int64_t c = 0; c < count; ++c) margins[c] *= static_cast<T>(weight);
    return weight * static_cast<double>(sum.loss(own_margin));
  }
};

/// The second derivative of a row's loss by the outputs a and b, without its sign. kind: log_loss with one output, or
/// multinomial.
template <class T>
FORJA_HD T row_curvature(LossKind kind, const T* margins, std::int64_t count, std::int64_t a, std::int64_t b) {
  if (kind == LossKind::log_loss) return LogLoss<T>{}.second(margins[0], T(1));
  const LogSumExp<T> sum = log_sum_exp(margins, count);
  return sum.share(margins[a]) * (a == b ? sum.rest(margins[a]) : sum.share(margins[b]));
}

}  // namespace forja::formulas
