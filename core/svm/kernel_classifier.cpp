#include <algorithm>
#include <cmath>

#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/metrics.h"
#include "forja/svm.h"
#include "svm/platt.h"

namespace forja {
namespace {

/// Calls take(a, b, pair) for each pair of classes.
template <class Take>
void for_each_pair(std::int64_t classes, const Take& take) {
  std::int64_t pair = 0;
  for (std::int64_t a = 0; a < classes; ++a) {
    for (std::int64_t b = a + 1; b < classes; ++b) take(a, b, pair++);
  }
}

/// Votes, and less than a third of one for how far the pairs' decisions are from 0, as scikit-learn has it.
template <class T>
Matrix<T> one_against_rest(const Matrix<T>& pairs, std::int64_t classes) {
  Matrix<T> out(pairs.rows(), classes);
  std::vector<double> margin(static_cast<std::size_t>(classes));
  for (std::int64_t i = 0; i < pairs.rows(); ++i) {
    std::fill(margin.begin(), margin.end(), 0.0);
    for_each_pair(classes, [&](std::int64_t a, std::int64_t b, std::int64_t pair) {
      const auto decision = static_cast<double>(pairs(i, pair));
      margin[static_cast<std::size_t>(a)] += decision;
      margin[static_cast<std::size_t>(b)] -= decision;
      out(i, decision < 0 ? b : a) += 1;
    });
    for (std::int64_t c = 0; c < classes; ++c) {
      const double own = margin[static_cast<std::size_t>(c)];
      out(i, c) += static_cast<T>(own / (3 * (std::fabs(own) + 1)));
    }
  }
  return out;
}

}  // namespace

template <class T>
Matrix<T> KernelClassifier<T>::decision_function(const Rows<T>& x) const {
  Matrix<T> pairs = this->decisions("decision_function", x);
  if (classes_.size() == 2 || rule_.shape == DecisionShape::ovo) return pairs;
  return one_against_rest(pairs, std::ssize(classes_));
}

template <class T>
std::vector<std::int32_t> KernelClassifier<T>::predict(const Rows<T>& x) const {
  const std::int64_t classes = std::ssize(classes_);
  Matrix<T> found = this->decisions("predict", x);
  std::vector<std::int32_t> labels;
  labels.reserve(static_cast<std::size_t>(found.rows()));
  if (classes == 2) {
    for (std::int64_t i = 0; i < found.rows(); ++i) labels.push_back(classes_[found(i, 0) > 0 ? 1 : 0]);
    return labels;
  }
  if (rule_.break_ties && rule_.shape == DecisionShape::ovr) {
    found = one_against_rest(found, classes);
  } else {
    Matrix<T> votes(found.rows(), classes);
    for (std::int64_t i = 0; i < found.rows(); ++i) {
      for_each_pair(classes, [&](std::int64_t a, std::int64_t b, std::int64_t pair) {
        votes(i, found(i, pair) > 0 ? a : b) += 1;
      });
    }
    found = std::move(votes);
  }
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    const std::span<const T> row = std::as_const(found).row(i);
    labels.push_back(classes_[static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin())]);
  }
  return labels;
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
