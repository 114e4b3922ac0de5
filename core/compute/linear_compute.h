#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "forja/device_matrix.h"
#include "forja/matrix.h"
#include "formulas/row_loss.h"

namespace forja::compute {

/// What some rows show of each of the d columns of x and the t of y, in this order; unweighted.
struct ColumnRanges {
  std::vector<double> mean;
  std::vector<double> lowest;
  std::vector<double> highest;
};

/// What is left of the targets under given coefficients. r = y' - offset - x' coef.
struct Residuals {
  Matrix<double> gradient;          ///< t x d: sum of weight r x'
  std::vector<double> sum;          ///< t: sum of weight r
  std::vector<double> sum_squares;  ///< t: sum of weight r^2
};

/// Loss and gradient under given coefficients.
struct LossGradient {
  double loss = 0;             ///< sum of weight x loss
  Matrix<double> gradient;     ///< C x d: by the coefficients
  std::vector<double> offset;  ///< C: by the offsets
};

/// The rows' singular values and what they leave of y. Signs of a vector and of its projections are open together.
struct SingularSystem {
  double weight = 0;           ///< of all rows
  std::vector<double> mean;    ///< d + t: weighted means of x' and y'; zero where not centred
  std::vector<double> values;  ///< min(n, d), descending
  Matrix<double> vectors;      ///< min(n, d) x d: the right singular vectors; a row may be zero where its value is
  Matrix<double> projections;  ///< min(n, d) x t: of sqrt(weight) y' on the left ones
};

/// Linear models over one set of rows: the seam. Built from x (n x d), y (n x t) and weights, which stay on the device
/// until it is destroyed.
///
/// Contract, the same on every device:
/// - Columns are used as x' = (x - shift) * scale, y' likewise: a column's shift is a T, its scale a power of two.
/// - z = (1, x', y') is a row as sums take it: m = 1 + d + t numbers.
/// - Results of passes can be added up over blocks of rows (svd() apart); the driver never assumes it sees all rows.
template <class T>
class LinearCompute {
 public:
  virtual ~LinearCompute() = default;

  virtual std::int64_t rows() const = 0;
  virtual std::int64_t columns() const = 0;
  virtual std::int64_t targets() const = 0;

  /// Over all rows, or over at most `most_rows` > 0 of them, evenly spaced. Synchronises.
  virtual ColumnRanges column_ranges(std::int64_t most_rows) = 0;
  /// d + t each, x before y. At first no shift and a scale of one.
  virtual void set_columns(std::span<const T> shift, std::span<const T> scale) = 0;

  /// Sums of weight z z', m x m, of each of several parts of the rows, in one read of x: part f ends before row ends[f]
  /// and begins where the one before ends, the first at row 0. ends ascend strictly, the last is rows(). Entries of z
  /// are rounded to T after centring and scaling, and again times the root of the weight; products are summed in T over
  /// groups of at most 1024 rows, the groups' sums in double: an entry is wrong by (1024 + 6) u(T) x (sum of weight
  /// |z_i z_j|) at most, by far less as signs mix. Synchronises.
  virtual std::vector<Matrix<double>> grams(std::span<const std::int64_t> ends) = 0;
  /// The same of all rows together. Synchronises.
  Matrix<double> gram() {
    const std::int64_t all = rows();
    return std::move(grams({&all, 1}).front());
  }
  /// The same of 1, these columns of x', and y'. Synchronises.
  virtual Matrix<double> gram_of(std::span<const std::int64_t> columns) = 0;

  /// In one read of x; all in double from x and y as they are. coef: t x d; offset: t. Synchronises.
  virtual Residuals residuals(MatrixView<const double> coef, std::span<const double> offset) = 0;

  /// Of C outputs p = x' coef' + offset and the loss of a row, formulas/row_loss.h, in one read of x. coef: C x d;
  /// offset: C. Of numbers C = t and each output's target is its y'; of classes t = 1 and y' is the class, from 0 to
  /// C - 1, or to 1 where C = 1. x', coefficients, outputs and derivatives are T, summed in T over groups of at most
  /// 1024 rows, the groups' sums in double. Synchronises.
  virtual LossGradient loss_gradient(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                                     std::span<const double> offset) = 0;

  /// Sum of weight x formulas::row_curvature() x z z' of z = (1, x'), in one read of x: what gram() says of sums. loss,
  /// coef and offset as in loss_gradient; a, b: outputs. Synchronises.
  virtual Matrix<double> curvature(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                                   std::span<const double> offset, std::int64_t a, std::int64_t b) = 0;

  /// Of the rows sqrt(weight) x', less their weighted mean where `centred`: all in double, by orthogonal transforms,
  /// so that values are wrong by a small multiple of 2^-53 of the greatest. Synchronises.
  virtual SingularSystem svd(bool centred) = 0;
};

/// A fitted linear model on a device: many predictions, one upload of the coefficients.
template <class T>
class LinearPredictor {
 public:
  virtual ~LinearPredictor() = default;
  /// x coef' + intercept, summed in double. out: rows x t.
  virtual void predict(const Rows<T>& x, MatrixView<T> out) = 0;
};

}  // namespace forja::compute
