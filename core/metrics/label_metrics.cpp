// Metrics of predicted labels.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>

#include "estimator/dense_labels.h"
#include "forja/error.h"
#include "forja/metrics.h"
#include "metrics/metric_checks.h"

namespace forja {
namespace {

using Labels = std::span<const std::int32_t>;

/// Summed weights of one label's rows, or of several labels'.
struct Tally {
  double both = 0;  ///< are and are predicted
  double is = 0;
  double predicted = 0;

  Tally& operator+=(const Tally& other) {
    both += other.both;
    is += other.is;
    predicted += other.predicted;
    return *this;
  }
};

struct LabelTallies {
  std::vector<std::int32_t> labels;
  std::vector<Tally> tallies;
};

/// Places of both in the sorted list of all labels: those of y_true, then those of y_pred.
core::DenseLabels both_dense(Labels y_true, Labels y_pred) {
  std::vector<std::int32_t> all(y_true.begin(), y_true.end());
  all.insert(all.end(), y_pred.begin(), y_pred.end());
  return core::dense_labels(all);
}

LabelTallies tally(std::string_view call, Labels y_true, Labels y_pred, const SampleWeight& sample_weight) {
  core::check_lengths(call, "y_pred", std::ssize(y_pred), std::ssize(y_true));
  const std::vector<double> weights = core::metric_weights(call, sample_weight, std::ssize(y_true));
  core::DenseLabels dense = both_dense(y_true, y_pred);
  std::vector<Tally> tallies(dense.classes.size());
  for (std::size_t i = 0; i < y_true.size(); ++i) {
    Tally& is = tallies[static_cast<std::size_t>(dense.place[i])];
    Tally& predicted = tallies[static_cast<std::size_t>(dense.place[y_true.size() + i])];
    is.is += weights[i];
    predicted.predicted += weights[i];
    if (&is == &predicted) is.both += weights[i];
  }
  return {std::move(dense.classes), std::move(tallies)};
}

const Tally& positive(std::string_view call, const LabelTallies& all, std::int32_t pos_label) {
  if (all.labels.size() > 2) {
    throw InvalidArgument(
        fmt::format("{}: average = binary but there are {} labels: choose another average", call, all.labels.size()));
  }
  const auto found = std::find(all.labels.begin(), all.labels.end(), pos_label);
  if (found == all.labels.end()) {
    throw InvalidArgument(
        fmt::format("{}: pos_label = {} but the labels are {}", call, pos_label, fmt::join(all.labels, ", ")));
  }
  return all.tallies[static_cast<std::size_t>(found - all.labels.begin())];
}

/// score(tally) per label, brought together.
template <class Score>
double averaged(std::string_view call, Labels y_true, Labels y_pred, const ScoreOptions& options, const Score& score) {
  if (!(options.zero_division >= 0 && options.zero_division <= 1)) {
    throw InvalidArgument(
        fmt::format("{}: zero_division = {} but it must be a number from 0 to 1", call, options.zero_division));
  }
  const LabelTallies all = tally(call, y_true, y_pred, options.sample_weight);
  const auto divided = [&](const Tally& one) {
    const auto [part, whole] = score(one);
    return whole > 0 ? part / whole : options.zero_division;
  };
  if (options.average == Average::binary) return divided(positive(call, all, options.pos_label));
  if (options.average == Average::micro) {
    return divided(std::accumulate(all.tallies.begin(), all.tallies.end(), Tally(),
                                   [](Tally sum, const Tally& one) { return sum += one; }));
  }
  double sum = 0;
  double weights = 0;
  for (const Tally& one : all.tallies) {
    const double weight = options.average == Average::weighted ? one.is : 1;
    sum += weight * divided(one);
    weights += weight;
  }
  return sum / weights;
}

}  // namespace

double accuracy_score(Labels y_true, Labels y_pred, SampleWeight sample_weight) {
  constexpr std::string_view kCall = "accuracy_score";
  core::check_lengths(kCall, "y_pred", std::ssize(y_pred), std::ssize(y_true));
  const std::vector<double> weights = core::metric_weights(kCall, sample_weight, std::ssize(y_true));
  double right = 0;
  double all = 0;
  for (std::size_t i = 0; i < y_true.size(); ++i) {
    all += weights[i];
    if (y_true[i] == y_pred[i]) right += weights[i];
  }
  return right / all;
}

ConfusionMatrix confusion_matrix(Labels y_true, Labels y_pred, SampleWeight sample_weight) {
  constexpr std::string_view kCall = "confusion_matrix";
  core::check_lengths(kCall, "y_pred", std::ssize(y_pred), std::ssize(y_true));
  const std::vector<double> weights = core::metric_weights(kCall, sample_weight, std::ssize(y_true));
  core::DenseLabels dense = both_dense(y_true, y_pred);
  Matrix<double> counts(std::ssize(dense.classes), std::ssize(dense.classes));
  for (std::size_t i = 0; i < y_true.size(); ++i) {
    counts(dense.place[i], dense.place[y_true.size() + i]) += weights[i];
  }
  return {std::move(dense.classes), std::move(counts)};
}

double precision_score(Labels y_true, Labels y_pred, const ScoreOptions& options) {
  return averaged("precision_score", y_true, y_pred, options,
                  [](const Tally& one) { return std::pair(one.both, one.predicted); });
}

double recall_score(Labels y_true, Labels y_pred, const ScoreOptions& options) {
  return averaged("recall_score", y_true, y_pred, options,
                  [](const Tally& one) { return std::pair(one.both, one.is); });
}

double f1_score(Labels y_true, Labels y_pred, const ScoreOptions& options) {
  return averaged("f1_score", y_true, y_pred, options,
                  [](const Tally& one) { return std::pair(2 * one.both, one.is + one.predicted); });
}

}  // namespace forja
