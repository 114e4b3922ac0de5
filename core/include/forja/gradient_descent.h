#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/linear.h"
#include "forja/linear_classifier.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"
#include "forja/sgd.h"

namespace forja {

/// What a step makes of a gradient: equations and defaults of book chapter 11.
enum class Optimizer {
  sgd,       ///< against the gradient
  momentum,  ///< a mean of past gradients (Polyak 1964)
  nesterov,  ///< the same, its gradient measured ahead (Nesterov 1983)
  adagrad,   ///< each weight's rate over the root of its summed squared gradients (Duchi et al. 2011)
  rmsprop,   ///< the same of a mean that forgets (Tieleman and Hinton 2012)
  adam,      ///< momentum and rmsprop (Kingma and Ba 2015)
  adamax,    ///< adam with the greatest gradient in place of the root
  nadam,     ///< adam with Nesterov's look ahead (Dozat 2016)
  adamw,     ///< adam, its weights shrunk by rate x weight_decay (Loshchilov and Hutter 2019)
};

/// How the rate of step t, from 0, follows. s is schedule_steps.
enum class LearningSchedule {
  constant,            ///< eta0
  invscaling,          ///< eta0 / (t + 1)^power_t
  power,               ///< eta0 / (1 + t / s)^power
  exponential,         ///< eta0 decay^(t / s)
  piecewise_constant,  ///< rates[i] up to and with step boundaries[i], the last one beyond
  performance,         ///< eta0, times plateau_factor whenever plateau_patience epochs in a row brought nothing
  one_cycle,   ///< from eta0 / 10 up to eta0, down again, and in the last tenth of s to eta0 / 10,000 (Smith 2018)
  hyperbolic,  ///< t0 / (t + t1): book chapter 4
};

/// Parameters of GradientDescentRegressor and GradientDescentClassifier.
struct GradientDescentOptions {
  std::optional<SGDLoss> loss = {};       ///< empty: squared_error of numbers, multinomial of classes
  SGDPenalty penalty = SGDPenalty::none;  ///< none, l2, l1 or elasticnet
  bool fit_intercept = true;              ///< whether to learn intercepts, never penalised
  double alpha = 1e-4;                    ///< the penalty's factor. At least 0
  double l1_ratio = 0.15;                 ///< of elasticnet, 0 to 1
  double epsilon = 0.1;                   ///< of huber and the epsilon-insensitive losses. At least 0
  std::int64_t batch_size = 0;            ///< rows of a step: 1 stochastic, more mini-batch, 0 all. At least 0
  bool shuffle = true;                    ///< a new order of the rows in each epoch
  std::uint64_t seed = 0;                 ///< the only source of chance
  std::int64_t max_iter = 1000;           ///< the most epochs of a call. At least 1
  std::optional<double> tol = 1e-4;       ///< least gain of an epoch that counts; empty: all epochs
  std::int64_t n_iter_no_change = 10;     ///< epochs in a row without gain that end it. At least 1
  bool warm_start = false;                ///< whether fit goes on where the call before ended
  bool early_stopping = false;            ///< whether to judge epochs by rows held out, and return the best one
  double validation_fraction = 0.1;       ///< how many of them. Above 0, below 1
  Optimizer optimizer = Optimizer::sgd;   ///< see Optimizer
  double momentum = 0.9;                  ///< of momentum and nesterov. 0 to 1, not 1
  double rho = 0.9;                       ///< of rmsprop: how much its mean keeps. 0 to 1, not 1
  double beta_1 = 0.9;                    ///< of adam and its kin: how much the mean of gradients keeps. As rho
  double beta_2 = 0.999;                  ///< the same of the mean of squares
  double optimizer_epsilon = 1e-7;        ///< what stands under the root beside these. Above 0
  double weight_decay = 0.01;             ///< of adamw. At least 0
  std::optional<double> clip_value = {};  ///< the greatest entry of a gradient. Above 0; empty: any
  std::optional<double> clip_norm = {};   ///< the greatest norm of each output's gradient. Above 0; empty: any
  LearningSchedule learning_rate = LearningSchedule::constant;  ///< see LearningSchedule
  double eta0 = 0.1;                                            ///< the first rate; one_cycle: the greatest. Above 0
  double power_t = 0.5;                                         ///< of invscaling. At least 0
  std::int64_t schedule_steps = 0;            ///< s of power, exponential, one_cycle; 0: those of max_iter epochs
  double power = 1;                           ///< of power. At least 0
  double decay = 0.1;                         ///< of exponential. Above 0, below 1
  double t0 = 5;                              ///< of hyperbolic. Above 0
  double t1 = 50;                             ///< of hyperbolic. Above 0
  double plateau_factor = 0.5;                ///< of performance. Above 0, below 1
  std::int64_t plateau_patience = 5;          ///< of performance. At least 1
  std::vector<std::int64_t> boundaries = {};  ///< of piecewise_constant, ascending; not in Params
  std::vector<double> rates = {};             ///< one more, above 0; not in Params
  std::int64_t average = 0;  ///< the coefficients are means from this step on; 0: the last ones. At least 0
  ClassWeight class_weight = ClassWeight::uniform;  ///< of the classifier alone: uniform or balanced
  ClassWeights class_weights = {};                  ///< likewise: of some classes, at least 0; not in Params
};

/// How a descent ended.
struct GradientDescentReport {
  std::int64_t n_iter = 0;                     ///< epochs since the weights were zero
  bool converged = false;                      ///< whether tol ended the last call, before max_iter
  double loss = 0;                             ///< mean loss of the last epoch's rows as they were met, without penalty
  std::optional<double> validation_loss = {};  ///< the least mean loss of the rows held out
  /// The greatest entry of the objective's gradient at the final coefficients and intercepts, over all rows that fit
  /// learned from: 0 at a minimum. Under l1 of the least subgradient; weight_decay is no part of the objective. Losses
  /// with corners (hinge, perceptron, epsilon_insensitive) have a subgradient, which need not vanish. Empty after
  /// partial_fit, which sees some rows only, and where it is beyond T's range.
  std::optional<double> gradient_norm = {};
};

/// All that the next epoch of a descent depends on.
struct GradientDescentState {
  SGDWeights weights = {};
  Matrix<double> model = {};                ///< the weights that predict: of nesterov without the look ahead
  Optimizer optimizer = Optimizer::sgd;     ///< whose numbers weights.slots are
  std::optional<double> least_loss = {};    ///< of an epoch, as tol judges them
  std::int64_t without_gain = 0;            ///< epochs in a row
  Matrix<double> best = {};                 ///< the weights of the least loss on rows held out
  std::optional<double> plateau_rate = {};  ///< of performance, and what it goes by
  std::optional<double> plateau_loss = {};
  std::int64_t plateau_without_progress = 0;
};

/// Linear regression by batch, mini-batch or stochastic gradient descent (book chapters 4 and 11) with any optimiser
/// and schedule. T is float or double. It minimises the mean over the rows of weight x loss, and the penalty.
/// squared_error is half the square: rates of the book, whose gradients are of the whole, are half of these.
///
/// An epoch gains when its loss, the mean over its rows as they were met, or that of the rows held out, is below the
/// least one by more than tol. Columns should be of about the same size.
template <class T = float>
class FORJA_API GradientDescentRegressor : public LinearModel<T> {
 public:
  explicit GradientDescentRegressor(GradientDescentOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and y: n values, or n x n_targets for several targets at once, which end together.
  /// sample_weight: n weights, finite and >= 0; empty: all one. The observer sees each epoch's mean loss. With
  /// warm_start, a fit of k epochs and one of m are a fit of k + m epochs, bit for bit, schedule_steps being given
  /// where it counts. Throws InvalidArgument when an option is out of range, the loss is of classes or classes have
  /// weights, shapes do not fit, x or y is empty or holds NaN or Inf, or weights grow beyond T's range; Cancelled;
  /// OutOfMemory.
  GradientDescentRegressor& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {},
                                Observer* observer = nullptr);
  GradientDescentRegressor& fit(const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight = {},
                                Observer* observer = nullptr);
  /// One more epoch over these rows, whatever tol says. Throws as fit, and for early_stopping, which needs all rows.
  GradientDescentRegressor& partial_fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {});

