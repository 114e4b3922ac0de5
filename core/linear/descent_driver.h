#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "compute/descent_compute.h"
#include "estimator/watch.h"
#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/sgd.h"

/// The loop of every descent.
namespace forja::core {

/// Each output's coefficients and, last, its intercept: means where they are averaged.
Matrix<double> chosen_weights(const SGDWeights& weights);

/// Coefficients and intercepts apart.
struct LinearParts {
  Matrix<double> coef;
  std::vector<double> intercept;
};
/// Of rows that end with the intercept.
LinearParts linear_parts(const Matrix<double>& weights);

/// Factors of ||w||_1 and of ||w||^2 / 2.
struct PenaltyParts {
  double l1;
  double l2;
};
PenaltyParts penalty_parts(SGDPenalty penalty, double alpha, double l1_ratio);

/// What decides between the epochs of a descent.
class DescentPolicy {
 public:
  virtual ~DescentPolicy() = default;
  /// Of `count` steps; `steps` were taken before.
  virtual std::vector<double> rates(std::int64_t steps, std::int64_t count) const = 0;
  /// What each output's rates are multiplied by; all 0: the descent has ended.
  virtual std::span<const double> factors() const = 0;
  /// losses: of each output, the mean over the epoch's rows. here(): where the descent stands; waits for the device.
  virtual void after_epoch(std::span<const double> losses, const std::function<const SGDWeights&()>& here) = 0;

  bool ended() const;
};

/// The rows that a descent goes over.
template <class T>
struct DescentRows {
  Rows<T> x;
  MatrixView<const T> y;
  std::span<const T> sample_weight;
};

/// Goes on from `weights` for at most max_iter epochs; empty weights are zero, empty slots too. Throws InvalidArgument
/// when weights overflow, Cancelled, OutOfMemory; then `weights` are as they were.
template <class T>
SGDReport descend(std::string_view call, const compute::DescentPlan<T>& plan, const DescentRows<T>& rows,
                  const Device& device, std::int64_t max_iter, DescentPolicy& policy, SGDWeights& weights,
                  const Watch& watch);

}  // namespace forja::core
