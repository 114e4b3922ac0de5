#include "boosting/boosting_scorer.h"

#include <algorithm>

#include "forja/metrics.h"
#include "formulas/portable_math.h"

namespace forja::core {

BoostingScorer::BoostingScorer(const BoostingSettings& settings, const BoostingRows& rows,
                               compute::BoostingCompute& compute)
    : settings_(settings), rows_(rows), compute_(compute) {
  if (settings.metric == BoostingMetric::loss) return;
  const std::size_t n = rows.y.size();
  learned_weight_.resize(n);
  if (!rows.held_out.empty()) held_out_weight_.resize(n);
  for (std::size_t i = 0; i < n; ++i) (rows.is_learned(i) ? learned_weight_ : held_out_weight_)[i] = rows.weight_of(i);
}

MatrixView<const double> BoostingScorer::download() {
  if (scores_.empty()) scores_ = Matrix<double>(std::ssize(rows_.y), settings_.outputs);
  compute_.scores(scores_.view());
  return scores_.view();
}

compute::BoostingLosses BoostingScorer::losses_of_objective(MatrixView<const double> scores) const {
  compute::BoostingLosses losses;
  for (std::size_t i = 0; i < rows_.y.size(); ++i) {
    if (rows_.weight_of(i) <= 0) continue;
    const double loss = settings_.objective->loss(rows_.y[i], scores.row(static_cast<std::int64_t>(i)));
    (rows_.is_learned(i) ? losses.learned : losses.held_out) += rows_.weight_of(i) * loss;
  }
  return losses;
}

compute::BoostingLosses BoostingScorer::mean_losses() {
  compute::BoostingLosses losses = settings_.objective != nullptr ? losses_of_objective(download()) : compute_.losses();
  losses.learned /= rows_.learned_weight;
  if (rows_.held_out_weight > 0) losses.held_out /= rows_.held_out_weight;
  return losses;
}

double BoostingScorer::loss() { return mean_losses().learned; }

BoostingScorer::Scores BoostingScorer::scores() {
  const compute::BoostingLosses losses = mean_losses();
  if (settings_.metric == BoostingMetric::loss) return {losses.learned, -losses.learned, -losses.held_out};
  const MatrixView<const double> now = download();
  return {losses.learned, metric(now, learned_weight_), held_out_weight_.empty() ? 0.0 : metric(now, held_out_weight_)};
}

double BoostingScorer::metric(MatrixView<const double> scores, const std::vector<double>& weight) const {
  if (settings_.metric == BoostingMetric::accuracy) {
    std::vector<std::int32_t> predicted;
    for (std::int64_t i = 0; i < scores.rows(); ++i) {
      const std::span<const double> row = scores.row(i);
      const auto best = std::max_element(row.begin(), row.end()) - row.begin();
      predicted.push_back(settings_.outputs == 1 ? (row[0] > 0 ? 1 : 0) : static_cast<std::int32_t>(best));
    }
    return accuracy_score(std::vector<std::int32_t>(rows_.y.begin(), rows_.y.end()), predicted, weight);
  }
  std::vector<double> predicted(scores.data(), scores.data() + scores.rows());
  if (is_exponential(settings_.loss.kind)) {
    for (double& score : predicted) score = formulas::portable_exp(score);
  }
  const std::span<const double> y = rows_.y;
  switch (settings_.metric) {
    case BoostingMetric::neg_mean_squared_error:
      return -mean_squared_error(y, predicted, weight);
    case BoostingMetric::neg_mean_absolute_error:
      return -mean_absolute_error(y, predicted, weight);
    default:
      return r2_score(y, predicted, weight);
  }
}

}  // namespace forja::core
