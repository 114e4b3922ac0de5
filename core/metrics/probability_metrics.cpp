// Metrics of predicted probabilities and scores.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>

#include "estimator/dense_labels.h"
#include "forja/error.h"
#include "forja/metrics.h"
#include "metrics/metric_checks.h"

namespace forja {
namespace {

using Labels = std::span<const std::int32_t>;
constexpr std::string_view kLogLoss = "log_loss";
constexpr std::string_view kRocAuc = "roc_auc_score";

/// Which column belongs to each row.
std::vector<std::int32_t> columns_of(Labels y_true, Labels labels, std::int64_t columns) {
  const Labels named = labels.empty() ? y_true : labels;
  const std::vector<std::int32_t> classes = core::dense_labels(named).classes;
  if (classes.size() < 2) {
    throw InvalidArgument(fmt::format("{}: {} has 1 label, {}, but at least 2 are needed", kLogLoss,
                                      labels.empty() ? "y_true" : "labels", classes.front()));
  }
  if (std::ssize(classes) != columns) {
    throw InvalidArgument(
        fmt::format("{}: y_prob has {} columns but there are {} labels", kLogLoss, columns, classes.size()));
  }
  std::vector<std::int32_t> places;
  places.reserve(y_true.size());
  for (const std::int32_t label : y_true) {
    const auto place = std::lower_bound(classes.begin(), classes.end(), label);
    if (place == classes.end() || *place != label) {
      throw InvalidArgument(fmt::format("{}: y_true has {}, which is not in labels", kLogLoss, label));
    }
    places.push_back(static_cast<std::int32_t>(place - classes.begin()));
  }
  return places;
}

template <class T>
void check_probability(T value, std::int64_t row) {
  if (value >= 0 && value <= 1) return;
  throw InvalidArgument(
      fmt::format("{}: y_prob has {} in row {} but probabilities are from 0 to 1", kLogLoss, value, row));
}

template <class T>
void check_probabilities(MatrixView<const T> y_prob) {
  const double slack = std::sqrt(static_cast<double>(std::numeric_limits<T>::epsilon()));
  for (std::int64_t i = 0; i < y_prob.rows(); ++i) {
    double sum = 0;
    for (const T value : y_prob.row(i)) {
      check_probability(value, i);
      sum += static_cast<double>(value);
    }
    if (std::fabs(sum - 1) > slack) {
      throw InvalidArgument(fmt::format("{}: row {} of y_prob sums to {} but it must sum to 1", kLogLoss, i, sum));
    }
  }
}

/// The mean of -log of what own(i) gives, T's epsilon at least.
template <class T, class Own>
double mean_log_loss(std::int64_t rows, const SampleWeight& sample_weight, const Own& own) {
  const std::vector<double> weights = core::metric_weights(kLogLoss, sample_weight, rows);
  constexpr auto kLeast = static_cast<double>(std::numeric_limits<T>::epsilon());
  double sum = 0;
  double all = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    const double weight = weights[static_cast<std::size_t>(i)];
    sum -= weight * std::log(std::clamp(own(i), kLeast, 1 - kLeast));
    all += weight;
  }
  return sum / all;
}

template <class T>
double log_loss_of(Labels y_true, MatrixView<const T> y_prob, const SampleWeight& sample_weight, Labels labels) {
  core::check_lengths(kLogLoss, "y_prob", y_prob.rows(), std::ssize(y_true));
  const std::vector<std::int32_t> column = columns_of(y_true, labels, y_prob.columns());
  check_probabilities(y_prob);
  return mean_log_loss<T>(y_prob.rows(), sample_weight, [&](std::int64_t i) {
    return static_cast<double>(y_prob(i, column[static_cast<std::size_t>(i)]));
  });
}

template <class T>
double log_loss_of(Labels y_true, std::span<const T> y_prob, const SampleWeight& sample_weight, Labels labels) {
  core::check_lengths(kLogLoss, "y_prob", std::ssize(y_prob), std::ssize(y_true));
  const std::vector<std::int32_t> column = columns_of(y_true, labels, 2);
  for (std::size_t i = 0; i < y_prob.size(); ++i) check_probability(y_prob[i], static_cast<std::int64_t>(i));
  return mean_log_loss<T>(std::ssize(y_prob), sample_weight, [&](std::int64_t i) {
    const auto greater = static_cast<double>(y_prob[static_cast<std::size_t>(i)]);
    return column[static_cast<std::size_t>(i)] == 1 ? greater : 1 - greater;
  });
}

template <class T>
double roc_auc(Labels y_true, std::span<const T> y_score, const SampleWeight& sample_weight) {
  core::check_lengths(kRocAuc, "y_score", std::ssize(y_score), std::ssize(y_true));
  core::check_finite_values(kRocAuc, "y_score", y_score);
  const std::vector<double> weights = core::metric_weights(kRocAuc, sample_weight, std::ssize(y_true));
  const core::DenseLabels dense = core::dense_labels(y_true);
  if (dense.classes.size() != 2) {
    throw InvalidArgument(fmt::format("{}: y_true has {} labels but 2 are needed", kRocAuc, dense.classes.size()));
  }
  std::vector<std::size_t> order(y_true.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return y_score[a] < y_score[b]; });
  double below[2] = {0, 0};  // weight of the rows that score less, of each label
  double pairs = 0;
  for (std::size_t first = 0; first < order.size();) {
    double here[2] = {0, 0};
    const T score = y_score[order[first]];
    for (; first < order.size() && y_score[order[first]] == score; ++first) {
      here[dense.place[order[first]]] += weights[order[first]];
    }
    pairs += here[1] * (below[0] + 0.5 * here[0]);
    below[0] += here[0];
    below[1] += here[1];
  }
  for (int label = 0; label < 2; ++label) {
    if (!(below[label] > 0)) {
      throw InvalidArgument(
          fmt::format("{}: the rows of label {} weigh 0", kRocAuc, dense.classes[static_cast<std::size_t>(label)]));
    }
  }
  return pairs / (below[0] * below[1]);
}

}  // namespace

double log_loss(Labels y_true, MatrixView<const float> y_prob, SampleWeight sample_weight, Labels labels) {
  return log_loss_of(y_true, y_prob, sample_weight, labels);
}
double log_loss(Labels y_true, MatrixView<const double> y_prob, SampleWeight sample_weight, Labels labels) {
  return log_loss_of(y_true, y_prob, sample_weight, labels);
}
double log_loss(Labels y_true, std::span<const float> y_prob, SampleWeight sample_weight, Labels labels) {
  return log_loss_of(y_true, y_prob, sample_weight, labels);
}
double log_loss(Labels y_true, std::span<const double> y_prob, SampleWeight sample_weight, Labels labels) {
  return log_loss_of(y_true, y_prob, sample_weight, labels);
}

double roc_auc_score(Labels y_true, std::span<const float> y_score, SampleWeight sample_weight) {
  return roc_auc(y_true, y_score, sample_weight);
}
double roc_auc_score(Labels y_true, std::span<const double> y_score, SampleWeight sample_weight) {
  return roc_auc(y_true, y_score, sample_weight);
}

}  // namespace forja
