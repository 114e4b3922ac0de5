#include "boosting/boosting_rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "boosting/boosting_scorer.h"
#include "estimator/watch.h"
#include "forja/error.h"

namespace forja::core {
namespace {

/// Gradients are kept as float.
constexpr double kGreatestDerivative = 1e37;

/// The derivatives of an objective, asked for anew each round.
class ObjectiveGradients {
 public:
  ObjectiveGradients(std::string_view call, const BoostingSettings& settings, const BoostingRows& rows)
      : call_(call), settings_(settings), rows_(rows) {
    const std::int64_t n = std::ssize(rows.y);
    scores_ = gradient_ = hessian_ = Matrix<double>(n, settings.outputs);
  }

  void begin_round(std::uint64_t round, compute::BoostingCompute& compute) {
    compute.scores(scores_.view());
    settings_.objective->gradients(rows_.y, scores_, gradient_, hessian_);
    check("gradient", gradient_, -kGreatestDerivative);
    check("hessian", hessian_, 0);
    compute.begin_round(round, settings_.subsample, gradient_, hessian_);
  }

 private:
  void check(std::string_view what, const Matrix<double>& values, double least) const {
    for (std::int64_t i = 0; i < values.rows(); ++i) {
      const double weight = std::max(rows_.weight_of(static_cast<std::size_t>(i)), 1.0);
      for (const double value : values.row(i)) {
        if (value >= least && std::fabs(value) * weight <= kGreatestDerivative) continue;
        throw InvalidArgument(
            fmt::format("{}: the objective's {} of row {} is {} but with its weight it must be from {} to {}", call_,
                        what, i, value, least, kGreatestDerivative));
      }
    }
  }

  std::string_view call_;
  const BoostingSettings& settings_;
  const BoostingRows& rows_;
  Matrix<double> scores_;
  Matrix<double> gradient_;
  Matrix<double> hessian_;
};

/// Notes a round's scores; returns whether they say that it is enough.
bool note_scores(const BoostingSettings& settings, const BoostingScorer::Scores& scores, BoostingFit& fit) {
  fit.train_score.push_back(scores.learned);
  if (settings.validation_fraction) fit.validation_score.push_back(scores.held_out);
  return no_better(settings.validation_fraction ? fit.validation_score : fit.train_score, settings.n_iter_no_change,
                   settings.tol);
}

}  // namespace

bool no_better(const std::vector<double>& scores, std::int64_t n_iter_no_change, double tol) {
  if (std::ssize(scores) < n_iter_no_change + 1) return false;
  const auto recent = scores.end() - n_iter_no_change;
  const double before = *(recent - 1) + tol;
  return std::none_of(recent, scores.end(), [before](double score) { return score > before; });
}

void add_rounds(std::string_view call, const BoostingSettings& settings, const BoostingRows& rows,
                compute::BoostingCompute& compute, Observer* observer, BoostingFit& fit) {
  Watch watch(observer, call);
  watch.begin_run(0, settings.max_iter);
  const NodeFeatures features(fit.forest.table.features(), settings.interaction_cst, settings.max_features,
                              settings.seed);
  TreeGrower grower(settings.trees, features, compute);
  BoostingScorer scorer(settings, rows, compute);
  std::optional<ObjectiveGradients> objective;
  if (settings.objective != nullptr) objective.emplace(call, settings, rows);

  if (settings.early_stopping && fit.train_score.empty()) note_scores(settings, scorer.scores(), fit);
  fit.converged = false;
  for (std::int64_t round = fit.forest.rounds(); round < settings.max_iter && !fit.converged; ++round) {
    const auto number = static_cast<std::uint64_t>(round);
    if (objective) {
      objective->begin_round(number, compute);
    } else {
      compute.begin_round(number, settings.subsample);
    }
    grower.grow(number, settings.outputs, fit.forest);
    if (settings.early_stopping) {
      const BoostingScorer::Scores scores = scorer.scores();
      watch.tell(round + 1, scores.loss);
      fit.converged = note_scores(settings, scores, fit);
    } else if (observer != nullptr) {
      watch.tell(round + 1, scorer.loss());
    }
  }
}

}  // namespace forja::core
