#include <utility>

#include "linear/class_targets.h"
#include "linear/descent_driver.h"
#include "linear/sgd_classes.h"
#include "linear/sgd_params.h"
#include "linear/sgd_reported.h"

namespace forja {

template <class T>
SGDClassifier<T>::SGDClassifier(SGDClassifierOptions options, Device device)
    : LinearClassifier<T>("SGDClassifier", device), options_(std::move(options)) {}

template <class T>
SGDClassifier<T>& SGDClassifier<T>::take(std::vector<std::int32_t> classes, const SGDReport& report,
                                         SGDWeights weights) {
  core::LinearParts parts = core::linear_parts(core::chosen_weights(weights));
  this->set_linear(std::move(classes), std::move(parts.coef), parts.intercept);
  report_ = report;
  weights_ = std::move(weights);
  return *this;
}

template <class T>
SGDClassifier<T>& SGDClassifier<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                        std::span<const T> sample_weight, Observer* observer) {
  constexpr std::string_view kCall = "SGDClassifier::fit";
  core::check_sgd_options(kCall, options_);
  core::SgdLearned found = core::learn_classes(kCall, options_, x, y, sample_weight, this->device(), observer);
  return take(std::move(found.classes), found.report, std::move(found.weights));
}

template <class T>
SGDClassifier<T>& SGDClassifier<T>::partial_fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                                std::span<const std::int32_t> classes,
                                                std::span<const T> sample_weight) {
  constexpr std::string_view kCall = "SGDClassifier::partial_fit";
  core::check_sgd_options(kCall, options_);
  core::SgdLearned before;
  if (this->is_fitted()) before = {this->classes(), report_, weights_};
  before = core::learn_more(kCall, options_, x, y, classes, sample_weight, this->device(), std::move(before));
  return take(std::move(before.classes), before.report, std::move(before.weights));
}

template <class T>
Matrix<T> SGDClassifier<T>::predict_proba(const Rows<T>& x) const {
  this->check_fitted("predict_proba");
  core::check_probabilities(this->call("predict_proba"), options_.loss, "log_loss and modified_huber");
  return core::probabilities(options_.loss, this->margins("predict_proba", x));
}

FORJA_REPORTED(SGDClassifier, core::sgd_classifier_params(), "SGDClassifier::set_params")

}  // namespace forja
