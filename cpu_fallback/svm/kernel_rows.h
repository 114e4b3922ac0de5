#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"
#include "formulas/kernel_functions.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Rows as kernels take them: less a shift where the kernel allows it, with their squared norms, summed in the order of
/// the tile's products, so that equal rows are at distance 0.
template <class T>
class KernelRows {
 public:
  /// shift: d numbers or empty. x outlives this.
  KernelRows(MatrixView<const T> x, std::span<const T> shift, int threads);

  std::int64_t count() const { return view_.rows(); }
  std::int64_t columns() const { return view_.columns(); }
  const T* row(std::int64_t i) const { return view_.data() + i * view_.stride(); }
  T square(std::int64_t i) const { return squares_[static_cast<std::size_t>(i)]; }

 private:
  AlignedVector<T> moved_;
  MatrixView<const T> view_;
  AlignedVector<T> squares_;
};

/// Means of the columns, rounded to T.
template <class T>
std::vector<T> column_means(MatrixView<const T> x, int threads);

/// out(i, j) = K(a_i, b_j), `stride` numbers from row to row, all rows of b; rows_a: which of a.
template <class T>
void kernel_block(const formulas::KernelFunction<T>& kernel, const KernelRows<T>& a,
                  std::span<const std::int64_t> rows_a, const KernelRows<T>& b, std::span<const std::int64_t> rows_b,
                  T* out, std::int64_t stride, int threads);

/// The same for all rows of both where both are the same rows: half of the products, mirrored.
template <class T>
void kernel_square(const formulas::KernelFunction<T>& kernel, const KernelRows<T>& rows, T* out, std::int64_t stride,
                   int threads);

/// sums(i, s w + r) += sum over the v of segment s of weights(r, v) K(a_i, b_v), in double. rows_a and rows_b: which
/// of a and b; ends: of the segments of rows_b; weights: w x rows_b.
template <class T>
void kernel_sums(const formulas::KernelFunction<T>& kernel, const KernelRows<T>& a,
                 std::span<const std::int64_t> rows_a, const KernelRows<T>& b, std::span<const std::int64_t> rows_b,
                 std::span<const std::int64_t> ends, MatrixView<const double> weights, MatrixView<double> sums,
                 int threads);

/// out(i, j) = K(a_i, b_j).
template <class T>
void kernel_matrix(const formulas::KernelFunction<T>& kernel, MatrixView<const T> a, MatrixView<const T> b,
                   MatrixView<T> out, int threads);

/// 0 .. count - 1.
std::vector<std::int64_t> numbers_below(std::int64_t count);

}  // namespace forja::cpu
