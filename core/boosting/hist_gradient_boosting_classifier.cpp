#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "boosting/boosting_fit.h"
#include "boosting/boosting_params.h"
#include "estimator/input_checks.h"
#include "forja/boosting.h"
#include "forja/error.h"
#include "forja/metrics.h"
#include "formulas/losses.h"
#include "linear/class_input.h"

namespace forja {
namespace {

/// Throws InvalidArgument where the rows of a class weigh nothing.
template <class T>
void check_class_sums(std::string_view call, std::span<const std::int32_t> classes,
                      std::span<const std::int32_t> places, std::span<const T> weight) {
  if (weight.empty()) return;
  std::vector<double> sums(classes.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    sums[static_cast<std::size_t>(places[i])] += static_cast<double>(weight[i]);
  }
  for (std::size_t c = 0; c < sums.size(); ++c) {
    if (!(sums[c] > 0)) throw InvalidArgument(fmt::format("{}: the rows of class {} weigh 0", call, classes[c]));
  }
}

/// From raw scores, in place of which they stand where there are more than two classes.
template <class T>
void to_probabilities(std::span<const T> scores, std::span<T> out) {
  if (out.size() == 2) {
    const T score = scores[0];
    out[0] = formulas::sigmoid(-score);
    out[1] = formulas::sigmoid(score);
    return;
  }
  if (scores.data() != out.data()) std::copy(scores.begin(), scores.end(), out.begin());
  formulas::softmax(out.data(), std::ssize(out));
}

template <class T>
Matrix<T> probabilities(const Matrix<T>& scores) {
  Matrix<T> found(scores.rows(), scores.columns() == 1 ? 2 : scores.columns());
  for (std::int64_t i = 0; i < found.rows(); ++i) to_probabilities<T>(scores.row(i), found.row(i));
  return found;
}

}  // namespace

template <class T>
HistGradientBoostingClassifier<T>::HistGradientBoostingClassifier(HistGradientBoostingClassifierOptions options,
                                                                  Device device)
    : HistGradientBoosting<T>("HistGradientBoostingClassifier", device), options_(std::move(options)) {}

template <class T>
HistGradientBoostingClassifier<T>& HistGradientBoostingClassifier<T>::fit(const Rows<T>& x,
                                                                          std::span<const std::int32_t> y,
                                                                          std::span<const T> sample_weight,
                                                                          Observer* observer) {
  return fit_source({&x, nullptr}, y, sample_weight, observer);
}

template <class T>
HistGradientBoostingClassifier<T>& HistGradientBoostingClassifier<T>::fit(const BinnedMatrix<T>& x,
                                                                          std::span<const std::int32_t> y,
                                                                          std::span<const T> sample_weight,
                                                                          Observer* observer) {
  return fit_source({nullptr, &x}, y, sample_weight, observer);
}

template <class T>
HistGradientBoostingClassifier<T>& HistGradientBoostingClassifier<T>::fit_source(const core::BoostingSource<T>& x,
                                                                                 std::span<const std::int32_t> y,
                                                                                 std::span<const T> sample_weight,
                                                                                 Observer* observer) {
  constexpr std::string_view kCall = "HistGradientBoostingClassifier::fit";
  core::boosting_classifier_params().check(kCall, options_);
  core::check_class_weights(kCall, options_.class_weights);
  core::check_source(kCall, x, this->device());
  core::check_labels(kCall, y, x.size());
  core::check_sample_weight(kCall, sample_weight, x.size());
  std::vector<std::int32_t> classes = core::all_classes(kCall, y);
  const std::vector<std::int32_t> places = core::places_of(kCall, y, classes);
  const std::vector<T> weight =
      core::row_weights(sample_weight, places,
                        core::class_weights_of(kCall, options_.class_weight, options_.class_weights, places, classes));
  check_class_sums<T>(kCall, classes, places, weight);

  core::BoostingSettings settings = core::boosting_settings(kCall, options_, x.size(), x.columns());
  settings.outputs = core::outputs_of(classes);
  if (settings.objective == nullptr) {
    settings.loss.kind =
        settings.outputs == 1 ? formulas::BoostingLossKind::binary_log : formulas::BoostingLossKind::multinomial;
  }
  if (options_.scoring == BoostingClassificationScoring::accuracy) settings.metric = core::BoostingMetric::accuracy;
  if (settings.outputs > 1 && !settings.trees.monotonic.empty()) {
    throw InvalidArgument(fmt::format("{}: monotonic_cst needs two classes but y has {}", kCall, classes.size()));
  }
  const auto& before = this->fitted_or_nothing();
  if (options_.warm_start && before.forest != nullptr && classes != classes_) {
    throw InvalidArgument(fmt::format("{}: warm_start goes on from a model of other classes than those of y", kCall));
  }
  core::BoostingRows rows = core::class_rows<T>(kCall, places, weight);
  core::BoostingFit found = core::fit_boosting<T>(
      kCall, std::move(settings), {options_.max_bins, options_.categorical_features}, x, std::move(rows), y,
      {before.forest.get(), before.train_score, before.validation_score}, this->device(), observer);
  this->set_fitted(core::fitted_state<T, typename HistGradientBoosting<T>::Fitted>(std::move(found)));
  classes_ = std::move(classes);
  return *this;
}

template <class T>
std::vector<std::int32_t> HistGradientBoostingClassifier<T>::labels(const Matrix<double>& scores) const {
  std::vector<std::int32_t> found;
  found.reserve(static_cast<std::size_t>(scores.rows()));
  for (std::int64_t i = 0; i < scores.rows(); ++i) {
    const std::span<const double> row = scores.row(i);
    const auto best =
        scores.columns() == 1 ? (row[0] > 0 ? 1 : 0) : std::max_element(row.begin(), row.end()) - row.begin();
    found.push_back(classes_[static_cast<std::size_t>(best)]);
  }
  return found;
}

template <class T>
std::vector<std::int32_t> HistGradientBoostingClassifier<T>::predict(const Rows<T>& x) const {
  return labels(this->raw_scores("predict", x));
}

template <class T>
Matrix<T> HistGradientBoostingClassifier<T>::decision_function(const Rows<T>& x) const {
  return Matrix<T>(this->raw_scores("decision_function", x).view());
}

template <class T>
Matrix<T> HistGradientBoostingClassifier<T>::predict_proba(const Rows<T>& x) const {
  return probabilities(Matrix<T>(this->raw_scores("predict_proba", x).view()));
}

template <class T>
std::int32_t HistGradientBoostingClassifier<T>::predict(std::span<const T> row) const {
  double best = 0;
  std::int64_t place = 0;
  this->raw_scores("predict", row, [&best, &place](std::int64_t output, double score) {
    if (output > 0 && score <= best) return;
    best = score;
    place = output;
  });
  if (classes_.size() == 2) place = best > 0 ? 1 : 0;
  return classes_[static_cast<std::size_t>(place)];
}

template <class T>
void HistGradientBoostingClassifier<T>::predict_proba(std::span<const T> row, std::span<T> out) const {
  this->fitted("predict_proba");
  if (out.size() != classes_.size()) {
    throw InvalidArgument(fmt::format("{}: out has {} values but there are {} classes", this->call("predict_proba"),
                                      out.size(), classes_.size()));
  }
  const std::size_t outputs = classes_.size() == 2 ? 1 : classes_.size();
  this->raw_scores("predict_proba", row, [out](std::int64_t output, double score) {
    out[static_cast<std::size_t>(output)] = static_cast<T>(score);
  });
  to_probabilities<T>(out.first(outputs), out);
}

template <class T>
void HistGradientBoostingClassifier<T>::staged_predict(
    const Rows<T>& x, const std::function<void(std::int64_t, std::span<const std::int32_t>)>& take) const {
  this->staged_scores("staged_predict", x,
                      [&](std::int64_t round, const Matrix<double>& scores) { take(round, labels(scores)); });
}

template <class T>
void HistGradientBoostingClassifier<T>::staged_predict_proba(
    const Rows<T>& x, const std::function<void(std::int64_t, const Matrix<T>&)>& take) const {
  this->staged_scores("staged_predict_proba", x, [&](std::int64_t round, const Matrix<double>& scores) {
    take(round, probabilities(Matrix<T>(scores.view())));
  });
}

template <class T>
double HistGradientBoostingClassifier<T>::score(const Rows<T>& x, std::span<const std::int32_t> y,
                                                std::span<const T> sample_weight) const {
  const Matrix<double> scores = this->raw_scores("score", x);
  core::check_labels(this->call("score"), y, x.rows());
  core::check_sample_weight(this->call("score"), sample_weight, x.rows());
  return accuracy_score(y, labels(scores), sample_weight);
}

template <class T>
const std::vector<std::int32_t>& HistGradientBoostingClassifier<T>::classes() const {
  this->fitted("classes");
  return classes_;
}

template <class T>
Params HistGradientBoostingClassifier<T>::get_params() const {
  return core::boosting_classifier_params().get(options_);
}

template <class T>
HistGradientBoostingClassifier<T>& HistGradientBoostingClassifier<T>::set_params(const Params& params) {
  core::boosting_classifier_params().set("HistGradientBoostingClassifier::set_params", options_, params);
  return *this;
}

template class HistGradientBoostingClassifier<float>;
template class HistGradientBoostingClassifier<double>;

}  // namespace forja
