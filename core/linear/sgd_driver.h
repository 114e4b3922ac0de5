#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "linear/descent_driver.h"

namespace forja::core {

/// What SGDClassifier, SGDRegressor and Perceptron ask for alike.
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

/// Scores of the outputs on rows held out, under such coefficients; the greater the better.
using SgdScores = std::function<std::vector<double>(const Matrix<double>&)>;

/// A step per row: goes on from `weights` for at most task.max_iter epochs; each output ends by itself. scores: null:
/// epochs are judged by their loss. Throws as descend() does.
template <class T>
SGDReport descend_by_rows(std::string_view call, const SgdTask& task, const DescentRows<T>& rows, std::int64_t outputs,
                          const Device& device, const SgdScores& scores, SGDWeights& weights, const Watch& watch);

}  // namespace forja::core
