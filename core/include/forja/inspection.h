#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>
#include <vector>

#include "forja/boosting.h"
#include "forja/concepts.h"
#include "forja/export.h"
#include "forja/matrix.h"

/// What a fitted model goes by, found by changing its input. Names and meanings are scikit-learn's. x is not changed;
/// whether it may have NaN is up to the model.
namespace forja {

/// Parameters of permutation_importance.
struct PermutationImportanceOptions {
  std::int64_t n_repeats = 5;  ///< how often each column is shuffled. At least 1.
  std::uint64_t seed = 0;      ///< the only source of chance
};

/// By how much the score falls when a column is shuffled.
struct PermutationImportance {
  Matrix<double> importances;            ///< d x n_repeats
  std::vector<double> importances_mean;  ///< d means
  std::vector<double> importances_std;   ///< d standard deviations, over n_repeats
};

/// score(rows) tells how good a fitted model is on rows like x (n x d), greater is better; it is asked once for x and
/// n_repeats times for each column, of a copy of x in which that column is shuffled. Throws InvalidArgument for an
/// empty x or an option out of range, and what score throws.
FORJA_API PermutationImportance permutation_importance(const std::function<double(MatrixView<const float>)>& score,
                                                       MatrixView<const float> x,
                                                       const PermutationImportanceOptions& options = {});
FORJA_API PermutationImportance permutation_importance(const std::function<double(MatrixView<const double>)>& score,
                                                       MatrixView<const double> x,
                                                       const PermutationImportanceOptions& options = {});

/// By the model's own score (accuracy, R^2) with n labels or targets, and a weight of each row or none.
template <Classifier Model>
PermutationImportance permutation_importance(const Model& model, MatrixView<const StorageType<Model>> x,
                                             std::span<const std::int32_t> y,
                                             const PermutationImportanceOptions& options = {},
                                             std::span<const StorageType<Model>> sample_weight = {}) {
  return permutation_importance(
      [&](MatrixView<const StorageType<Model>> rows) { return model.score(rows, y, sample_weight); }, x, options);
}
template <Regressor Model>
PermutationImportance permutation_importance(const Model& model, MatrixView<const StorageType<Model>> x,
                                             std::span<const StorageType<Model>> y,
                                             const PermutationImportanceOptions& options = {},
                                             std::span<const StorageType<Model>> sample_weight = {}) {
  return permutation_importance(
      [&](MatrixView<const StorageType<Model>> rows) { return model.score(rows, y, sample_weight); }, x, options);
}

/// Parameters of partial_dependence.
struct PartialDependenceOptions {
  /// Where a column has fewer different values than this, they are the grid; else as many numbers at equal distances
  /// between two percentiles. At least 2.
  std::int64_t grid_resolution = 100;
  double lower_percentile = 0.05;                       ///< of the column's values. At least 0
  double upper_percentile = 0.95;                       ///< above the lower one, up to 1
  std::vector<std::int64_t> categorical_features = {};  ///< columns whose values are the grid, however many
  /// The grid itself: for each of the features its values. Empty: made from x.
  std::vector<std::vector<double>> grid = {};
};

/// What a model predicts on average, with one or two columns set.
struct PartialDependence {
  std::vector<std::vector<double>> grid_values;  ///< of each feature, ascending where made from x
  /// Outputs x points of the grid; of two features the second runs faster.
  Matrix<double> average;
};

/// predict(rows) gives one row of outputs (probabilities, scores), or one number, for each row; it is asked for every
/// point of the grid, of a copy of x (n x d) with the features' columns set to it ("brute" in scikit-learn). features:
/// one or two different columns. NaN is not on the grid. sample_weight: of the mean over rows, empty: all one. Throws
/// InvalidArgument for an empty x, features, options or weights out of range, a column without values or with equal
/// percentiles, or predictions of another number of rows; and what predict throws.
FORJA_API PartialDependence partial_dependence(const std::function<Matrix<float>(MatrixView<const float>)>& predict,
                                               MatrixView<const float> x, std::span<const std::int64_t> features,
                                               const PartialDependenceOptions& options = {},
                                               std::span<const float> sample_weight = {});
FORJA_API PartialDependence partial_dependence(const std::function<Matrix<double>(MatrixView<const double>)>& predict,
                                               MatrixView<const double> x, std::span<const std::int64_t> features,
                                               const PartialDependenceOptions& options = {},
                                               std::span<const double> sample_weight = {});
FORJA_API PartialDependence
partial_dependence(const std::function<std::vector<float>(MatrixView<const float>)>& predict, MatrixView<const float> x,
                   std::span<const std::int64_t> features, const PartialDependenceOptions& options = {},
                   std::span<const float> sample_weight = {});
FORJA_API PartialDependence
partial_dependence(const std::function<std::vector<double>(MatrixView<const double>)>& predict,
                   MatrixView<const double> x, std::span<const std::int64_t> features,
                   const PartialDependenceOptions& options = {}, std::span<const double> sample_weight = {});

/// Of the raw scores of boosted trees, by one walk through each tree for a point: where a node asks for another
/// feature, both ways are taken, weighted by the rows of the fit that went there ("recursion" in scikit-learn, which
/// leaves out the score before the first tree; here it is added). x only makes the grid. Throws also NotFitted.
template <class T>
FORJA_API PartialDependence partial_dependence(const HistGradientBoosting<T>& model,
                                               std::type_identity_t<MatrixView<const T>> x,
                                               std::span<const std::int64_t> features,
                                               const PartialDependenceOptions& options = {});

}  // namespace forja
