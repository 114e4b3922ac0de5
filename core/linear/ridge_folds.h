#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compute/linear_compute.h"
#include "forja/device.h"
#include "forja/device_matrix.h"
#include "linear/centred_gram.h"

namespace forja::core {

/// Rows to learn from and ridge regressions to judge: fold f ends before row ends[f], as LinearCompute::grams() has it.
template <class T>
struct RidgeFoldsTask {
  std::string_view call;
  const Device& device;
  const Rows<T>& x;
  MatrixView<const T> y;
  std::span<const T> weight;
  std::span<const double> alphas;
  std::span<const std::int64_t> ends;
  bool fit_intercept = true;
};

struct RidgeFolds {
  Matrix<double> scores;           ///< alphas x folds: R^2 of a fold's rows under the model of all others
  std::optional<CentredGram> all;  ///< of all rows, with their columns in use; empty where none was made
};

/// Each fold has a row of positive weight. `rows` are the task's. Throws InvalidArgument where x has values that are
/// not finite.
///
/// One Gram matrix per fold, in one read of x: the others' sum gives a fold's models, its own gives their errors. R^2
/// is as exact as sums in T allow: within some u(T) of the targets' second moments, and one part in a hundred of 1 -
/// R^2. A fold for which that does not hold (columns that depend on each other, means far from those of all rows, a
/// nearly perfect fit) or whose columns are as many as its rows gets what Ridge and its score give, at their price.
template <class T>
RidgeFolds score_ridge_folds(compute::LinearCompute<T>& rows, const RidgeFoldsTask<T>& task);

}  // namespace forja::core
