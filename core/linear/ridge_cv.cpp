#include "forja/ridge_cv.h"

#include <fmt/format.h>

#include <algorithm>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "linear/least_squares.h"
#include "linear/linear_input.h"
#include "linear/linear_params.h"
#include "linear/ridge_folds.h"

namespace forja {
namespace {

/// Where folds end, the first ones greater.
std::vector<std::int64_t> fold_ends(std::int64_t rows, std::int64_t folds) {
  std::vector<std::int64_t> ends;
  for (std::int64_t f = 1; f <= folds; ++f) ends.push_back(f * (rows / folds) + std::min(f, rows % folds));
  return ends;
}

template <class T>
void check_fold_weights(std::string_view call, std::span<const T> weight, std::span<const std::int64_t> ends) {
  std::int64_t first = 0;
  for (std::size_t f = 0; !weight.empty() && f < ends.size(); ++f) {
    const auto own = weight.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(ends[f] - first));
    if (std::all_of(own.begin(), own.end(), [](T value) { return value == 0; })) {
      throw InvalidArgument(fmt::format("{}: all {} weights of fold {} are 0", call, own.size(), f));
    }
    first = ends[f];
  }
}

double mean_score(const Matrix<double>& scores, std::int64_t alpha) {
  double sum = 0;
  for (const double score : scores.row(alpha)) sum += score;
  return sum / static_cast<double>(scores.columns());
}

}  // namespace

template <class T>
RidgeCV<T>::RidgeCV(RidgeCVOptions options, Device device)
    : LinearModel<T>("RidgeCV", device), options_(std::move(options)) {}

template <class T>
RidgeCV<T>& RidgeCV<T>::fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight) {
  return fit(x, core::one_target(y), sample_weight);
}

template <class T>
RidgeCV<T>& RidgeCV<T>::fit(const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight) {
  constexpr const char* kCall = "RidgeCV::fit";
  const Device device = this->device();
  core::check_ridge_cv_options(kCall, options_);
  core::check_training_data_but_values(kCall, x, y, sample_weight, device);
  if (x.rows() < options_.cv) {
    throw InvalidArgument(fmt::format("{}: cv = {} but x has {} rows", kCall, options_.cv, x.rows()));
  }
  const std::vector<std::int64_t> ends = fold_ends(x.rows(), options_.cv);
  check_fold_weights<T>(kCall, sample_weight, ends);
  const auto rows = core::families<T>(device).make_linear(core::place(device), x, y, sample_weight);
  core::RidgeFolds folds = core::score_ridge_folds<T>(
      *rows, {kCall, device, x, y, sample_weight, options_.alphas, ends, options_.fit_intercept});
  std::int64_t best = 0;
  for (std::int64_t a = 1; a < folds.scores.rows(); ++a) {
    if (mean_score(folds.scores, a) > mean_score(folds.scores, best)) best = a;
  }
  const core::LeastSquaresTask task{
      std::vector<double>(static_cast<std::size_t>(y.columns()), options_.alphas[static_cast<std::size_t>(best)]),
      options_.fit_intercept};
  core::LeastSquaresFit found = core::solve_least_squares(kCall, *rows, task, core::values_check(kCall, x, device),
                                                          folds.all ? &*folds.all : nullptr);
  this->set_linear(std::move(found.coef), found.intercept);
  choice_ = {std::move(folds.scores), best};
  report_ = std::move(found.report);
  return *this;
}

template <class T>
double RidgeCV<T>::alpha() const {
  this->check_fitted("alpha");
  return options_.alphas[static_cast<std::size_t>(choice_.best)];
}

template <class T>
double RidgeCV<T>::best_score() const {
  this->check_fitted("best_score");
  return mean_score(choice_.scores, choice_.best);
}

template <class T>
const Matrix<double>& RidgeCV<T>::cv_scores() const {
  this->check_fitted("cv_scores");
  return choice_.scores;
}

template <class T>
double RidgeCV<T>::backward_error() const {
  this->check_fitted("backward_error");
  return report_.backward_error;
}

template <class T>
LeastSquaresSolver RidgeCV<T>::solver_used() const {
  this->check_fitted("solver_used");
  return report_.solver_used;
}

template <class T>
Params RidgeCV<T>::get_params() const {
  return core::ridge_cv_params().get(options_);
}

template <class T>
RidgeCV<T>& RidgeCV<T>::set_params(const Params& params) {
  core::ridge_cv_params().set("RidgeCV::set_params", options_, params);
  return *this;
}

template class RidgeCV<float>;
template class RidgeCV<double>;

}  // namespace forja
