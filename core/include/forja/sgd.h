#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/linear.h"
#include "forja/linear_classifier.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"

namespace forja {

/// Losses of stochastic gradient descent. Of classes y is -1 or +1 and p the margin.
enum class SGDLoss {
  squared_error,                ///< (p - y)^2 / 2
  huber,                        ///< squared up to epsilon, linear beyond
  epsilon_insensitive,          ///< |p - y| beyond epsilon: support vector regression
  squared_epsilon_insensitive,  ///< its square
  hinge,                        ///< max(0, 1 - p y): the linear support vector machine
  squared_hinge,                ///< its square
  log_loss,                     ///< log(1 + exp(-p y)): logistic regression
  modified_huber,               ///< the squared hinge, linear from p y = -1 down: bears outliers, has probabilities
  perceptron,                   ///< max(0, -p y)
  multinomial,                  ///< -log of the softmax of all margins: GradientDescentClassifier's alone
};

/// What keeps coefficients small.
enum class SGDPenalty {
  none,
  l2,          ///< alpha ||w||^2 / 2
  l1,          ///< alpha ||w||_1, which makes some exactly zero
  elasticnet,  ///< l1_ratio of l1, the rest of l2
};

/// How the rate of step t, from 1, follows.
enum class LearningRate {
  constant,    ///< eta0
  optimal,     ///< 1 / (alpha (t0 + t - 1)), t0 from alpha (Bottou 2012)
  invscaling,  ///< eta0 / t^power_t
  adaptive,    ///< eta0, a fifth of it whenever n_iter_no_change epochs brought nothing, until it is below 1e-6
};

/// What a run of stochastic descent came to.
struct SGDReport {
  std::int64_t n_iter = 0;  ///< epochs, the most of all outputs
  bool converged = false;   ///< whether every output ended by tol before max_iter
  double loss = 0;          ///< mean loss of the last epoch's rows as they were met, summed over outputs
};

/// Where a descent stands between calls: of each output a row of weights and, last, its intercept.
struct SGDWeights {
  Matrix<double> weights = {};
  Matrix<double> slots = {};  ///< what the optimiser keeps of them
  Matrix<double> sums = {};   ///< of the weights that are averaged
  std::vector<std::int64_t> averaged = {};
  Matrix<double> paid = {};  ///< of the l1 penalty
  std::vector<double> due = {};
  std::int64_t steps = 0;
  std::int64_t epochs = 0;
};

/// Parameters of SGDClassifier.
struct SGDClassifierOptions {
  SGDLoss loss = SGDLoss::hinge;                       ///< any but multinomial; those of numbers take -1 and 1
  SGDPenalty penalty = SGDPenalty::l2;                 ///< none, l2, l1 or elasticnet
  double alpha = 1e-4;                                 ///< the penalty's factor. At least 0; optimal: above 0
  double l1_ratio = 0.15;                              ///< of elasticnet, 0 to 1
  bool fit_intercept = true;                           ///< whether to learn intercepts, never penalised
  std::int64_t max_iter = 1000;                        ///< the most epochs. At least 1
  std::optional<double> tol = 1e-3;                    ///< least gain of an epoch that counts; empty: all epochs
  bool shuffle = true;                                 ///< a new order of the rows in each epoch
  double epsilon = 0.1;                                ///< of huber and the epsilon-insensitive losses. At least 0
  std::uint64_t seed = 0;                              ///< the only source of chance
  LearningRate learning_rate = LearningRate::optimal;  ///< constant, optimal, invscaling or adaptive
  double eta0 = 0.01;                                  ///< the first rate. Above 0
  double power_t = 0.5;                                ///< of invscaling
  bool early_stopping = false;                         ///< whether to judge epochs by rows held out
  double validation_fraction = 0.1;                    ///< how many of them. Above 0, below 1
  std::int64_t n_iter_no_change = 5;                   ///< epochs without gain that end it. At least 1
  ClassWeight class_weight = ClassWeight::uniform;     ///< uniform or balanced
  ClassWeights class_weights = {};                     ///< of some classes, at least 0; not in Params
  std::int64_t average = 0;  ///< the coefficients are means from this step on; 0: the last ones. At least 0
};

/// Linear classifiers by stochastic gradient descent (book chapters 3 to 5), one against the rest: a step per row, all
/// classes in one pass over the rows. A row's steps are as long as its weight and its class's.
///
/// An output, the sum over its rows of weight x loss of an epoch in hand, ends when that was not below the best one by
/// more than tol x the weight of the rows, n_iter_no_change times in a row; with early_stopping when the accuracy on
/// the rows held out did not exceed the best one by tol. Columns should be of about the same size.
template <class T = float>
class FORJA_API SGDClassifier : public LinearClassifier<T> {
 public:
  explicit SGDClassifier(SGDClassifierOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and n labels of at least two values. sample_weight: n weights, finite and >= 0; empty: all
  /// one. The observer sees each epoch's mean loss. Throws InvalidArgument when an option is out of range, shapes do
  /// not fit, x is empty or holds NaN or Inf, there is one class only, or weights grow beyond T's range; Cancelled;
  /// OutOfMemory.
  SGDClassifier& fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {},
                     Observer* observer = nullptr);
  /// One more epoch over these rows. classes: all that will come, at the first call. Throws as fit, and for
  /// early_stopping and balanced, which need all rows.
  SGDClassifier& partial_fit(const Rows<T>& x, std::span<const std::int32_t> y,
                             std::span<const std::int32_t> classes = {}, std::span<const T> sample_weight = {});

