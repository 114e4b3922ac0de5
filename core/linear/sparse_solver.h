#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "compute/linear_compute.h"
#include "estimator/watch.h"
#include "linear/centred_gram.h"
#include "linear/coordinate_descent.h"

namespace forja::core {

/// Minimise 1 / (2 W) sum of weight (y - x w - b)^2 + alpha (l1_ratio ||w||_1 + (1 - l1_ratio) / 2 ||w||^2), where W is
/// the sum of the weights.
struct SparseTask {
  double alpha = 1;
  double l1_ratio = 1;
  std::int64_t max_iter = 1000;
  double tol = 1e-4;
};

struct SparseFit {
  std::vector<double> coef;
  double intercept = 0;
  std::int64_t n_iter = 0;
  bool converged = false;
  double dual_gap = 0;
};

/// Elastic nets over one set of rows and one target, one after the other: what the rows say of themselves is asked for
/// once, and each begins where the last one ended.
///
/// Coordinate descent runs above the seam, on X'X of a set of columns: of all that the gap does not rule out where X'X
/// is small beside x, else of those that are in use or nearest to coming into use (Massias, Gramfort and Salmon 2018).
/// A pass over the rows then measures the residuals in double: its gap is the certificate.
template <class T>
class SparseSolver {
 public:
  /// check_values as in centred_gram().
  SparseSolver(std::string_view call, compute::LinearCompute<T>& rows, bool fit_intercept,
               const std::function<void()>& check_values);

  /// Where the next one begins, in the caller's units; d numbers.
  void start_from(std::span<const double> coef);
  /// The least alpha for which every coefficient is zero. Before the first solve().
  double greatest_alpha(double l1_ratio) const;
  SparseFit solve(const SparseTask& task, const Watch& watch);

 private:
  void measure_means();
  void set_intercept_offset();
  Penalties penalties(const SparseTask& task) const;
  /// State of all columns from a pass over the rows.
  void measure();
  std::vector<std::int64_t> working_set(const Penalties& penalties, const DualityGap& gap, std::int64_t most) const;
  Matrix<double> products_of(const std::vector<std::int64_t>& columns);
  std::int64_t descend_on(const std::vector<std::int64_t>& columns, const Penalties& penalties, double most_gap,
                          std::int64_t most_sweeps);

  std::string_view call_;
  compute::LinearCompute<T>& rows_;
  std::int64_t columns_;
  bool fit_intercept_;
  ColumnUse use_;
  double weight_ = 0;
  std::vector<double> mean_;                // d + 1
  std::vector<double> square_;              // d: of the centred columns, or a bound above
  double target_square_ = 0;                // of the centred target
  std::optional<Matrix<double>> products_;  // of all centred columns
  SparseState state_;                       // of all columns
  double offset_ = 0;
  bool measured_ = false;  // whether state_ comes from a pass in double
};

}  // namespace forja::core
