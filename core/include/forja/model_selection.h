#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "forja/concepts.h"
#include "forja/export.h"
#include "forja/matrix.h"

/// Parts of the rows: to learn from, to judge by; and judging by several.
namespace forja {

/// A share of the rows, between 0 and 1, or a number of rows, at least 1.
using PartSize = std::variant<double, std::int64_t>;

/// Parameters of train_test_split.
struct SplitOptions {
  /// The test part; a share is rounded up. Empty: the rows that train_size leaves, or a quarter without that.
  std::optional<PartSize> test_size = {};
  /// The training part; a share is rounded down. Empty: the rows that test_size leaves. Where both leave rows, those
  /// are in neither part.
  std::optional<PartSize> train_size = {};
  /// Whether the rows are put in a random order first. Without, the training part is the first rows and the test part
  /// those after it.
  bool shuffle = true;
  /// A label of each row, read during the call: each label's share of the rows is kept in both parts, to within one
  /// row. Empty: not looked at.
  std::span<const std::int32_t> stratify = {};
  /// The only source of chance.
  std::uint64_t seed = 0;
};

/// Row numbers from 0, each in one of the two parts at most.
struct SplitRows {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> test;
};

/// Rows and their targets (Y = T) or class labels (Y = std::int32_t).
template <class T, class Y>
struct TrainTestSplit {
  Matrix<T> x_train;
  Matrix<T> x_test;
  std::vector<Y> y_train;
  std::vector<Y> y_test;
};

/// Splits rows into a training and a test part. Throws InvalidArgument for an option out of range, when a part would
/// be empty or both have more rows than there are, and when stratified: without shuffle, for a label of a single row,
/// or when a part has fewer rows than there are labels.
FORJA_API SplitRows train_test_split(std::int64_t n_rows, const SplitOptions& options = {});

/// The same, applied to x (n x d) and to the n targets or labels y.
FORJA_API TrainTestSplit<float, std::int32_t> train_test_split(MatrixView<const float> x,
                                                               std::span<const std::int32_t> y,
                                                               const SplitOptions& options = {});
FORJA_API TrainTestSplit<double, std::int32_t> train_test_split(MatrixView<const double> x,
                                                                std::span<const std::int32_t> y,
                                                                const SplitOptions& options = {});
FORJA_API TrainTestSplit<float, float> train_test_split(MatrixView<const float> x, std::span<const float> y,
                                                        const SplitOptions& options = {});
FORJA_API TrainTestSplit<double, double> train_test_split(MatrixView<const double> x, std::span<const double> y,
                                                          const SplitOptions& options = {});

/// The rows of x, or the entries of a vector, with these numbers, in their order; a number may come twice. Throws
/// InvalidArgument for a number that is no row.
FORJA_API Matrix<float> take_rows(MatrixView<const float> x, std::span<const std::int64_t> rows);
FORJA_API Matrix<double> take_rows(MatrixView<const double> x, std::span<const std::int64_t> rows);
FORJA_API std::vector<float> take_rows(std::span<const float> values, std::span<const std::int64_t> rows);
FORJA_API std::vector<double> take_rows(std::span<const double> values, std::span<const std::int64_t> rows);
FORJA_API std::vector<std::int32_t> take_rows(std::span<const std::int32_t> values, std::span<const std::int64_t> rows);

/// Parameters of KFold and StratifiedKFold.
struct KFoldOptions {
  std::int64_t n_splits = 5;  ///< folds. At least 2, at most as many as there are rows.
  bool shuffle = false;       ///< whether the rows are put in a random order first
  std::uint64_t seed = 0;     ///< the only source of chance
};

/// Rows in folds whose sizes differ by one at most, the first ones greater. Each fold is the test part once, and the
/// others are the training part, both in ascending order.
class FORJA_API KFold {
 public:
  explicit KFold(KFoldOptions options = {}) : options_(options) {}
  /// Throws InvalidArgument for an option out of range and for fewer rows than folds.
  std::vector<SplitRows> split(std::int64_t n_rows) const;

 private:
  KFoldOptions options_;
};

/// The same with each label's rows spread evenly: their numbers too differ by one at most between folds.
class FORJA_API StratifiedKFold {
 public:
  explicit StratifiedKFold(KFoldOptions options = {}) : options_(options) {}
  /// labels: one for each row. Throws InvalidArgument also for a label of fewer rows than folds.
  std::vector<SplitRows> split(std::span<const std::int32_t> labels) const;

 private:
  KFoldOptions options_;
};

/// score(rows) of each fold.
template <class Score>
requires std::invocable<const Score&, const SplitRows&> std::vector<double> cross_val_score(
    const std::vector<SplitRows>& folds, const Score& score) {
  std::vector<double> scores;
  scores.reserve(folds.size());
  for (const SplitRows& fold : folds) scores.push_back(static_cast<double>(score(fold)));
  return scores;
}

/// For each fold the model's score() of the test part (accuracy, R^2) after a copy of it was fitted to the training
/// part. x: n x d; y: n labels or targets; folds: rows of x.
template <Classifier Model>
std::vector<double> cross_val_score(const Model& model, MatrixView<const StorageType<Model>> x,
                                    std::span<const std::int32_t> y, const std::vector<SplitRows>& folds) {
  return cross_val_score(folds, [&](const SplitRows& fold) {
    Model copy = model;
    copy.fit(take_rows(x, fold.train), take_rows(y, fold.train));
    return copy.score(take_rows(x, fold.test), take_rows(y, fold.test));
  });
}
template <Regressor Model>
std::vector<double> cross_val_score(const Model& model, MatrixView<const StorageType<Model>> x,
                                    std::span<const StorageType<Model>> y, const std::vector<SplitRows>& folds) {
  return cross_val_score(folds, [&](const SplitRows& fold) {
    Model copy = model;
    copy.fit(take_rows(x, fold.train), take_rows(y, fold.train));
    return copy.score(take_rows(x, fold.test), take_rows(y, fold.test));
  });
}
/// The same of a model that needs no targets.
template <class Model>
requires(Clusterer<Model> || Transformer<Model>) std::vector<double> cross_val_score(
    const Model& model, MatrixView<const StorageType<Model>> x, const std::vector<SplitRows>& folds) {
  return cross_val_score(folds, [&](const SplitRows& fold) {
    Model copy = model;
    copy.fit(take_rows(x, fold.train));
    return copy.score(take_rows(x, fold.test));
  });
}

}  // namespace forja
