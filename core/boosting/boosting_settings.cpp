#include "boosting/boosting_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "forja/error.h"

namespace forja {

std::vector<std::int64_t> categorical_features(const std::vector<bool>& mask) {
  std::vector<std::int64_t> features;
  for (std::size_t f = 0; f < mask.size(); ++f) {
    if (mask[f]) features.push_back(static_cast<std::int64_t>(f));
  }
  return features;
}

std::vector<std::int64_t> categorical_features(const std::vector<std::vector<std::string>>& categories) {
  std::vector<bool> mask;
  mask.reserve(categories.size());
  for (const std::vector<std::string>& column : categories) mask.push_back(!column.empty());
  return categorical_features(mask);
}

namespace core {
namespace {

constexpr std::int64_t kRowsOfEarlyStopping = 10'000;

void check_feature(std::string_view call, std::string_view option, std::int64_t feature, std::int64_t d) {
  if (feature >= 0 && feature < d) return;
  throw InvalidArgument(fmt::format("{}: {} has feature {} but x has {} columns", call, option, feature, d));
}

/// Empty where all are free.
std::vector<std::int8_t> monotonic_of(std::string_view call, std::span<const std::int32_t> directions, std::int64_t d) {
  if (directions.empty()) return {};
  if (std::ssize(directions) != d) {
    throw InvalidArgument(
        fmt::format("{}: monotonic_cst has {} values but x has {} columns", call, directions.size(), d));
  }
  std::vector<std::int8_t> found;
  for (const std::int32_t direction : directions) {
    if (direction < -1 || direction > 1) {
      throw InvalidArgument(fmt::format("{}: monotonic_cst has {} but it must be -1, 0 or 1", call, direction));
    }
    found.push_back(static_cast<std::int8_t>(direction));
  }
  const bool free = std::all_of(found.begin(), found.end(), [](std::int8_t direction) { return direction == 0; });
  return free ? std::vector<std::int8_t>() : found;
}

}  // namespace

std::vector<std::uint8_t> categorical_flags(std::string_view call, std::span<const std::int64_t> features,
                                            std::int64_t d) {
  std::vector<std::uint8_t> flags(static_cast<std::size_t>(d));
  for (const std::int64_t feature : features) {
    check_feature(call, "categorical_features", feature, d);
    std::uint8_t& flag = flags[static_cast<std::size_t>(feature)];
    if (flag != 0) throw InvalidArgument(fmt::format("{}: categorical_features has {} twice", call, feature));
    flag = 1;
  }
  return flags;
}

template <class Options>
BoostingSettings boosting_settings(std::string_view call, const Options& options, std::int64_t n, std::int64_t d) {
  BoostingSettings settings;
  settings.trees.limits = {options.growth == TreeGrowth::depth_wise,
                           options.max_leaf_nodes.value_or(GrowthLimits::kNone),
                           options.max_depth.value_or(GrowthLimits::kNone)};
  settings.trees.split.l1 = options.l1_regularization;
  settings.trees.split.l2 = options.l2_regularization;
  settings.trees.split.min_gain = options.min_gain_to_split;
  settings.trees.split.min_sum_hessian = options.min_sum_hessian_in_leaf;
  settings.trees.split.min_samples = options.min_samples_leaf;
  settings.trees.monotonic = monotonic_of(call, options.monotonic_cst, d);
  settings.trees.learning_rate = options.learning_rate;
  settings.max_iter = options.max_iter;
  settings.max_features = options.max_features;
  settings.subsample = options.subsample;
  for (const std::vector<std::int64_t>& group : options.interaction_cst) {
    for (const std::int64_t feature : group) check_feature(call, "interaction_cst", feature, d);
  }
  settings.interaction_cst = options.interaction_cst;
  settings.early_stopping = options.early_stopping == EarlyStopping::on ||
                            (options.early_stopping == EarlyStopping::automatic && n > kRowsOfEarlyStopping);
  if (settings.early_stopping) settings.validation_fraction = options.validation_fraction;
  settings.n_iter_no_change = options.n_iter_no_change;
  settings.tol = options.tol;
  settings.warm_start = options.warm_start;
  settings.exact = options.precision == GradientPrecision::exact;
  settings.seed = options.seed;
  settings.objective = options.objective;
  if (settings.objective != nullptr) settings.loss.kind = formulas::BoostingLossKind::custom;
  return settings;
}

template BoostingSettings boosting_settings(std::string_view, const HistGradientBoostingRegressorOptions&, std::int64_t,
                                            std::int64_t);
template BoostingSettings boosting_settings(std::string_view, const HistGradientBoostingClassifierOptions&,
                                            std::int64_t, std::int64_t);

}  // namespace core
}  // namespace forja
