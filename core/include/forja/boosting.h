#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/export.h"
#include "forja/linear_classifier.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"

/// Gradient boosting of trees over binned features (Friedman 2001; Ke et al. 2017; book chapter 7). NaN is a missing
/// value: each split learns to which side it goes. The trees are the same bits on every device.
namespace forja {

namespace compute {
class BinnedRows;
}
namespace core {
struct FittedForest;
template <class T>
class RowForest;
template <class T>
struct BoostingSource;
}  // namespace core

/// What HistGradientBoostingRegressor makes small, s being the raw score.
enum class BoostingRegressionLoss {
  squared_error,   ///< (y - s)^2 / 2: the mean
  absolute_error,  ///< |y - s|: the median
  huber,           ///< squared up to huber_delta, a line from there
  quantile,        ///< the pinball loss: the quantile `quantile`
  poisson,         ///< counts, y >= 0; predictions are e^s
  gamma,           ///< amounts, y > 0; predictions are e^s
  tweedie,         ///< both, y >= 0, of variance power tweedie_power; predictions are e^s
};

/// Which node of a tree is split next.
enum class TreeGrowth {
  leaf_wise,   ///< the one that gains most
  depth_wise,  ///< all of a level; where max_leaf_nodes is short, those that gain most
};

/// How gradients are added up.
enum class GradientPrecision {
  quantised,  ///< in 12 bits, rounded by chance (Shi et al. 2022); leaves have the true sums
  exact,      ///< in 31 bits
};

/// Whether a fit ends when its score gets no better.
enum class EarlyStopping {
  automatic,  ///< on where there are more than 10,000 rows
  on,
  off,
};

/// What early stopping goes by.
enum class BoostingRegressionScoring { loss, r2, neg_mean_squared_error, neg_mean_absolute_error };
enum class BoostingClassificationScoring { loss, accuracy };

/// What feature_importances() counts.
enum class ImportanceKind {
  gain,   ///< by how much splits by the feature made the loss smaller
  split,  ///< how many splits are by the feature
};

/// A loss of one's own. Its methods are called from the thread that called fit.
class FORJA_API BoostingObjective {
 public:
  virtual ~BoostingObjective() = default;
  /// The score of every row before the first tree, one for each output.
  virtual std::vector<double> baseline(std::span<const double> y, std::span<const double> sample_weight,
                                       std::int64_t outputs) const = 0;
  /// The derivatives of each row's loss by its scores (n x outputs), without its weight, which is multiplied in by the
  /// fit. y: targets, or places in classes(). Hessians are at least 0.
  virtual void gradients(std::span<const double> y, MatrixView<const double> scores, MatrixView<double> gradient,
                         MatrixView<double> hessian) const = 0;
  /// The loss of one row.
  virtual double loss(double y, std::span<const double> scores) const = 0;
};

/// The features that a mask names, as categorical_features has them.
FORJA_API std::vector<std::int64_t> categorical_features(const std::vector<bool>& mask);
/// The columns of text of a table: categorical_features(table.categories).
FORJA_API std::vector<std::int64_t> categorical_features(const std::vector<std::vector<std::string>>& categories);

/// Parameters of HistGradientBoostingRegressor.
struct HistGradientBoostingRegressorOptions {
  BoostingRegressionLoss loss = BoostingRegressionLoss::squared_error;
  double quantile = 0.5;                            ///< of loss quantile, 0 to 1
  double huber_delta = 1;                           ///< of loss huber, in units of y. Above 0
  double tweedie_power = 1.5;                       ///< of loss tweedie. Above 1, below 2
  double learning_rate = 0.1;                       ///< by what leaves are multiplied. Above 0
  std::int64_t max_iter = 100;                      ///< the most rounds. At least 0
  std::optional<std::int64_t> max_leaf_nodes = 31;  ///< at least 2; empty: no limit
  std::optional<std::int64_t> max_depth = {};       ///< at least 1; empty: no limit
  std::int64_t min_samples_leaf = 20;               ///< rows of a leaf. At least 1
  double min_sum_hessian_in_leaf = 1e-3;            ///< at least 0
  double l2_regularization = 0;                     ///< at least 0
  double l1_regularization = 0;                     ///< at least 0
  double min_gain_to_split = 0;                     ///< a split gains more than this. At least 0
  std::int64_t max_bins = 255;                      ///< bins of a feature, beside that of missing values. 2 to 255
  double max_features = 1;  ///< the share of the features that each node looks at. Above 0, up to 1
  double subsample = 1;     ///< the share of the rows that each round learns from. Above 0, up to 1
  TreeGrowth growth = TreeGrowth::leaf_wise;
  /// Their places in x; not in Params. Values are whole numbers: negative ones, and those not seen by fit, are missing.
  /// Of more than max_bins categories the rarest count as missing too.
  std::vector<std::int64_t> categorical_features = {};
  /// Of each feature 1 (rising), -1 (falling) or 0, as of categorical ones. Not in Params.
  std::vector<std::int32_t> monotonic_cst = {};
  /// Groups of features that may be together on the way to a leaf; features in none are one more group. Not in Params.
  std::vector<std::vector<std::int64_t>> interaction_cst = {};
  EarlyStopping early_stopping = EarlyStopping::automatic;
  std::optional<double> validation_fraction = 0.1;  ///< rows held out for early stopping. Above 0, below 1; empty: it
                                                    ///< goes by the rows learned from
  std::int64_t n_iter_no_change = 10;               ///< rounds without a better score that end it. At least 1
  double tol = 1e-7;                                ///< how much better counts. At least 0
  BoostingRegressionScoring scoring = BoostingRegressionScoring::loss;  ///< others are computed on the host each round
  bool warm_start = false;  ///< whether fit adds rounds to those of the fit before, up to max_iter in all
  GradientPrecision precision = GradientPrecision::quantised;
  std::uint64_t seed = 0;                                   ///< the only source of chance
  std::shared_ptr<const BoostingObjective> objective = {};  ///< takes the place of loss; not in Params, nor in files
};

/// Parameters of HistGradientBoostingClassifier.
struct HistGradientBoostingClassifierOptions {
  double learning_rate = 0.1;  ///< and so on, as in HistGradientBoostingRegressorOptions
  std::int64_t max_iter = 100;
  std::optional<std::int64_t> max_leaf_nodes = 31;
  std::optional<std::int64_t> max_depth = {};
  std::int64_t min_samples_leaf = 20;
  double min_sum_hessian_in_leaf = 1e-3;
  double l2_regularization = 0;
  double l1_regularization = 0;
  double min_gain_to_split = 0;
  std::int64_t max_bins = 255;
  double max_features = 1;
  double subsample = 1;
  TreeGrowth growth = TreeGrowth::leaf_wise;
  std::vector<std::int64_t> categorical_features = {};
  std::vector<std::int32_t> monotonic_cst = {};  ///< of the probability of the greater of two classes
  std::vector<std::vector<std::int64_t>> interaction_cst = {};
  EarlyStopping early_stopping = EarlyStopping::automatic;
  std::optional<double> validation_fraction = 0.1;  ///< the classes' shares are kept
  std::int64_t n_iter_no_change = 10;
  double tol = 1e-7;
  BoostingClassificationScoring scoring = BoostingClassificationScoring::loss;
  bool warm_start = false;
  GradientPrecision precision = GradientPrecision::quantised;
  ClassWeight class_weight = ClassWeight::uniform;  ///< uniform or balanced
  ClassWeights class_weights = {};                  ///< of some classes, at least 0; not in Params
  std::uint64_t seed = 0;
  std::shared_ptr<const BoostingObjective> objective = {};  ///< one output for two classes, else one for each
};

/// How rows become bins.
struct BinOptions {
  std::int64_t max_bins = 255;                          ///< 2 to 255
  std::vector<std::int64_t> categorical_features = {};  ///< their places in x
};

/// Rows whose values have been put into bins, one byte each, on a device: several fits (a search, folds by weights of
/// 0) share the work. Copies share the bins, which nobody changes.
template <class T = float>
class FORJA_API BinnedMatrix {
 public:
  /// x (n x d) may have NaN, which is missing, and infinities. Rows whose sample_weight is 0 take no part in finding
  /// the bins. Throws InvalidArgument for an empty x, options out of range, or a categorical value that is neither a
  /// whole number nor NaN; OutOfMemory.
  explicit BinnedMatrix(const Rows<T>& x, BinOptions options = {}, std::span<const T> sample_weight = {},
                        Device device = Device::automatic());

