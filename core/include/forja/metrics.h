#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "forja/device_matrix.h"

/// How good a model is. Names and meanings are scikit-learn's; sums are in double. Everything throws InvalidArgument
/// for input that is empty, not finite or of sizes that do not fit, and for weights that are negative or sum to 0.
namespace forja {

/// A weight of each row, finite and at least 0, in float or double; read during the call. Empty: all one.
class SampleWeight {
 public:
  SampleWeight() = default;
  template <class Range>
  requires std::convertible_to<const Range&, std::span<const float>> SampleWeight(const Range& weights)
      : values_(std::span<const float>(weights)) {}  // NOLINT(google-explicit-constructor)
  template <class Range>
  requires std::convertible_to<const Range&, std::span<const double>> SampleWeight(const Range& weights)
      : values_(std::span<const double>(weights)) {}  // NOLINT(google-explicit-constructor)

  const std::variant<std::span<const float>, std::span<const double>>& values() const { return values_; }

 private:
  std::variant<std::span<const float>, std::span<const double>> values_;
};

/// The share of rows whose label is the predicted one.
FORJA_API double accuracy_score(std::span<const std::int32_t> y_true, std::span<const std::int32_t> y_pred,
                                SampleWeight sample_weight = {});

/// How often each label is taken for which.
struct ConfusionMatrix {
  std::vector<std::int32_t> labels;  ///< those that occur in either, ascending
  Matrix<double> counts;             ///< (i, j): summed weight of the rows of labels[i] that are predicted as labels[j]
};
FORJA_API ConfusionMatrix confusion_matrix(std::span<const std::int32_t> y_true, std::span<const std::int32_t> y_pred,
                                           SampleWeight sample_weight = {});

/// What a score of several labels comes to.
enum class Average {
  binary,    ///< the score of pos_label
  macro,     ///< the mean over labels
  weighted,  ///< the mean over labels, each weighted by its rows
  micro,     ///< one score from the sums over all labels
};

/// Options of precision_score, recall_score and f1_score.
struct ScoreOptions {
  Average average = Average::binary;  ///< binary needs no more than two labels in the data
  std::int32_t pos_label = 1;         ///< the label that binary counts as positive; one of those in the data
  double zero_division = 0;           ///< what stands where nothing is divided by nothing. From 0 to 1.
  SampleWeight sample_weight = {};
};

/// Of the rows predicted as positive, the share that is.
FORJA_API double precision_score(std::span<const std::int32_t> y_true, std::span<const std::int32_t> y_pred,
                                 const ScoreOptions& options = {});
/// Of the rows that are positive, the share predicted as such.
FORJA_API double recall_score(std::span<const std::int32_t> y_true, std::span<const std::int32_t> y_pred,
                              const ScoreOptions& options = {});
/// The harmonic mean of precision and recall.
FORJA_API double f1_score(std::span<const std::int32_t> y_true, std::span<const std::int32_t> y_pred,
                          const ScoreOptions& options = {});

/// The mean of -log of the probability given to each row's label. y_prob: n x C, each row from 0 to 1 and summing to 1,
/// to within the root of T's precision; the columns are the sorted labels: those of y_true or, where some do not occur
/// in it, `labels`. At least two. Probabilities are taken as at least T's epsilon.
FORJA_API double log_loss(std::span<const std::int32_t> y_true, MatrixView<const float> y_prob,
                          SampleWeight sample_weight = {}, std::span<const std::int32_t> labels = {});
FORJA_API double log_loss(std::span<const std::int32_t> y_true, MatrixView<const double> y_prob,
                          SampleWeight sample_weight = {}, std::span<const std::int32_t> labels = {});
/// The same of two labels; y_prob: n probabilities of the greater one.
FORJA_API double log_loss(std::span<const std::int32_t> y_true, std::span<const float> y_prob,
                          SampleWeight sample_weight = {}, std::span<const std::int32_t> labels = {});
FORJA_API double log_loss(std::span<const std::int32_t> y_true, std::span<const double> y_prob,
                          SampleWeight sample_weight = {}, std::span<const std::int32_t> labels = {});

/// The area under the ROC curve: the probability that a row of the greater of two labels scores above one of the other;
/// equal scores count half. Both labels need a positive weight.
FORJA_API double roc_auc_score(std::span<const std::int32_t> y_true, std::span<const float> y_score,
                               SampleWeight sample_weight = {});
FORJA_API double roc_auc_score(std::span<const std::int32_t> y_true, std::span<const double> y_score,
                               SampleWeight sample_weight = {});

/// The mean squared error; of matrices (n x targets) the mean over targets.
FORJA_API double mean_squared_error(std::span<const float> y_true, std::span<const float> y_pred,
                                    SampleWeight sample_weight = {});
FORJA_API double mean_squared_error(std::span<const double> y_true, std::span<const double> y_pred,
                                    SampleWeight sample_weight = {});
FORJA_API double mean_squared_error(MatrixView<const float> y_true, MatrixView<const float> y_pred,
                                    SampleWeight sample_weight = {});
FORJA_API double mean_squared_error(MatrixView<const double> y_true, MatrixView<const double> y_pred,
                                    SampleWeight sample_weight = {});

/// Its root; of matrices the mean of the targets' roots.
FORJA_API double root_mean_squared_error(std::span<const float> y_true, std::span<const float> y_pred,
                                         SampleWeight sample_weight = {});
FORJA_API double root_mean_squared_error(std::span<const double> y_true, std::span<const double> y_pred,
                                         SampleWeight sample_weight = {});
FORJA_API double root_mean_squared_error(MatrixView<const float> y_true, MatrixView<const float> y_pred,
                                         SampleWeight sample_weight = {});
FORJA_API double root_mean_squared_error(MatrixView<const double> y_true, MatrixView<const double> y_pred,
                                         SampleWeight sample_weight = {});

/// The mean absolute error; of matrices the mean over targets.
FORJA_API double mean_absolute_error(std::span<const float> y_true, std::span<const float> y_pred,
                                     SampleWeight sample_weight = {});
FORJA_API double mean_absolute_error(std::span<const double> y_true, std::span<const double> y_pred,
                                     SampleWeight sample_weight = {});
FORJA_API double mean_absolute_error(MatrixView<const float> y_true, MatrixView<const float> y_pred,
                                     SampleWeight sample_weight = {});
FORJA_API double mean_absolute_error(MatrixView<const double> y_true, MatrixView<const double> y_pred,
                                     SampleWeight sample_weight = {});

/// The coefficient of determination, 1 - sum (y - p)^2 / sum (y - mean)^2; of matrices the mean over targets. Of a
/// constant target 1 where it is met, else 0. At least two rows.
FORJA_API double r2_score(std::span<const float> y_true, std::span<const float> y_pred,
                          SampleWeight sample_weight = {});
FORJA_API double r2_score(std::span<const double> y_true, std::span<const double> y_pred,
                          SampleWeight sample_weight = {});
FORJA_API double r2_score(MatrixView<const float> y_true, MatrixView<const float> y_pred,
                          SampleWeight sample_weight = {});
FORJA_API double r2_score(MatrixView<const double> y_true, MatrixView<const double> y_pred,
                          SampleWeight sample_weight = {});

/// The silhouette of each row of x (n x d): (b - a) / max(a, b), where a is its mean distance to the other rows of its
/// cluster and b the least mean distance to the rows of another cluster; 0 for a row alone in its cluster (Rousseeuw
/// 1987; book chapter 9). Distances are exact differences summed in double; takes n^2 d operations and memory of order
/// n. labels: n values, 2 to n - 1 different ones. Throws InvalidArgument.
template <class T>
FORJA_API std::vector<double> silhouette_samples(const Rows<T>& x, std::span<const std::int32_t> labels,
                                                 Device device = Device::automatic());

/// The mean of silhouette_samples.
template <class T>
FORJA_API double silhouette_score(const Rows<T>& x, std::span<const std::int32_t> labels,
                                  Device device = Device::automatic());

/// The same for what Rows<T> is made from: a view, a Matrix or a DeviceMatrix.
template <class X>
std::vector<double> silhouette_samples(const X& x, std::span<const std::int32_t> labels,
                                       Device device = Device::automatic()) {
  return silhouette_samples(Rows(x), labels, device);
}
template <class X>
double silhouette_score(const X& x, std::span<const std::int32_t> labels, Device device = Device::automatic()) {
  return silhouette_score(Rows(x), labels, device);
}

}  // namespace forja
