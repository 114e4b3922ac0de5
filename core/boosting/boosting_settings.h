#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "boosting/tree_grower.h"
#include "forja/boosting.h"
#include "formulas/boosting_loss.h"

namespace forja::core {

enum class BoostingMetric { loss, r2, neg_mean_squared_error, neg_mean_absolute_error, accuracy };

/// A fit's parameters, whichever estimator they are of.
struct BoostingSettings {
  formulas::BoostingLoss loss;
  std::int64_t outputs = 1;
  TreeRules trees;
  std::int64_t max_iter = 100;
  double max_features = 1;
  double subsample = 1;
  std::vector<std::vector<std::int64_t>> interaction_cst;
  bool early_stopping = false;
  std::optional<double> validation_fraction;  ///< empty also without early stopping
  std::int64_t n_iter_no_change = 10;
  double tol = 1e-7;
  BoostingMetric metric = BoostingMetric::loss;
  bool warm_start = false;
  bool exact = false;
  std::uint64_t seed = 0;
  std::shared_ptr<const BoostingObjective> objective;
};

/// Whether predictions are e^score.
inline bool is_exponential(formulas::BoostingLossKind kind) {
  using Kind = formulas::BoostingLossKind;
  return kind == Kind::poisson || kind == Kind::gamma || kind == Kind::tweedie;
}

/// All but loss, outputs, metric and what hangs on them. Throws InvalidArgument where options name features that x
/// (n x d) has not.
template <class Options>
BoostingSettings boosting_settings(std::string_view call, const Options& options, std::int64_t n, std::int64_t d);

/// Flags of d features. Throws InvalidArgument for one that is not there, or is named twice.
std::vector<std::uint8_t> categorical_flags(std::string_view call, std::span<const std::int64_t> features,
                                            std::int64_t d);

}  // namespace forja::core
