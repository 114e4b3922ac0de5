#include "forja/perceptron.h"

#include <utility>

#include "linear/descent_driver.h"
#include "linear/sgd_classes.h"
#include "linear/sgd_params.h"
#include "linear/sgd_reported.h"

namespace forja {
namespace {

SGDClassifierOptions as_sgd(const PerceptronOptions& options) {
  return {.loss = SGDLoss::perceptron,
          .penalty = options.penalty,
          .alpha = options.alpha,
          .l1_ratio = options.l1_ratio,
          .fit_intercept = options.fit_intercept,
          .max_iter = options.max_iter,
          .tol = options.tol,
          .shuffle = options.shuffle,
          .seed = options.seed,
          .learning_rate = LearningRate::constant,
          .eta0 = options.eta0,
          .early_stopping = options.early_stopping,
          .validation_fraction = options.validation_fraction,
          .n_iter_no_change = options.n_iter_no_change,
          .class_weight = options.class_weight,
          .class_weights = options.class_weights};
}

}  // namespace

template <class T>
Perceptron<T>::Perceptron(PerceptronOptions options, Device device)
    : LinearClassifier<T>("Perceptron", device), options_(std::move(options)) {}

template <class T>
Perceptron<T>& Perceptron<T>::take(std::vector<std::int32_t> classes, const SGDReport& report, SGDWeights weights) {
  core::LinearParts parts = core::linear_parts(weights.weights);
  this->set_linear(std::move(classes), std::move(parts.coef), parts.intercept);
  report_ = report;
  weights_ = std::move(weights);
  return *this;
}

template <class T>
Perceptron<T>& Perceptron<T>::fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight,
                                  Observer* observer) {
  constexpr std::string_view kCall = "Perceptron::fit";
  core::check_sgd_options(kCall, options_);
  core::SgdLearned found = core::learn_classes(kCall, as_sgd(options_), x, y, sample_weight, this->device(), observer);
  return take(std::move(found.classes), found.report, std::move(found.weights));
}

template <class T>
Perceptron<T>& Perceptron<T>::partial_fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                          std::span<const std::int32_t> classes, std::span<const T> sample_weight) {
  constexpr std::string_view kCall = "Perceptron::partial_fit";
  core::check_sgd_options(kCall, options_);
  core::SgdLearned before;
  if (this->is_fitted()) before = {this->classes(), report_, weights_};
  before = core::learn_more(kCall, as_sgd(options_), x, y, classes, sample_weight, this->device(), std::move(before));
  return take(std::move(before.classes), before.report, std::move(before.weights));
}

FORJA_REPORTED(Perceptron, core::perceptron_params(), "Perceptron::set_params")

}  // namespace forja