  std::int64_t rows() const;
  std::int64_t columns() const;
  /// Bins of a feature, without that of missing values.
  std::int64_t n_bins(std::int64_t feature) const;
  const BinOptions& options() const { return options_; }
  Device device() const { return device_; }

  /// For forja's own parts.
  const std::shared_ptr<const compute::BinnedRows>& handle() const { return rows_; }

 private:
  BinOptions options_;
  Device device_;
  std::shared_ptr<const compute::BinnedRows> rows_;
};

/// What both kinds share. T is float or double.
template <class T = float>
class FORJA_API HistGradientBoosting {
 public:
  /// Rounds of the fit, those of the fits before it counted in under warm_start.
  std::int64_t n_iter() const;
  /// Whether early stopping ended the fit; else max_iter did.
  bool converged() const;
  /// Scores (greater is better; of scoring loss minus the mean loss) before the first round and after each, on the rows
  /// learned from. Empty without early stopping.
  const std::vector<double>& train_score() const;
  /// The same on the rows held out; empty where none are.
  const std::vector<double>& validation_score() const;
  /// Of each feature its share of the gain or of the splits; the shares sum to 1, or are all 0 where nothing is split.
  std::vector<double> feature_importances(ImportanceKind kind = ImportanceKind::gain) const;
  /// SHAP values of the raw scores of the rows of x (m x d): what each feature adds to the score when it becomes known,
  /// by Shapley's rule; a split by an unknown one leaves both sides open, weighted by the hessians of the rows of the
  /// fit that went there (path-dependent TreeSHAP; Lundberg et al. 2020). m x outputs (d + 1): for each output d values
  /// and then the expected score; they sum to the raw score. Runs on the host's threads. Throws as predict.
  Matrix<double> shap_values(const Rows<T>& x) const;
  /// The raw score before the first round: one, or one for each of more than two classes.
  const std::vector<double>& baseline() const;
  std::int64_t n_features_in() const;

