// Metrics of predicted numbers.

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <string_view>

#include "forja/error.h"
#include "forja/metrics.h"
#include "metrics/metric_checks.h"

namespace forja {
namespace {

/// Both arguments of a metric as n x targets, and the weights.
template <class T>
struct Checked {
  Checked(std::string_view call, MatrixView<const T> y_true, MatrixView<const T> y_pred, const SampleWeight& given)
      : is(y_true), predicted(y_pred) {
    core::check_lengths(call, "y_pred", y_pred.rows(), y_true.rows());
    if (y_true.columns() == 0 || y_true.columns() != y_pred.columns()) {
      throw InvalidArgument(
          fmt::format("{}: y_pred has {} columns but y_true has {}", call, y_pred.columns(), y_true.columns()));
    }
    check_rows(call, "y_true", y_true);
    check_rows(call, "y_pred", y_pred);
    weights = core::metric_weights(call, given, y_true.rows());
  }
  Checked(std::string_view call, std::span<const T> y_true, std::span<const T> y_pred, const SampleWeight& given)
      : Checked(call, column(y_true), column(y_pred), given) {}

  /// Sum over rows of weight x part(y, p) of one target.
  template <class Part>
  double sum(std::int64_t target, const Part& part) const {
    double total = 0;
    for (std::int64_t i = 0; i < is.rows(); ++i) {
      total += weights[static_cast<std::size_t>(i)] *
               part(static_cast<double>(is(i, target)), static_cast<double>(predicted(i, target)));
    }
    return total;
  }
  double total_weight() const { return std::accumulate(weights.begin(), weights.end(), 0.0); }

  /// The mean over targets of what score(target) gives.
  template <class Score>
  double over_targets(const Score& score) const {
    double total = 0;
    for (std::int64_t target = 0; target < is.columns(); ++target) total += score(target);
    return total / static_cast<double>(is.columns());
  }

  MatrixView<const T> is;
  MatrixView<const T> predicted;
  std::vector<double> weights;

 private:
  static MatrixView<const T> column(std::span<const T> values) { return {values.data(), std::ssize(values), 1}; }
  static void check_rows(std::string_view call, std::string_view name, MatrixView<const T> values) {
    for (std::int64_t i = 0; i < values.rows(); ++i) {
      for (const T value : values.row(i)) {
        if (std::isfinite(value)) continue;
        throw InvalidArgument(fmt::format("{}: {}({}) = {} but every value must be finite", call, name, i, value));
      }
    }
  }
};

double squared_difference(double y, double p) { return (y - p) * (y - p); }

template <class Y>
double mean_squared(std::string_view call, Y y_true, Y y_pred, const SampleWeight& sample_weight, bool root) {
  const Checked both(call, y_true, y_pred, sample_weight);
  return both.over_targets([&](std::int64_t target) {
    const double mean = both.sum(target, squared_difference) / both.total_weight();
    return root ? std::sqrt(mean) : mean;
  });
}

template <class Y>
double mean_absolute(Y y_true, Y y_pred, const SampleWeight& sample_weight) {
  const Checked both("mean_absolute_error", y_true, y_pred, sample_weight);
  return both.over_targets([&](std::int64_t target) {
    return both.sum(target, [](double y, double p) { return std::fabs(y - p); }) / both.total_weight();
  });
}

template <class Y>
double r2(Y y_true, Y y_pred, const SampleWeight& sample_weight) {
  const Checked both("r2_score", y_true, y_pred, sample_weight);
  if (both.is.rows() < 2) throw InvalidArgument("r2_score: y_true has 1 value but at least 2 are needed");
  return both.over_targets([&](std::int64_t target) {
    const double mean = both.sum(target, [](double y, double) { return y; }) / both.total_weight();
    const double left = both.sum(target, squared_difference);
    const double spread = both.sum(target, [mean](double y, double) { return squared_difference(y, mean); });
    if (spread > 0) return 1 - left / spread;
    return left > 0 ? 0.0 : 1.0;
  });
}

}  // namespace

#define FORJA_REGRESSION_METRICS(Y)                                               \
  double mean_squared_error(Y y_true, Y y_pred, SampleWeight weight) {            \
    return mean_squared("mean_squared_error", y_true, y_pred, weight, false);     \
  }                                                                               \
  double root_mean_squared_error(Y y_true, Y y_pred, SampleWeight weight) {       \
    return mean_squared("root_mean_squared_error", y_true, y_pred, weight, true); \
  }                                                                               \
  double mean_absolute_error(Y y_true, Y y_pred, SampleWeight weight) {           \
    return mean_absolute(y_true, y_pred, weight);                                 \
  }                                                                               \
  double r2_score(Y y_true, Y y_pred, SampleWeight weight) { return r2(y_true, y_pred, weight); }
FORJA_REGRESSION_METRICS(std::span<const float>)
FORJA_REGRESSION_METRICS(std::span<const double>)
FORJA_REGRESSION_METRICS(MatrixView<const float>)
FORJA_REGRESSION_METRICS(MatrixView<const double>)
#undef FORJA_REGRESSION_METRICS

}  // namespace forja
