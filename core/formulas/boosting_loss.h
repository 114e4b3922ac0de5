#pragma once

#include <cstdint>

#include "formulas/host_device.h"
#include "formulas/portable_math.h"

/// Losses of gradient boosting with gradients and hessians by the raw score, the same bits on every device.
namespace forja::formulas {

enum class BoostingLossKind : std::int32_t {
  squared_error,   ///< (y - s)^2 / 2
  absolute_error,  ///< |y - s|
  huber,           ///< (y - s)^2 / 2 up to |y - s| = parameter, a line from there
  quantile,        ///< the pinball loss at the quantile `parameter`
  poisson,         ///< e^s - y s
  gamma,           ///< s + y e^-s
  tweedie,         ///< of variance power `parameter` in (1, 2): e^((2-p) s) / (2-p) - y e^((1-p) s) / (1-p)
  binary_log,      ///< ln(1 + e^s) - y s, y 0 or 1
  multinomial,     ///< ln(sum of e^s_k) - s_y, y a class of as many as there are outputs
  custom,          ///< gradients are given from above
};

struct BoostingLoss {
  BoostingLossKind kind = BoostingLossKind::squared_error;
  double parameter = 0;
};

struct GradientPair {
  double gradient = 0;
  double hessian = 0;
};

/// Of one row; not of multinomial and custom.
FORJA_HD inline GradientPair boosting_gradient(const BoostingLoss& loss, double y, double s) {
  const double p = loss.parameter;
  const double over = s - y;
  switch (loss.kind) {
    case BoostingLossKind::absolute_error:
      return {over > 0 ? 1.0 : (over < 0 ? -1.0 : 0.0), 1.0};
    case BoostingLossKind::huber:
      return {over > p ? p : (over < -p ? -p : over), 1.0};
    case BoostingLossKind::quantile:
      return {over >= 0 ? 1.0 - p : -p, 1.0};
    case BoostingLossKind::poisson: {
      const double mean = portable_exp(s);
      return {mean - y, mean};
    }
    case BoostingLossKind::gamma: {
      const double ratio = y * portable_exp(-s);
      return {1.0 - ratio, ratio};
    }
    case BoostingLossKind::tweedie: {
      const double up = portable_exp((2.0 - p) * s);
      const double down = y * portable_exp((1.0 - p) * s);
      return {up - down, (2.0 - p) * up - (1.0 - p) * down};
    }
    case BoostingLossKind::binary_log: {
      const double share = 1.0 / (1.0 + portable_exp(-s));
      return {share - y, share * (1.0 - share)};
    }
    default:
      return {over, 1.0};
  }
}

/// ln(1 + e^s).
FORJA_HD inline double softplus(double s) {
  const double size = s < 0 ? -s : s;
  return (s > 0 ? s : 0.0) + portable_log(1.0 + portable_exp(-size));
}

/// Of one row; not of multinomial and custom.
FORJA_HD inline double boosting_loss(const BoostingLoss& loss, double y, double s) {
  const double p = loss.parameter;
  const double over = s - y;
  const double size = over < 0 ? -over : over;
  switch (loss.kind) {
    case BoostingLossKind::absolute_error:
      return size;
    case BoostingLossKind::huber:
      return size <= p ? 0.5 * over * over : p * (size - 0.5 * p);
    case BoostingLossKind::quantile:
      return over >= 0 ? (1.0 - p) * over : -p * over;
    case BoostingLossKind::poisson:
      return portable_exp(s) - y * s;
    case BoostingLossKind::gamma:
      return s + y * portable_exp(-s);
    case BoostingLossKind::tweedie:
      return portable_exp((2.0 - p) * s) / (2.0 - p) - y * portable_exp((1.0 - p) * s) / (1.0 - p);
    case BoostingLossKind::binary_log:
      return softplus(s) - y * s;
    default:
      return 0.5 * over * over;
  }
}

/// The terms of a softmax of `count` scores: the greatest score, and the sum of e^(s - greatest), in order.
struct SoftmaxTerms {
  double greatest = 0;
  double sum = 1;
};

FORJA_HD inline SoftmaxTerms softmax_terms(const double* scores, std::int64_t count) {
  SoftmaxTerms terms{scores[0], 0};
  for (std::int64_t k = 1; k < count; ++k) terms.greatest = scores[k] > terms.greatest ? scores[k] : terms.greatest;
  for (std::int64_t k = 0; k < count; ++k) terms.sum += portable_exp(scores[k] - terms.greatest);
  return terms;
}

/// Of the output k of a row of class y.
FORJA_HD inline GradientPair multinomial_gradient(const SoftmaxTerms& terms, double score, bool is_class) {
  const double share = portable_exp(score - terms.greatest) / terms.sum;
  return {is_class ? share - 1.0 : share, share * (1.0 - share)};
}

/// Of a row whose class has this score.
FORJA_HD inline double multinomial_loss(const SoftmaxTerms& terms, double score_of_class) {
  return portable_log(terms.sum) + (terms.greatest - score_of_class);
}

}  // namespace forja::formulas