  /// As GradientDescentReport has them.
  std::int64_t n_iter() const;
  bool converged() const;
  double loss() const;
  std::optional<double> validation_loss() const;
  std::optional<double> gradient_norm() const;

  const GradientDescentOptions& options() const { return options_; }
  /// Every parameter by name but boundaries, rates and class_weights, which are set in the options; class_weight is the
  /// classifier's.
  Params get_params() const;
  GradientDescentRegressor& set_params(const Params& params);

  /// The file keeps all that a descent needs to go on.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static GradientDescentRegressor load(const std::filesystem::path& path, Device device = Device::automatic());
  static GradientDescentRegressor load(std::istream& in, Device device = Device::automatic());

 private:
  GradientDescentRegressor& learn(std::string_view call, std::int64_t epochs, bool resume, bool whole, const Rows<T>& x,
                                  MatrixView<const T> y, std::span<const T> sample_weight, Observer* observer);

  GradientDescentOptions options_;
  GradientDescentReport report_;
  GradientDescentState state_;
};

/// Linear classifiers by the same descents: softmax regression, or one against the rest under a loss of single outputs.
/// multinomial is, of two classes, log_loss; losses of numbers take -1 and 1 as targets.
template <class T = float>
class FORJA_API GradientDescentClassifier : public LinearClassifier<T> {
 public:
  explicit GradientDescentClassifier(GradientDescentOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and n labels of at least two values. As GradientDescentRegressor::fit; a row's weight is
  /// sample_weight times its class's. Throws InvalidArgument also for class_weights of a label that does not come.
  GradientDescentClassifier& fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                 std::span<const T> sample_weight = {}, Observer* observer = nullptr);
  /// One more epoch over these rows. classes: all that will come, at the first call. Throws InvalidArgument also for
  /// class_weight = balanced, which needs all rows.
  GradientDescentClassifier& partial_fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                         std::span<const std::int32_t> classes = {},
                                         std::span<const T> sample_weight = {});

  /// m x n_classes, in the order of classes(). Throws InvalidArgument for a loss other than multinomial, log_loss and
  /// modified_huber.
  Matrix<T> predict_proba(const Rows<T>& x) const;

  /// As GradientDescentReport has them.
  std::int64_t n_iter() const;
  bool converged() const;
  double loss() const;
  std::optional<double> validation_loss() const;
  std::optional<double> gradient_norm() const;

  const GradientDescentOptions& options() const { return options_; }
  Params get_params() const;
  GradientDescentClassifier& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static GradientDescentClassifier load(const std::filesystem::path& path, Device device = Device::automatic());
  static GradientDescentClassifier load(std::istream& in, Device device = Device::automatic());

 private:
  GradientDescentClassifier& learn(std::string_view call, std::int64_t epochs, bool resume, bool whole,
                                   std::span<const std::int32_t> given, const Rows<T>& x,
                                   std::span<const std::int32_t> y, std::span<const T> sample_weight,
                                   Observer* observer);

  GradientDescentOptions options_;
  GradientDescentReport report_;
  GradientDescentState state_;
};

extern template class GradientDescentRegressor<float>;
extern template class GradientDescentRegressor<double>;
extern template class GradientDescentClassifier<float>;
extern template class GradientDescentClassifier<double>;

}  // namespace forja
