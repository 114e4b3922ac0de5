#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string_view>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/linear_classifier.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"

namespace forja {

/// What keeps the coefficients of LogisticRegression small.
enum class LogisticPenalty {
  l2,          ///< half their summed square over C
  none,        ///< nothing
  l1,          ///< the sum of their sizes over C, which makes some exactly zero
  elasticnet,  ///< l1_ratio of l1, the rest of l2
};

/// How LogisticRegression finds the minimum.
enum class LogisticSolver {
  automatic,        ///< newton_cholesky for two classes, up to 500 columns and far more rows, else lbfgs
  lbfgs,            ///< limited-memory BFGS; with l1 its orthant-wise kin (Andrew and Gao 2007)
  newton_cholesky,  ///< Newton's method: few iterations, each of which takes products of all columns with each other
};

/// Parameters of LogisticRegression.
struct LogisticRegressionOptions {
  /// l2, none, l1 or elasticnet.
  LogisticPenalty penalty = LogisticPenalty::l2;
  /// Of elasticnet, 0 to 1.
  double l1_ratio = 0.5;
  /// How much the rows count beside the penalty: smaller is smoother. Above 0, finite.
  double C = 1;
  /// Whether to learn intercepts, which are not penalised. Columns are centred for it, so a great mean costs no digits.
  bool fit_intercept = true;
  /// The fit ends when no entry of the gradient is greater; see gradient_norm(). At least 0.
  double tol = 1e-4;
  /// The most iterations. At least 1.
  std::int64_t max_iter = 100;
  /// automatic, lbfgs or newton_cholesky; the last one takes no l1.
  LogisticSolver solver = LogisticSolver::automatic;
  /// uniform or balanced.
  ClassWeight class_weight = ClassWeight::uniform;
  /// Of some classes, at least 0; not in Params.
  ClassWeights class_weights = {};
};

/// Logistic regression of two classes and softmax regression of more (book chapter 4): the probabilities that make the
/// labels most likely, by L-BFGS or Newton's method. T is float or double. The objective is scikit-learn's, the mean
/// over the rows' weight of -log p(label) + penalty / (C sum of weights), intercepts left out of the penalty. A row's
/// weight is its own times its class's.
///
/// Each iteration reads the rows once, but for line searches that look more than once and for Newton's products of
/// columns; where rows of the host are far more than columns, Newton's method begins with every 5th to 17th of them.
/// Columns are brought to about the same size for the iterations, so that units do not matter.
template <class T = float>
class FORJA_API LogisticRegression : public LinearClassifier<T> {
 public:
  explicit LogisticRegression(LogisticRegressionOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and n labels of at least two values. sample_weight: n weights, finite and >= 0; empty: all
  /// one. Throws InvalidArgument when an option is out of range, shapes do not fit, x is empty or holds NaN or Inf,
  /// there is one class only or one whose weights are 0; Cancelled when the observer says so; OutOfMemory.
  LogisticRegression& fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {},
                          Observer* observer = nullptr);

  /// m x n_classes, in the order of classes(). What decision_function() gives is, of two classes, the logarithm of the
  /// odds of the greater; of more, the logarithms of what probabilities are proportional to.
  Matrix<T> predict_proba(const Rows<T>& x) const;

  std::int64_t n_iter() const;
  /// Whether gradient_norm() came down to tol; separable data without a penalty may well end so.
  bool converged() const;
  /// The greatest entry of the objective's gradient at the end, columns scaled to about the same size; with l1 of the
  /// subgradient of least norm.
  double gradient_norm() const;
  /// The objective at the end.
  double loss() const;

  const LogisticRegressionOptions& options() const { return options_; }
  Params get_params() const;
  LogisticRegression& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static LogisticRegression load(const std::filesystem::path& path, Device device = Device::automatic());
  static LogisticRegression load(std::istream& in, Device device = Device::automatic());

 private:
  /// How the fit ended.
  struct End {
    double gradient_norm = 0;
    double loss = 0;
    std::int64_t n_iter = 0;
    bool converged = false;
  };
  const End& end(std::string_view what) const;

  LogisticRegressionOptions options_;
  End end_;
};

extern template class LogisticRegression<float>;
extern template class LogisticRegression<double>;

}  // namespace forja