  /// m x n_classes, in the order of classes(). Throws InvalidArgument for a loss other than log_loss and
  /// modified_huber.
  Matrix<T> predict_proba(const Rows<T>& x) const;

  /// As SGDReport has them.
  std::int64_t n_iter() const;
  bool converged() const;
  double loss() const;

  const SGDClassifierOptions& options() const { return options_; }
  Params get_params() const;
  SGDClassifier& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static SGDClassifier load(const std::filesystem::path& path, Device device = Device::automatic());
  static SGDClassifier load(std::istream& in, Device device = Device::automatic());

 private:
  SGDClassifier& take(std::vector<std::int32_t> classes, const SGDReport& report, SGDWeights weights);

  SGDClassifierOptions options_;
  SGDReport report_;
  SGDWeights weights_;
};

/// Parameters of SGDRegressor.
struct SGDRegressorOptions {
  SGDLoss loss = SGDLoss::squared_error;                  ///< squared_error, huber or an epsilon-insensitive one
  SGDPenalty penalty = SGDPenalty::l2;                    ///< none, l2, l1 or elasticnet
  double alpha = 1e-4;                                    ///< the penalty's factor. At least 0; optimal: above 0
  double l1_ratio = 0.15;                                 ///< of elasticnet, 0 to 1
  bool fit_intercept = true;                              ///< whether to learn an intercept, never penalised
  std::int64_t max_iter = 1000;                           ///< the most epochs. At least 1
  std::optional<double> tol = 1e-3;                       ///< least gain of an epoch that counts; empty: all epochs
  bool shuffle = true;                                    ///< a new order of the rows in each epoch
  double epsilon = 0.1;                                   ///< of huber and the epsilon-insensitive losses. At least 0
  std::uint64_t seed = 0;                                 ///< the only source of chance
  LearningRate learning_rate = LearningRate::invscaling;  ///< constant, optimal, invscaling or adaptive
  double eta0 = 0.01;                                     ///< the first rate. Above 0
  double power_t = 0.25;                                  ///< of invscaling
  bool early_stopping = false;                            ///< whether to judge epochs by rows held out, by R^2
  double validation_fraction = 0.1;                       ///< how many of them. Above 0, below 1
  std::int64_t n_iter_no_change = 5;                      ///< epochs without gain that end it. At least 1
  std::int64_t average = 0;  ///< the coefficients are means from this step on; 0: the last ones. At least 0
};

/// Linear regression by stochastic gradient descent (book chapter 4), as SGDClassifier.
template <class T = float>
class FORJA_API SGDRegressor : public LinearModel<T> {
 public:
  explicit SGDRegressor(SGDRegressorOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and y (n). As SGDClassifier::fit.
  SGDRegressor& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {},
                    Observer* observer = nullptr);
  /// One more epoch over these rows.
  SGDRegressor& partial_fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {});

  std::int64_t n_iter() const;
  bool converged() const;
  double loss() const;

  const SGDRegressorOptions& options() const { return options_; }
  Params get_params() const;
  SGDRegressor& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static SGDRegressor load(const std::filesystem::path& path, Device device = Device::automatic());
  static SGDRegressor load(std::istream& in, Device device = Device::automatic());

 private:
  SGDRegressorOptions options_;
  SGDReport report_;
  SGDWeights weights_;
};

extern template class SGDClassifier<float>;
extern template class SGDClassifier<double>;
extern template class SGDRegressor<float>;
extern template class SGDRegressor<double>;

}  // namespace forja
