#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/export.h"
#include "forja/matrix.h"

namespace forja {

/// What the classes weigh.
enum class ClassWeight {
  uniform,   ///< 1, or what class_weights says
  balanced,  ///< n / (classes x rows of the class)
};

/// What some classes weigh, by label.
using ClassWeights = std::vector<std::pair<std::int32_t, double>>;

/// What linear classifiers share: a margin per class against the rest, one for two classes. T is float or double.
template <class T = float>
class FORJA_API LinearClassifier {
 public:
  /// The class of the greatest margin for each row of x (m x d), of several the least; of two the greater class where
  /// the margin is above 0. Throws NotFitted; InvalidArgument for an empty x, NaN, Inf or another number of columns.
  std::vector<std::int32_t> predict(const Rows<T>& x) const;
  /// Margins: m x 1 for two classes, positive for the greater, else m x n_classes in the order of classes().
  Matrix<T> decision_function(const Rows<T>& x) const;
  /// The accuracy of predict(x): the share of the weight whose label is y's.
  double score(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {}) const;

  /// Ascending.
  const std::vector<std::int32_t>& classes() const;
  /// 1 x d for two classes, else n_classes x d.
  const Matrix<T>& coef() const;
  /// One for each row of coef(); zeros without fit_intercept.
  const std::vector<T>& intercept() const;
  std::int64_t n_features_in() const;
  bool is_fitted() const { return !classes_.empty(); }

  Device device() const { return device_; }
  /// A fitted model predicts on any device.
  void set_device(Device device) { device_ = device; }

 protected:
  LinearClassifier(std::string_view name, Device device) : name_(name), device_(device) {}
  ~LinearClassifier() = default;
  LinearClassifier(const LinearClassifier&) = default;
  LinearClassifier& operator=(const LinearClassifier&) = default;
  LinearClassifier(LinearClassifier&&) noexcept = default;
  LinearClassifier& operator=(LinearClassifier&&) noexcept = default;

  void check_fitted(std::string_view what) const;
  std::string call(std::string_view what) const;
  Matrix<T> margins(std::string_view what, const Rows<T>& x) const;
  void set_linear(std::vector<std::int32_t> classes, Matrix<double> coef, const std::vector<double>& intercept);
  const Matrix<double>& exact_coef() const { return coef_; }
  const std::vector<double>& exact_intercept() const { return intercept_; }

 private:
  std::string_view name_;
  Device device_;
  std::vector<std::int32_t> classes_;
  Matrix<double> coef_;
  std::vector<double> intercept_;
  Matrix<T> public_coef_;
  std::vector<T> public_intercept_;
};

extern template class LinearClassifier<float>;
extern template class LinearClassifier<double>;

}  // namespace forja
