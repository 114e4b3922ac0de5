// What both estimators share, and rows in bins.

#include <fmt/format.h>

#include <numeric>

#include "boosting/boosting_fit.h"
#include "boosting/boosting_params.h"
#include "boosting/fitted_forest.h"
#include "boosting/row_forest.h"
#include "estimator/input_checks.h"
#include "forja/boosting.h"
#include "forja/error.h"

namespace forja {
namespace {

/// Up to so many rows on the host are summed one by one: a predictor takes longer to make.
constexpr std::int64_t kFewRowsOfHost = 16;

}  // namespace

template <class T>
BinnedMatrix<T>::BinnedMatrix(const Rows<T>& x, BinOptions options, std::span<const T> sample_weight, Device device)
    : options_(std::move(options)), device_(device) {
  constexpr std::string_view kCall = "BinnedMatrix";
  core::bin_params().check(kCall, options_);
  core::check_rows_but_values(kCall, x, device);
  core::check_sample_weight(kCall, sample_weight, x.rows());
  rows_ = core::binned_rows(kCall, x, options_, sample_weight, device);
}

template <class T>
std::int64_t BinnedMatrix<T>::rows() const {
  return rows_->rows();
}

template <class T>
std::int64_t BinnedMatrix<T>::columns() const {
  return rows_->table().features();
}

template <class T>
std::int64_t BinnedMatrix<T>::n_bins(std::int64_t feature) const {
  if (feature < 0 || feature >= columns()) {
    throw InvalidArgument(
        fmt::format("BinnedMatrix::n_bins: feature = {} but there are {} columns", feature, columns()));
  }
  return rows_->table().n_bins(feature);
}

template <class T>
std::string HistGradientBoosting<T>::call(std::string_view what) const {
  return fmt::format("{}::{}", name_, what);
}

template <class T>
const typename HistGradientBoosting<T>::Fitted& HistGradientBoosting<T>::fitted(std::string_view what) const {
  if (!is_fitted()) throw NotFitted(call(what) + ": call fit first");
  return fitted_;
}

template <class T>
Matrix<double> HistGradientBoosting<T>::raw_scores(std::string_view what, const Rows<T>& x) const {
  const core::FittedForest& own = *fitted(what).forest;
  core::check_columns(call(what), x.columns(), own.table.features());
  core::check_rows_but_values(call(what), x, device_);
  Matrix<double> scores(x.rows(), own.outputs());
  if (x.host() != nullptr && x.rows() <= kFewRowsOfHost) {
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      double* const to = scores.row(i).data();
      fitted_.row_forest->score(x.host()->row(i), [to](std::int64_t output, double score) { to[output] = score; });
    }
    return scores;
  }
  core::families<T>(device_)
      .make_boosting_predictor(core::place(device_), own.view())
      ->sum(x, 0, own.rounds(), scores.view());
  return scores;
}

template <class T>
void HistGradientBoosting<T>::staged_scores(
    std::string_view what, const Rows<T>& x,
    const std::function<void(std::int64_t, const Matrix<double>&)>& take) const {
  const core::FittedForest& own = *fitted(what).forest;
  core::check_columns(call(what), x.columns(), own.table.features());
  core::check_rows_but_values(call(what), x, device_);
  Matrix<double> scores(x.rows(), own.outputs());
  const auto predictor = core::families<T>(device_).make_boosting_predictor(core::place(device_), own.view());
  for (std::int64_t round = 0; round < own.rounds(); ++round) {
    predictor->sum(x, round, round + 1, scores.view());
    take(round + 1, scores);
  }
}

template <class T>
void HistGradientBoosting<T>::raw_scores(std::string_view what, std::span<const T> row,
                                         const std::function<void(std::int64_t, double)>& take) const {
  const Fitted& own = fitted(what);
  if (std::ssize(row) != own.forest->table.features()) {
    core::check_columns(call(what), std::ssize(row), own.forest->table.features());
  }
  own.row_forest->score(row, take);
}

template <class T>
std::int64_t HistGradientBoosting<T>::n_iter() const {
  return fitted("n_iter").forest->rounds();
}

template <class T>
bool HistGradientBoosting<T>::converged() const {
  return fitted("converged").converged;
}

template <class T>
const std::vector<double>& HistGradientBoosting<T>::train_score() const {
  return fitted("train_score").train_score;
}

template <class T>
const std::vector<double>& HistGradientBoosting<T>::validation_score() const {
  return fitted("validation_score").validation_score;
}

template <class T>
std::vector<double> HistGradientBoosting<T>::feature_importances(ImportanceKind kind) const {
  const core::FittedForest& own = *fitted("feature_importances").forest;
  std::vector<double> share(static_cast<std::size_t>(own.table.features()));
  for (std::size_t i = 0; i < own.nodes.size(); ++i) {
    if (own.nodes[i].feature < 0) continue;
    share[static_cast<std::size_t>(own.nodes[i].feature)] += kind == ImportanceKind::gain ? own.facts[i].gain : 1.0;
  }
  const double sum = std::accumulate(share.begin(), share.end(), 0.0);
  for (double& value : share) value = sum > 0 ? value / sum : 0.0;
  return share;
}

template <class T>
const std::vector<double>& HistGradientBoosting<T>::baseline() const {
  return fitted("baseline").forest->baseline;
}

template <class T>
std::int64_t HistGradientBoosting<T>::n_features_in() const {
  return fitted("n_features_in").forest->table.features();
}

template class BinnedMatrix<float>;
template class BinnedMatrix<double>;
template class HistGradientBoosting<float>;
template class HistGradientBoosting<double>;

}  // namespace forja
