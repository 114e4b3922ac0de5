#pragma once

#include <cstdint>
#include <utility>

#include "formulas/host_device.h"
#include "formulas/optimizers.h"
#include "formulas/row_loss.h"

/// What mini-batch descent does to one weight, once for every device.
namespace forja::formulas {

/// The optimisers by name.
enum class OptimizerKind : std::int32_t { sgd, momentum, nesterov, adagrad, rmsprop, adam, adamax, nadam, adamw };

/// Which one, and what it does not take from each step.
struct OptimizerChoice {
  OptimizerKind kind = OptimizerKind::sgd;
  double momentum = 0.9;  ///< of momentum and nesterov
  double rho = 0.9;       ///< of rmsprop
  double beta1 = 0.9;     ///< of adam, adamax, nadam, adamw
  double beta2 = 0.999;
  double epsilon = 1e-7;  ///< of all that divide by a root
  double decay = 0.01;    ///< of adamw
};

/// Calls work(make), where make(rate, step) is the chosen optimiser of one step, steps counted from 1. Host only.
template <class T, class Work>
decltype(auto) with_optimizer(const OptimizerChoice& choice, const Work& work) {
  const AdamOptions adam{choice.beta1, choice.beta2, choice.epsilon};
  const T epsilon = static_cast<T>(choice.epsilon);
  const T beta = static_cast<T>(choice.momentum);
  switch (choice.kind) {
    case OptimizerKind::momentum:
      return work([=](double rate, std::int64_t) { return Momentum<T>{static_cast<T>(rate), beta}; });
    case OptimizerKind::nesterov:
      return work([=](double rate, std::int64_t) { return Nesterov<T>{static_cast<T>(rate), beta}; });
    case OptimizerKind::adagrad:
      return work([=](double rate, std::int64_t) { return AdaGrad<T>{static_cast<T>(rate), epsilon}; });
    case OptimizerKind::rmsprop:
      return work([=](double rate, std::int64_t) {
        return RmsProp<T>{static_cast<T>(rate), static_cast<T>(choice.rho), epsilon};
      });
    case OptimizerKind::adam:
      return work([=](double rate, std::int64_t step) { return Adam<T>{static_cast<T>(rate), {adam, step}}; });
    case OptimizerKind::adamax:
      return work([=](double rate, std::int64_t step) { return AdaMax<T>{static_cast<T>(rate), {adam, step}}; });
    case OptimizerKind::nadam:
      return work([=](double rate, std::int64_t step) { return Nadam<T>{static_cast<T>(rate), {adam, step}}; });
    case OptimizerKind::adamw:
      return work([=](double rate, std::int64_t step) {
        return AdamW<T>{static_cast<T>(rate), {adam, step}, static_cast<T>(choice.decay)};
      });
    case OptimizerKind::sgd:
      break;
  }
  return work([](double rate, std::int64_t) { return Sgd<T>{static_cast<T>(rate)}; });
}

/// How many numbers the chosen optimiser keeps of each weight.
inline int optimizer_states(OptimizerKind kind) {
  if (kind == OptimizerKind::sgd) return 0;
  return kind < OptimizerKind::adam ? 1 : 2;
}

/// What a step of this rate leaves of a weight under the penalty l2 w^2 / 2.
template <class T>
FORJA_HD T shrinkage(T rate, T l2) {
  const T left = 1 - rate * l2;
  return left > 0 ? left : T(0);
}

/// A weight after a step with the gradient g of the loss and the penalty l2 w^2 / 2: plain descent shrinks the weight,
/// never past zero; the others see the penalty's gradient.
template <class T, class Optimizer>
FORJA_HD T stepped(const Optimizer& optimizer, T w, T g, T l2, T* state) {
  if constexpr (Optimizer::kStates == 0) {
    return optimizer.next(w * shrinkage(optimizer.rate, l2), g, state);
  } else {
    return optimizer.next(w, g + l2 * w, state);
  }
}

/// A weight under the penalty l1 |w|: it is drawn to zero by what has become due since the first step (`total`, the sum
/// of rate x l1) and was not yet paid (`paid`, below zero for what was paid by a weight above it), and never past it
/// (Tsuruoka et al. 2009: the cumulative penalty).
template <class T>
FORJA_HD T drawn_to_zero(T w, T total, T& paid) {
  T next = w;
  if (w > 0) {
    next = w - (total + paid);
    if (next < 0) next = 0;
  } else if (w < 0) {
    next = w + (total - paid);
    if (next > 0) next = 0;
  }
  paid += next - w;
  return next;
}

/// The target of output `output` of `outputs` where outputs do not depend on each other, as RowLoss takes it for a
/// single one.
template <class T>
FORJA_HD T lone_target(LossKind kind, const T* y, std::int64_t output, std::int64_t outputs) {
  if (!of_classes(kind)) return y[output];
  if (outputs == 1) return y[0];
  return y[0] == static_cast<T>(output) ? T(1) : T(0);
}

}  // namespace forja::formulas
