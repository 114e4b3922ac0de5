#include <algorithm>
#include <cmath>

#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/metrics.h"
#include "forja/svm.h"
#include "svm/pair_votes.h"
#include "svm/platt.h"

namespace forja {

template <class T>
Matrix<T> KernelClassifier<T>::decision_function(const Rows<T>& x) const {
  Matrix<T> pairs = this->decisions("decision_function", x);
  if (classes_.size() == 2 || rule_.shape == DecisionShape::ovo) return pairs;
  return core::one_against_rest(pairs, std::ssize(classes_));
}

template <class T>
std::vector<std::int32_t> KernelClassifier<T>::predict(const Rows<T>& x) const {
  return core::voted_labels(this->decisions("predict", x), classes_,
                            rule_.break_ties && rule_.shape == DecisionShape::ovr);
}

template <class T>
Matrix<T> KernelClassifier<T>::predict_proba(const Rows<T>& x) const {
  this->fitted("predict_proba");
  if (prob_a_.empty()) throw InvalidArgument(this->call("predict_proba") + ": fit was without probability");
  const Matrix<T> found = this->decisions("predict_proba", x);
  const std::int64_t classes = std::ssize(classes_);
  const double sign = classes == 2 ? -1 : 1;  // the one machine of two classes is positive for the second
  std::vector<double> pairs(prob_a_.size());
  std::vector<double> own(classes_.size());
  Matrix<T> out(x.rows(), classes);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::size_t pair = 0; pair < pairs.size(); ++pair) {
      const core::Sigmoid sigmoid{prob_a_[pair], prob_b_[pair]};
      pairs[pair] = sigmoid(sign * static_cast<double>(found(i, static_cast<std::int64_t>(pair))));
    }
    core::couple_pairs(pairs, own);
    std::transform(own.begin(), own.end(), out.row(i).begin(), [](double p) { return static_cast<T>(p); });
  }
  return out;
}

template <class T>
double KernelClassifier<T>::score(const Rows<T>& x, std::span<const std::int32_t> y,
                                  std::span<const T> sample_weight) const {
  this->fitted("score");
  core::check_labels(this->call("score"), y, x.rows());
  core::check_sample_weight(this->call("score"), sample_weight, x.rows());
  return accuracy_score(y, predict(x), sample_weight);
}

template <class T>
const std::vector<std::int32_t>& KernelClassifier<T>::classes() const {
  this->fitted("classes");
  return classes_;
}

template <class T>
const std::vector<std::int64_t>& KernelClassifier<T>::n_support() const {
  return this->fitted("n_support").n_support;
}

template <class T>
const std::vector<double>& KernelClassifier<T>::probA() const {
  this->fitted("probA");
  return prob_a_;
}

template <class T>
const std::vector<double>& KernelClassifier<T>::probB() const {
  this->fitted("probB");
  return prob_b_;
}

template class KernelClassifier<float>;
template class KernelClassifier<double>;

}  // namespace forja
