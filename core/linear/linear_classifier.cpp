#include "forja/linear_classifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/metrics.h"

namespace forja {

template <class T>
std::string LinearClassifier<T>::call(std::string_view what) const {
  return fmt::format("{}::{}", name_, what);
}

template <class T>
void LinearClassifier<T>::check_fitted(std::string_view what) const {
  if (!is_fitted()) throw NotFitted(call(what) + ": call fit first");
}

template <class T>
void LinearClassifier<T>::set_linear(std::vector<std::int32_t> classes, Matrix<double> coef,
                                     const std::vector<double>& intercept) {
  Matrix<T> public_coef(coef.view());
  std::vector<T> public_intercept(intercept.begin(), intercept.end());
  std::vector<double> kept = intercept;
  classes_ = std::move(classes);
  coef_ = std::move(coef);
  intercept_ = std::move(kept);
  public_coef_ = std::move(public_coef);
  public_intercept_ = std::move(public_intercept);
}

template <class T>
Matrix<T> LinearClassifier<T>::margins(std::string_view what, const Rows<T>& x) const {
  check_fitted(what);
  core::check_new_rows(call(what), x, device_, coef_.columns());
  Matrix<T> out(x.rows(), coef_.rows());
  core::families<T>(device_).make_linear_predictor(core::place(device_), coef_, intercept_)->predict(x, out.view());
  return out;
}

template <class T>
Matrix<T> LinearClassifier<T>::decision_function(const Rows<T>& x) const {
  return margins("decision_function", x);
}

template <class T>
std::vector<std::int32_t> LinearClassifier<T>::predict(const Rows<T>& x) const {
  const Matrix<T> found = margins("predict", x);
  std::vector<std::int32_t> labels;
  labels.reserve(static_cast<std::size_t>(found.rows()));
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    const std::span<const T> row = found.row(i);
    const auto place = row.size() == 1 ? static_cast<std::ptrdiff_t>(row[0] > 0)
                                       : std::max_element(row.begin(), row.end()) - row.begin();
    labels.push_back(classes_[static_cast<std::size_t>(place)]);
  }
  return labels;
}

template <class T>
double LinearClassifier<T>::score(const Rows<T>& x, std::span<const std::int32_t> y,
                                  std::span<const T> sample_weight) const {
  check_fitted("score");
  core::check_labels(call("score"), y, x.rows());
  core::check_sample_weight(call("score"), sample_weight, x.rows());
  return accuracy_score(y, predict(x), sample_weight);
}

template <class T>
const std::vector<std::int32_t>& LinearClassifier<T>::classes() const {
  check_fitted("classes");
  return classes_;
}

template <class T>
const Matrix<T>& LinearClassifier<T>::coef() const {
  check_fitted("coef");
  return public_coef_;
}

template <class T>
const std::vector<T>& LinearClassifier<T>::intercept() const {
  check_fitted("intercept");
  return public_intercept_;
}

template <class T>
std::int64_t LinearClassifier<T>::n_features_in() const {
  check_fitted("n_features_in");
  return coef_.columns();
}

template class LinearClassifier<float>;
template class LinearClassifier<double>;

}  // namespace forja