  bool is_fitted() const { return fitted_.forest != nullptr; }
  Device device() const { return device_; }
  /// A fitted model predicts on any device.
  void set_device(Device device) { device_ = device; }

  /// For forja's own parts. Throws NotFitted.
  const core::FittedForest& forest() const { return *fitted("forest").forest; }

 protected:
  struct Fitted {
    std::shared_ptr<const core::FittedForest> forest;
    std::shared_ptr<const core::RowForest<T>> row_forest;  ///< the same for single rows
    std::vector<double> train_score;
    std::vector<double> validation_score;
    bool converged = false;
  };

  HistGradientBoosting(std::string_view name, Device device) : name_(name), device_(device) {}
  ~HistGradientBoosting() = default;
  HistGradientBoosting(const HistGradientBoosting&) = default;
  HistGradientBoosting& operator=(const HistGradientBoosting&) = default;
  HistGradientBoosting(HistGradientBoosting&&) noexcept = default;
  HistGradientBoosting& operator=(HistGradientBoosting&&) noexcept = default;

  /// Throws NotFitted, naming "<model>::<what>".
  const Fitted& fitted(std::string_view what) const;
  std::string call(std::string_view what) const;
  void set_fitted(Fitted fitted) { fitted_ = std::move(fitted); }
  /// Nothing before the first fit.
  const Fitted& fitted_or_nothing() const { return fitted_; }
  /// m x outputs, checked.
  Matrix<double> raw_scores(std::string_view what, const Rows<T>& x) const;
  /// Calls take(round, raw scores) after each round.
  void staged_scores(std::string_view what, const Rows<T>& x,
                     const std::function<void(std::int64_t, const Matrix<double>&)>& take) const;
  /// Calls take(output, raw score) for each output of one row.
  void raw_scores(std::string_view what, std::span<const T> row,
                  const std::function<void(std::int64_t, double)>& take) const;

 private:
  std::string_view name_;
  Device device_;
  Fitted fitted_;
};

/// Histogram gradient boosting for numbers; parameters and meanings are scikit-learn's.
template <class T = float>
class FORJA_API HistGradientBoostingRegressor : public HistGradientBoosting<T> {
 public:
  explicit HistGradientBoostingRegressor(HistGradientBoostingRegressorOptions options = {},
                                         Device device = Device::automatic());

  /// Learns from x (n x d; NaN is missing, infinities are allowed) and n finite targets. sample_weight: n weights,
  /// finite and >= 0, one positive at least; empty: all one. The observer sees each round's loss on the rows learned
  /// from. Throws InvalidArgument when an option is out of range, shapes do not fit, x is empty, targets do not fit
  /// the loss, or scores overflow; Cancelled; OutOfMemory.
  HistGradientBoostingRegressor& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {},
                                     Observer* observer = nullptr);
  /// The same over rows that are in bins already, on the model's device: max_bins and categorical_features are theirs.
  HistGradientBoostingRegressor& fit(const BinnedMatrix<T>& x, std::span<const T> y,
                                     std::span<const T> sample_weight = {}, Observer* observer = nullptr);

