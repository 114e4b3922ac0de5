#include <fmt/format.h>

#include <algorithm>

#include "estimator/dense_labels.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/sgd.h"
#include "formulas/losses.h"
#include "linear/sgd_classes.h"
#include "linear/sgd_params.h"
#include "linear/sgd_reported.h"

namespace forja {
namespace {

core::SgdClassTask task_of(const SGDClassifierOptions& options) {
  return {core::SgdTask::from(options), options.early_stopping, options.validation_fraction, options.class_weight,
          options.class_weights};
}

/// (min(1, max(-1, margin)) + 1) / 2, as Zhang 2002 has it for the modified Huber loss.
template <class T>
T clipped_share(T margin) {
  return (std::clamp(margin, T(-1), T(1)) + 1) / 2;
}

}  // namespace

template <class T>
SGDClassifier<T>::SGDClassifier(SGDClassifierOptions options, Device device)
    : LinearClassifier<T>("SGDClassifier", device), options_(std::move(options)) {}

template <class T>
SGDClassifier<T>& SGDClassifier<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                        std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "SGDClassifier::fit";
  core::check_sgd_options(kCall, options_);
  core::check_classes(kCall, x, y, sample_weight, this->device());
  std::vector<std::int32_t> classes = core::all_classes(kCall, y);
  core::Watch watch(observer, kCall);
  watch.begin_run(0, options_.max_iter);
  SGDWeights weights;
  const SGDReport report =
      core::descend_classes(kCall, task_of(options_), x, y, classes, sample_weight, this->device(), weights, watch);
  core::LinearParts parts = core::linear_parts(weights);
  this->set_linear(std::move(classes), std::move(parts.coef), parts.intercept);
  report_ = report;
  weights_ = std::move(weights);
  return *this;
}

template <class T>
SGDClassifier<T>& SGDClassifier<T>::partial_fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                                std::span<const std::int32_t> classes,
                                                std::span<const T> sample_weight) {
  constexpr std::string_view kCall = "SGDClassifier::partial_fit";
  core::check_sgd_options(kCall, options_);
  if (options_.early_stopping) throw InvalidArgument(fmt::format("{}: early_stopping needs all rows", kCall));
  if (options_.class_weight == ClassWeight::balanced) {
    throw InvalidArgument(fmt::format("{}: class_weight = \"balanced\" needs all rows", kCall));
  }
  core::check_classes(kCall, x, y, sample_weight, this->device());
  std::vector<std::int32_t> known =
      this->is_fitted() ? this->classes() : core::all_classes(kCall, classes.empty() ? y : classes);
  if (this->is_fitted()) {
    core::check_columns(kCall, x.columns(), this->n_features_in());
    if (!classes.empty() && core::dense_labels(classes).classes != known) {
      throw InvalidArgument(
          fmt::format("{}: {} classes are not the {} of the calls before", kCall, classes.size(), known.size()));
    }
  }
  core::SgdClassTask task = task_of(options_);
  task.descent.max_iter = 1;
  task.descent.tol = std::nullopt;
  SGDWeights weights = weights_;
  const SGDReport report = core::descend_classes(kCall, task, x, y, known, sample_weight, this->device(), weights,
                                                 core::Watch(nullptr, kCall));
  core::LinearParts parts = core::linear_parts(weights);
  this->set_linear(std::move(known), std::move(parts.coef), parts.intercept);
  report_ = report;
  weights_ = std::move(weights);
  return *this;
}

template <class T>
Matrix<T> SGDClassifier<T>::predict_proba(const Rows<T>& x) const {
  this->check_fitted("predict_proba");
  if (options_.loss != SGDLoss::log_loss && options_.loss != SGDLoss::modified_huber) {
    throw InvalidArgument(this->call("predict_proba") + ": only log_loss and modified_huber have probabilities");
  }
  const Matrix<T> found = this->margins("predict_proba", x);
  const auto share = [&](T margin) {
    return options_.loss == SGDLoss::log_loss ? formulas::sigmoid(margin) : clipped_share(margin);
  };
  const std::int64_t classes = std::ssize(this->classes());
  Matrix<T> shares(found.rows(), classes);
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    if (classes == 2) {
      shares(i, 0) = share(-found(i, 0));
      shares(i, 1) = share(found(i, 0));
      continue;
    }
    T sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) sum += shares(i, c) = share(found(i, c));
    for (std::int64_t c = 0; c < classes; ++c) {
      shares(i, c) = sum > 0 ? shares(i, c) / sum : 1 / static_cast<T>(classes);
    }
  }
  return shares;
}

FORJA_REPORTED(SGDClassifier, core::sgd_classifier_params(), "SGDClassifier::set_params")

}  // namespace forja
