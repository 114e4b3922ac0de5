#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/device_matrix.h"
#include "forja/matrix.h"

namespace forja::compute {

/// Which of the two small spaces of n x d rows a decomposition works in.
enum class Side {
  columns,  ///< d x d: X'X
  rows,     ///< n x n: XX', for fewer rows than columns
};

/// Singular values, descending, and a right singular vector per row.
struct LeadingSvd {
  std::vector<double> singular_values;
  Matrix<double> vectors;
};

/// The singular value decomposition of one set of rows: the seam. Built from the rows (n x d), which stay on the device
/// until it is destroyed or stream through it. X stands for them minus their columns' means where `centred` was asked
/// for, or centre() called.
///
/// Contract, the same on every device:
/// - Means are double sums. A value is centred in double and rounded to T; products of T are T over some thousand rows
///   and double beyond; all small problems are double.
/// - Vectors are orthonormal, those of vanishing singular values too; their signs are not fixed.
/// - Side::rows needs all rows on the device: OutOfMemory where they do not fit.
template <class T>
class DecompositionCompute {
 public:
  virtual ~DecompositionCompute() = default;

  virtual std::int64_t rows() const = 0;
  virtual std::int64_t columns() const = 0;
  /// Computed when built, or by centre(); zeros where not centred.
  virtual const std::vector<double>& mean() const = 0;
  /// From now on X is centred. Values and a block found before are not asked for again. One pass. Synchronises.
  virtual void centre() = 0;
  /// Sum of the squares of X. One pass, or none where another has seen them. Synchronises.
  virtual double total_square() = 0;

  /// All eigenvalues of the Gram matrix of a side, descending; rounding may leave some below 0. One pass. Synchronises.
  virtual std::vector<double> gram_eigenvalues(Side side) = 0;
  /// All singular values, descending, by a QR decomposition of X or X' in double. One pass. Synchronises.
  virtual std::vector<double> singular_values(Side side) = 0;
  /// The right singular vectors of the `count` largest values of the last of these two calls, count x d: 1 <= count <=
  /// as many as there were. A pass for Side::rows. Synchronises.
  virtual Matrix<double> right_vectors(std::int64_t count) = 0;

  /// Left singular vectors for right ones (k x d, orthonormal, by descending value, k <= min(n, d)): n x k, orthonormal
  /// to T's rounding, each in the direction of X times its right one where that is not lost in rounding. One read of X.
  /// Synchronises.
  virtual Matrix<T> left_vectors(MatrixView<const double> right) = 0;
  /// X'X times r directions (r x d): r x d. One read of X. Synchronises.
  virtual Matrix<double> gram_times(MatrixView<const double> directions) = 0;

  /// r directions in the columns' space (r x d, 1 <= r <= min(n, d)), which become the block: an orthonormal basis.
  virtual void set_block(MatrixView<const double> directions) = 0;
  /// The block becomes an orthonormal basis of X'X times the block. One read of X. Synchronises.
  virtual void power_step() = 0;
  /// The decomposition of Q Q'X, Q an orthonormal basis of X times the block: r values and vectors. One read of X.
  /// Synchronises.
  virtual LeadingSvd block_svd() = 0;
};

/// A matrix with few entries that are not 0, by rows: row c has values[e] in column columns[e], ascending, for
/// starts[c] <= e < starts[c + 1].
template <class T>
struct SparseRows {
  std::int64_t width = 0;  ///< columns of the matrix
  std::vector<std::int64_t> starts = {0};
  std::vector<std::int32_t> columns = {};
  std::vector<T> values = {};

  std::int64_t rows() const { return static_cast<std::int64_t>(starts.size()) - 1; }
};

/// y = (x - shift) W + offset on a device: transforms and their inverses, one upload of the model for many rows.
template <class T>
class AffineMap {
 public:
  virtual ~AffineMap() = default;
  /// x: rows of as many columns as W has rows; y: as many rows of W's columns.
  virtual void apply(const Rows<T>& x, MatrixView<T> y) = 0;
};

}  // namespace forja::compute
