#include "boosting/boosting_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "forja/error.h"
#include "forja/model_selection.h"

namespace forja::core {
namespace {

using Kind = formulas::BoostingLossKind;

/// Gradients are kept as float, and scores may be twice as far from targets as those are from zero.
constexpr double kGreatestTarget = 1e37;

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::poisson:
      return "poisson";
    case Kind::gamma:
      return "gamma";
    default:
      return "tweedie";
  }
}

void check_target(std::string_view call, Kind kind, double y, double weight, std::size_t i) {
  if (!std::isfinite(y)) throw InvalidArgument(fmt::format("{}: y({}) = {} but it must be finite", call, i, y));
  if (std::fabs(y) * std::max(weight, 1.0) > kGreatestTarget) {
    throw InvalidArgument(fmt::format("{}: y({}) = {} with the weight {} but both together must be at most {}", call, i,
                                      y, weight, kGreatestTarget));
  }
  if (!is_exponential(kind)) return;
  const bool positive = kind == Kind::gamma;
  if (positive ? y > 0 : y >= 0) return;
  throw InvalidArgument(fmt::format("{}: y({}) = {} but loss = \"{}\" needs {}", call, i, y, name_of(kind),
                                    positive ? "positive targets" : "targets of at least 0"));
}

void check_weight(std::string_view call, double weight, std::size_t i) {
  if (weight <= kGreatestTarget) return;
  throw InvalidArgument(
      fmt::format("{}: row {} weighs {} but at most {} is possible", call, i, weight, kGreatestTarget));
}

double learned_mean(const BoostingRows& rows, const std::vector<double>& values) {
  double sum = 0;
  double weight = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!rows.is_learned(i)) continue;
    sum += rows.weight_of(i) * values[i];
    weight += rows.weight_of(i);
  }
  return sum / weight;
}

/// The least value at which the weights up to it reach q of their sum.
double learned_quantile(const BoostingRows& rows, double q) {
  std::vector<std::pair<double, double>> values;
  double sum = 0;
  for (std::size_t i = 0; i < rows.y.size(); ++i) {
    if (!rows.is_learned(i) || rows.weight_of(i) <= 0) continue;
    values.emplace_back(rows.y[i], rows.weight_of(i));
    sum += rows.weight_of(i);
  }
  std::sort(values.begin(), values.end());
  double reached = 0;
  for (const auto& [value, weight] : values) {
    reached += weight;
    if (reached >= q * sum) return value;
  }
  return values.back().first;
}

/// The median, moved by the mean of what is left of y, each at most delta (Friedman 2001).
double huber_centre(const BoostingRows& rows, double delta) {
  const double median = learned_quantile(rows, 0.5);
  std::vector<double> left;
  for (const double y : rows.y) left.push_back(std::clamp(y - median, -delta, delta));
  return median + learned_mean(rows, left);
}

double log_of_mean(std::string_view call, Kind kind, const BoostingRows& rows) {
  const double mean = learned_mean(rows, rows.y);
  if (mean > 0) return std::log(mean);
  throw InvalidArgument(fmt::format("{}: the targets to learn from sum to 0 but loss = \"{}\" needs a positive sum",
                                    call, name_of(kind)));
}

std::vector<double> baseline_of_objective(std::string_view call, const BoostingSettings& settings,
                                          const BoostingRows& rows) {
  std::vector<double> baseline = settings.objective->baseline(rows.y, rows.weight, settings.outputs);
  if (std::ssize(baseline) != settings.outputs) {
    throw InvalidArgument(fmt::format("{}: the objective's baseline has {} values but there are {} outputs", call,
                                      baseline.size(), settings.outputs));
  }
  for (const double score : baseline) {
    if (!std::isfinite(score)) throw InvalidArgument(fmt::format("{}: the objective's baseline is {}", call, score));
  }
  return baseline;
}

