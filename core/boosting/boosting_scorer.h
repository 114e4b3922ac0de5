#pragma once

#include <string_view>
#include <vector>

#include "boosting/boosting_rows.h"
#include "compute/boosting_compute.h"

namespace forja::core {

/// How good the scores of a fit are.
class BoostingScorer {
 public:
  struct Scores {
    double loss = 0;      ///< mean of the rows learned from
    double learned = 0;   ///< the metric, greater is better
    double held_out = 0;  ///< the same of the rows held out; 0 where there are none
  };

  BoostingScorer(const BoostingSettings& settings, const BoostingRows& rows, compute::BoostingCompute& compute);

  Scores scores();
  /// scores() without the metric.
  double loss();

 private:
  compute::BoostingLosses mean_losses();
  compute::BoostingLosses losses_of_objective(MatrixView<const double> scores) const;
  double metric(MatrixView<const double> scores, const std::vector<double>& weight) const;
  MatrixView<const double> download();

  const BoostingSettings& settings_;
  const BoostingRows& rows_;
  compute::BoostingCompute& compute_;
  Matrix<double> scores_;               ///< where they are asked for
  std::vector<double> learned_weight_;  ///< of a metric: 0 for others
  std::vector<double> held_out_weight_;
};

}  // namespace forja::core
