#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "forja/export.h"
#include "forja/matrix.h"

/// Parts of the rows: to learn from, to judge by.
namespace forja {

/// Parameters of train_test_split.
struct SplitOptions {
  /// The test part: a share of the rows, between 0 and 1 and rounded up, or a number of rows, at least 1.
  std::variant<double, std::int64_t> test_size = 0.25;
  /// Whether the rows are put in a random order first. Without, the test part is the last rows.
  bool shuffle = true;
  /// A label of each row, read during the call: each label's share of the rows is kept in both parts, to within one
  /// row. Empty: not looked at.
  std::span<const std::int32_t> stratify = {};
  /// The only source of chance.
  std::uint64_t seed = 0;
};

/// Row numbers from 0, each in one of the two parts.
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
/// be empty, and when stratified: without shuffle, for a label of a single row, or when a part has fewer rows than
/// there are labels.
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

}  // namespace forja