std::vector<double> class_scores(const BoostingRows& rows, std::int64_t outputs) {
  std::vector<double> share(static_cast<std::size_t>(std::max<std::int64_t>(outputs, 2)));
  for (std::size_t i = 0; i < rows.y.size(); ++i) {
    if (rows.is_learned(i)) share[static_cast<std::size_t>(rows.y[i])] += rows.weight_of(i) / rows.learned_weight;
  }
  constexpr double kLeast = std::numeric_limits<double>::epsilon();
  for (double& value : share) value = std::clamp(value, kLeast, 1 - kLeast);
  if (outputs == 1) return {std::log(share[1] / share[0])};
  for (double& value : share) value = std::log(value);
  return share;
}

}  // namespace

template <class T>
BoostingRows regression_rows(std::string_view call, const formulas::BoostingLoss& loss, std::span<const T> y,
                             std::span<const T> sample_weight, std::int64_t n) {
  if (std::ssize(y) != n)
    throw InvalidArgument(fmt::format("{}: y has {} values but x has {} rows", call, y.size(), n));
  BoostingRows rows{{y.begin(), y.end()}, {sample_weight.begin(), sample_weight.end()}, {}};
  for (std::size_t i = 0; i < y.size(); ++i) {
    check_weight(call, rows.weight_of(i), i);
    check_target(call, loss.kind, rows.y[i], rows.weight_of(i), i);
  }
  return rows;
}

template <class T>
BoostingRows class_rows(std::string_view call, std::span<const std::int32_t> places, std::span<const T> weight) {
  BoostingRows rows{{places.begin(), places.end()}, {weight.begin(), weight.end()}, {}};
  for (std::size_t i = 0; i < rows.weight.size(); ++i) check_weight(call, rows.weight[i], i);
  return rows;
}

void hold_out(std::string_view call, std::optional<double> fraction, std::span<const std::int32_t> labels,
              std::uint64_t seed, BoostingRows& rows) {
  const std::size_t n = rows.y.size();
  if (fraction) {
    rows.held_out.assign(n, 0);
    const SplitOptions split{.test_size = *fraction, .stratify = labels, .seed = seed};
    try {
      for (const std::int64_t row : train_test_split(static_cast<std::int64_t>(n), split).test) {
        rows.held_out[static_cast<std::size_t>(row)] = 1;
      }
    } catch (const InvalidArgument& refused) {
      throw InvalidArgument(fmt::format("{}: early stopping: {}", call, refused.what()));
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    (rows.is_learned(i) ? rows.learned_weight : rows.held_out_weight) += rows.weight_of(i);
  }
  if (!(rows.learned_weight > 0)) throw InvalidArgument(fmt::format("{}: the rows to learn from weigh 0", call));
  if (fraction && !(rows.held_out_weight > 0)) {
    throw InvalidArgument(fmt::format("{}: the rows held out weigh 0", call));
  }
}

std::vector<double> baseline_scores(std::string_view call, const BoostingSettings& settings, const BoostingRows& rows) {
  switch (settings.loss.kind) {
    case Kind::absolute_error:
      return {learned_quantile(rows, 0.5)};
    case Kind::quantile:
      return {learned_quantile(rows, settings.loss.parameter)};
    case Kind::huber:
      return {huber_centre(rows, settings.loss.parameter)};
    case Kind::poisson:
    case Kind::gamma:
    case Kind::tweedie:
      return {log_of_mean(call, settings.loss.kind, rows)};
    case Kind::binary_log:
    case Kind::multinomial:
      return class_scores(rows, settings.outputs);
    case Kind::custom:
      return baseline_of_objective(call, settings, rows);
    default:
      return {learned_mean(rows, rows.y)};
  }
}

#define FORJA_INSTANTIATE(T)                                                                                 \
  template BoostingRows regression_rows(std::string_view, const formulas::BoostingLoss&, std::span<const T>, \
                                        std::span<const T>, std::int64_t);                                   \
  template BoostingRows class_rows(std::string_view, std::span<const std::int32_t>, std::span<const T>);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
