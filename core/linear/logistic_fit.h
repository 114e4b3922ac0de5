#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "estimator/watch.h"
#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/logistic_regression.h"
#include "linear/lbfgs.h"

namespace forja::core {

/// What logistic regression learns from.
template <class T>
struct LogisticRows {
  const Rows<T>& x;
  std::span<const T> targets;  ///< the rows' classes, from 0
  std::span<const T> weight;   ///< or empty
  double total_weight;
  std::int64_t outputs;
};

struct LogisticFit {
  Matrix<double> coef;
  std::vector<double> intercept;
  LbfgsEnd end;
};

/// By the solver that the options ask for.
template <class T>
LogisticFit fit_logistic(const LogisticRegressionOptions& options, const LogisticRows<T>& data, const Device& device,
                         const Watch& watch);

}  // namespace forja::core
