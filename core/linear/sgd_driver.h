#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compute/descent_compute.h"
#include "estimator/watch.h"
#include "forja/sgd.h"

namespace forja::core {

/// What SGDClassifier and SGDRegressor ask for alike.
struct SgdTask {
  SGDLoss loss;
  SGDPenalty penalty;
  double alpha;
  double l1_ratio;
  bool fit_intercept;
  std::int64_t max_iter;
  std::optional<double> tol;
  bool shuffle;
  double epsilon;
  std::uint64_t seed;
  LearningRate learning_rate;
  double eta0;
  double power_t;
  std::int64_t n_iter_no_change;
  std::int64_t average;

  template <class Options>
  static SgdTask from(const Options& options) {
    return {options.loss,          options.penalty, options.alpha,   options.l1_ratio,         options.fit_intercept,
            options.max_iter,      options.tol,     options.shuffle, options.epsilon,          options.seed,
            options.learning_rate, options.eta0,    options.power_t, options.n_iter_no_change, options.average};
  }
};

/// Each output's coefficients and, last, its intercept: means where they are averaged.
Matrix<double> chosen_weights(const SGDWeights& weights);

/// Scores of the outputs on rows held out, under such coefficients; the greater the better.
using SgdScores = std::function<std::vector<double>(const Matrix<double>&)>;

/// The rows that a descent goes over.
template <class T>
struct SgdRows {
  Rows<T> x;
  MatrixView<const T> y;
  std::span<const T> sample_weight;
};

/// Goes on from `weights` for at most task.max_iter epochs; empty weights are zero. scores: null: epochs are judged by
/// their loss. Throws InvalidArgument when weights overflow, Cancelled, OutOfMemory.
template <class T>
SGDReport descend(std::string_view call, const SgdTask& task, const SgdRows<T>& rows, std::int64_t outputs,
                  const Device& device, const SgdScores& scores, SGDWeights& weights, const Watch& watch);

}  // namespace forja::core