  /// One value for each row of x (m x d). Throws NotFitted; InvalidArgument for an empty x or another number of
  /// columns.
  std::vector<T> predict(const Rows<T>& x) const;
  /// Of one row of d values, on the host: without allocation or lock, from as many threads as like.
  T predict(std::span<const T> row) const;
  /// Calls take(round from 1, predictions for x) after each round.
  void staged_predict(const Rows<T>& x,
                      const std::function<void(std::int64_t round, std::span<const T> predictions)>& take) const;
  /// R^2 of the predictions.
  double score(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {}) const;

  const HistGradientBoostingRegressorOptions& options() const { return options_; }
  Params get_params() const;
  HistGradientBoostingRegressor& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static HistGradientBoostingRegressor load(const std::filesystem::path& path, Device device = Device::automatic());
  static HistGradientBoostingRegressor load(std::istream& in, Device device = Device::automatic());

 private:
  HistGradientBoostingRegressor& fit_source(const core::BoostingSource<T>& x, std::span<const T> y,
                                            std::span<const T> sample_weight, Observer* observer);
  std::vector<T> predictions(const Matrix<double>& scores) const;

  HistGradientBoostingRegressorOptions options_;
  bool exponential_ = false;  ///< of the fit: predictions are e^s
};

/// Histogram gradient boosting for classes; parameters and meanings are scikit-learn's. Of two classes a tree a round,
/// of more one for each class.
template <class T = float>
class FORJA_API HistGradientBoostingClassifier : public HistGradientBoosting<T> {
 public:
  explicit HistGradientBoostingClassifier(HistGradientBoostingClassifierOptions options = {},
                                          Device device = Device::automatic());

  /// Learns from x (n x d) and n labels of at least two values; a row's weight is its own times its class's. Else as
  /// HistGradientBoostingRegressor::fit. Throws InvalidArgument also for a class whose rows weigh 0.
  HistGradientBoostingClassifier& fit(const Rows<T>& x, std::span<const std::int32_t> y,
                                      std::span<const T> sample_weight = {}, Observer* observer = nullptr);
  HistGradientBoostingClassifier& fit(const BinnedMatrix<T>& x, std::span<const std::int32_t> y,
                                      std::span<const T> sample_weight = {}, Observer* observer = nullptr);

  /// The most likely class of each row of x (m x d), of several the least. Throws as
  /// HistGradientBoostingRegressor::predict.
  std::vector<std::int32_t> predict(const Rows<T>& x) const;
  /// m x n_classes, in the order of classes().
  Matrix<T> predict_proba(const Rows<T>& x) const;
  /// Raw scores: m x 1 for two classes, the logarithm of the odds of the greater, else m x n_classes.
  Matrix<T> decision_function(const Rows<T>& x) const;
  /// Of one row of d values, on the host: without allocation or lock, from as many threads as like.
  std::int32_t predict(std::span<const T> row) const;
  /// The same; out: n_classes values.
  void predict_proba(std::span<const T> row, std::span<T> out) const;

  /// Calls take(round from 1, labels or probabilities for x) after each round.
  void staged_predict(const Rows<T>& x,
                      const std::function<void(std::int64_t round, std::span<const std::int32_t> labels)>& take) const;
  void staged_predict_proba(const Rows<T>& x,
                            const std::function<void(std::int64_t round, const Matrix<T>& probabilities)>& take) const;
  /// The accuracy of predict(x).
  double score(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {}) const;

  /// Ascending.
  const std::vector<std::int32_t>& classes() const;

  const HistGradientBoostingClassifierOptions& options() const { return options_; }
  Params get_params() const;
  HistGradientBoostingClassifier& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static HistGradientBoostingClassifier load(const std::filesystem::path& path, Device device = Device::automatic());
  static HistGradientBoostingClassifier load(std::istream& in, Device device = Device::automatic());

 private:
  HistGradientBoostingClassifier& fit_source(const core::BoostingSource<T>& x, std::span<const std::int32_t> y,
                                             std::span<const T> sample_weight, Observer* observer);
  std::vector<std::int32_t> labels(const Matrix<double>& scores) const;

  HistGradientBoostingClassifierOptions options_;
  std::vector<std::int32_t> classes_;
};

extern template class BinnedMatrix<float>;
extern template class BinnedMatrix<double>;
extern template class HistGradientBoosting<float>;
extern template class HistGradientBoosting<double>;
extern template class HistGradientBoostingRegressor<float>;
extern template class HistGradientBoostingRegressor<double>;
extern template class HistGradientBoostingClassifier<float>;
extern template class HistGradientBoostingClassifier<double>;

}  // namespace forja
