#pragma once

#include <cmath>
#include <cstdint>

#include "formulas/host_device.h"

/// Steps of gradient descent, one formula per parameter and once for every device. An optimiser is made on the host for
/// one step, with this step's rate and, where it counts, the step's number from 1; then next(w, g, state) gives the new
/// value of a parameter w with gradient g. `state` is the parameter's own kStates numbers, zero before the first step.
///
/// Equations, signs and defaults are those of the book's chapter 11: momentum points downhill, epsilon stands under the
/// root.
namespace forja::formulas {

/// w - rate g.
template <class T>
struct Sgd {
  static constexpr int kStates = 0;
  T rate;

  FORJA_HD T next(T w, T g, T*) const { return w - rate * g; }
};

/// m = beta m - rate g; w + m (Polyak 1964).
template <class T>
struct Momentum {
  static constexpr int kStates = 1;
  T rate;
  T beta = T(0.9);

  FORJA_HD T next(T w, T g, T* state) const {
    state[0] = beta * state[0] - rate * g;
    return w + state[0];
  }
};

/// Momentum with the gradient measured ahead, at w + beta m (Nesterov 1983). What is kept as w is that point ahead,
/// where the next gradient is taken; settled() takes the momentum away again.
template <class T>
struct Nesterov {
  static constexpr int kStates = 1;
  T rate;
  T beta = T(0.9);

  FORJA_HD T next(T w, T g, T* state) const {
    state[0] = beta * state[0] - rate * g;
    return w + beta * state[0] - rate * g;
  }
  FORJA_HD T settled(T w, const T* state) const { return w - beta * state[0]; }
};

/// s = s + g^2; w - rate g / sqrt(s + epsilon) (Duchi et al. 2011).
template <class T>
struct AdaGrad {
  static constexpr int kStates = 1;
  T rate;
  T epsilon = T(1e-10);

  FORJA_HD T next(T w, T g, T* state) const {
    state[0] += g * g;
    return w - rate * g / std::sqrt(state[0] + epsilon);
  }
};

/// AdaGrad with a sum that forgets: s = rho s + (1 - rho) g^2 (Tieleman and Hinton 2012).
template <class T>
struct RmsProp {
  static constexpr int kStates = 1;
  T rate;
  T rho = T(0.9);
  T epsilon = T(1e-7);

  FORJA_HD T next(T w, T g, T* state) const {
    state[0] = rho * state[0] + (1 - rho) * g * g;
    return w - rate * g / std::sqrt(state[0] + epsilon);
  }
};

/// How fast Adam and its kin forget.
struct AdamOptions {
  double beta1 = 0.9;     ///< of the mean of gradients
  double beta2 = 0.999;   ///< of the mean of their squares
  double epsilon = 1e-7;  ///< keeps the root above 0
};

/// What Adam and its kin share: m = beta1 m - (1 - beta1) g, s = beta2 s + (1 - beta2) g^2, and the factors that make
/// up for both having begun at 0.
template <class T>
struct AdamMoments {
  AdamMoments(const AdamOptions& options, std::int64_t step)
      : beta1(static_cast<T>(options.beta1)),
        beta2(static_cast<T>(options.beta2)),
        new1(static_cast<T>(1 - options.beta1)),
        new2(static_cast<T>(1 - options.beta2)),
        epsilon(static_cast<T>(options.epsilon)),
        unbias1(correction(options.beta1, step)),
        unbias1_ahead(correction(options.beta1, step + 1)),
        unbias2(correction(options.beta2, step)) {}

  FORJA_HD T mean(T g, T m) const { return beta1 * m - new1 * g; }
  FORJA_HD T square(T g, T s) const { return beta2 * s + new2 * g * g; }
  FORJA_HD T root(T s) const { return std::sqrt(s * unbias2 + epsilon); }

  T beta1;
  T beta2;
  T new1;
  T new2;
  T epsilon;
  T unbias1;
  T unbias1_ahead;
  T unbias2;

 private:
  /// 1 / (1 - beta^step).
  static T correction(double beta, std::int64_t step) {
    return static_cast<T>(1 / (1 - std::pow(beta, static_cast<double>(step))));
  }
};

/// Kingma and Ba 2015.
template <class T>
struct Adam {
  static constexpr int kStates = 2;
  T rate;
  AdamMoments<T> moments;

  FORJA_HD T next(T w, T g, T* state) const {
    state[0] = moments.mean(g, state[0]);
    state[1] = moments.square(g, state[1]);
    return w + rate * (state[0] * moments.unbias1) / moments.root(state[1]);
  }
};

/// Adam with the greatest gradient in place of the root: s = max(beta2 s, |g|).
template <class T>
struct AdaMax {
  static constexpr int kStates = 2;
  T rate;
  AdamMoments<T> moments;

  FORJA_HD T next(T w, T g, T* state) const {
    const T faded = moments.beta2 * state[1];
    const T size = std::fabs(g);
    state[0] = moments.mean(g, state[0]);
    state[1] = faded > size ? faded : size;
    return state[1] > 0 ? w + rate * (state[0] * moments.unbias1) / state[1] : w;
  }
};

/// Adam with Nesterov's look ahead (Dozat 2016).
template <class T>
struct Nadam {
  static constexpr int kStates = 2;
  T rate;
  AdamMoments<T> moments;

  FORJA_HD T next(T w, T g, T* state) const {
    state[0] = moments.mean(g, state[0]);
    state[1] = moments.square(g, state[1]);
    const T ahead = moments.beta1 * moments.unbias1_ahead * state[0] - moments.new1 * moments.unbias1 * g;
    return w + rate * ahead / moments.root(state[1]);
  }
};

/// Adam whose weights shrink by rate x decay in each step, past the moments (Loshchilov and Hutter 2019).
template <class T>
struct AdamW {
  static constexpr int kStates = 2;
  T rate;
  AdamMoments<T> moments;
  T decay = T(0.01);

  FORJA_HD T next(T w, T g, T* state) const { return Adam<T>{rate, moments}.next(w - rate * decay * w, g, state); }
};

/// A gradient's entry, no further from 0 than `limit`.
template <class T>
FORJA_HD T clipped(T g, T limit) {
  return g > limit ? limit : (g < -limit ? -limit : g);
}

/// What a gradient of this norm is multiplied by so that its norm is at most `limit`; its direction stays.
FORJA_HD inline double norm_clip(double norm, double limit) { return norm > limit ? limit / norm : 1; }

}  // namespace forja::formulas
