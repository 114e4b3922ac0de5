#include "decomposition/decomposition_compute.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "decomposition/gram_product.h"
#include "runtime/dense_algebra.h"
#include "runtime/within_memory.h"

namespace forja::cpu {
namespace {

using compute::Side;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr const char* kWhat = "a decomposition";
constexpr auto kDouble = static_cast<std::int64_t>(sizeof(double));

std::vector<double> values_of(const VectorXd& values) { return {values.data(), values.data() + values.size()}; }

/// The first `count` columns as rows.
Matrix<double> columns_as_rows(const MatrixXd& columns, std::int64_t count) {
  Matrix<double> rows(count, columns.rows());
  for (std::int64_t i = 0; i < count; ++i) std::copy_n(columns.col(i).data(), columns.rows(), rows.row(i).data());
  return rows;
}

/// Rows as columns.
MatrixXd rows_as_columns(MatrixView<const double> rows) {
  return Eigen::Map<const RowMajor<double>, 0, Eigen::OuterStride<>>(rows.data(), rows.rows(), rows.columns(),
                                                                     Eigen::OuterStride<>(rows.stride()))
      .transpose();
}

}  // namespace

template <class T>
std::vector<double> CpuDecomposition<T>::gram_eigenvalues(Side side) {
  const std::int64_t m = side == Side::columns ? columns() : rows();
  return within_memory(kWhat, 4 * m * m * kDouble, [&] {
    gram_ = SymmetricEigen(x_.gram(side));
    side_ = side;
    return values_of(gram_->values());
  });
}

template <class T>
std::vector<double> CpuDecomposition<T>::singular_values(Side side) {
  const std::int64_t m = side == Side::columns ? columns() : rows();
  return within_memory(kWhat, 8 * m * m * kDouble, [&] {
    Svd svd = thin_svd(x_.triangle(side));
    side_ = side;
    gram_.reset();
    vectors_ = std::move(svd.v);
    return values_of(svd.values);
  });
}

template <class T>
double CpuDecomposition<T>::total_square() {
  if (!total_square_) total_square_ = x_.total_square();
  return *total_square_;
}

template <class T>
MatrixXd CpuDecomposition<T>::leading(std::int64_t count) const {
  return gram_ ? gram_->vectors(count, x_.threads()) : vectors_.leftCols(count);
}

template <class T>
Matrix<double> CpuDecomposition<T>::right_vectors(std::int64_t count) {
  return within_memory(kWhat, 2 * columns() * count * kDouble, [&] {
    if (side_ == Side::columns) return columns_as_rows(leading(count), count);
    const RowMajor<T> left = leading(count).template cast<T>();
    // Columns of length sigma: reflections leave the directions of the great ones, and give the rest some.
    return columns_as_rows(qr_factors(x_.transposed_times(left)).q, count);
  });
}

template <class T>
Matrix<T> CpuDecomposition<T>::left_vectors(MatrixView<const double> right) {
  return within_memory(kWhat, 3 * rows() * right.rows() * kDouble, [&] {
    // Reflections leave the directions of the great columns, up to the sign, and give the rest some.
    const QrFactors factors = qr_factors(x_.times(rows_as_columns(right)).template cast<double>());
    Matrix<T> left(rows(), right.rows());
    for (std::int64_t i = 0; i < left.rows(); ++i) {
      for (std::int64_t c = 0; c < left.columns(); ++c) {
        left(i, c) = static_cast<T>(factors.r(c, c) < 0 ? -factors.q(i, c) : factors.q(i, c));
      }
    }
    return left;
  });
}

template <class T>
Matrix<double> CpuDecomposition<T>::gram_times(MatrixView<const double> directions) {
  return within_memory(kWhat, (rows() + 2 * columns()) * directions.rows() * kDouble, [&] {
    return columns_as_rows(gram_product(x_, rows_as_columns(directions)), directions.rows());
  });
}

template <class T>
void CpuDecomposition<T>::set_block(MatrixView<const double> directions) {
  within_memory(kWhat, 2 * directions.rows() * directions.columns() * kDouble, [&] {
    block_ = orthonormal(rows_as_columns(directions));
    return 0;
  });
}

template <class T>
void CpuDecomposition<T>::power_step() {
  within_memory(kWhat, (rows() + 2 * columns()) * block_.cols() * kDouble, [&] {
    block_ = orthonormal(gram_product(x_, block_));
    return 0;
  });
}

// X v is made orthonormal by the eigenvalues of its Gram matrix, which double sums let reach down to the rounding of T.
// Directions turned likewise give the basis in the second read, rather than that X v be kept.
template <class T>
compute::LeadingSvd CpuDecomposition<T>::block_svd() {
  constexpr double kVanishing = 1e-13;
  return within_memory(kWhat, (rows() + 3 * columns()) * block_.cols() * kDouble, [&] {
    const ImageMoments image = image_moments(x_, block_);
    total_square_ = image.total_square;
    const auto [squares, directions] = eigensystem(image.gram);
    const double least = kVanishing * squares.maxCoeff();
    const VectorXd scale = squares.unaryExpr([least](double v) { return v > least ? 1 / std::sqrt(v) : 0.0; });
    const QrFactors projected = qr_factors(gram_product(x_, block_ * directions * scale.asDiagonal()));
    const Svd svd = thin_svd(projected.r);
    return compute::LeadingSvd{values_of(svd.values), columns_as_rows(projected.q * svd.u, svd.u.cols())};
  });
}

template class CpuDecomposition<float>;
template class CpuDecomposition<double>;

}  // namespace forja::cpu
