#pragma once

#include <cstdint>
#include <vector>

#include "compute/decomposition_compute.h"
#include "decomposition/centred_rows.h"

namespace forja::cuda {

/// Decompositions by cuBLAS and cuSOLVER.
template <class T>
class CudaDecomposition final : public compute::DecompositionCompute<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable, as every method does.
  CudaDecomposition(int device, const Rows<T>& x, bool centred) : context_(device), x_(context_, x, centred) {}

  std::int64_t rows() const override { return x_.rows(); }
  std::int64_t columns() const override { return x_.columns(); }
  const std::vector<double>& mean() const override { return x_.mean(); }
  void centre() override { x_.subtract_means(); }
  double total_square() override { return x_.total_square(); }

  std::vector<double> gram_eigenvalues(compute::Side side) override;
  std::vector<double> singular_values(compute::Side side) override;
  Matrix<double> right_vectors(std::int64_t count) override;

  Matrix<T> left_vectors(MatrixView<const double> right) override;
  Matrix<double> gram_times(MatrixView<const double> directions) override;

  void set_block(MatrixView<const double> directions) override;
  void power_step() override;
  compute::LeadingSvd block_svd() override;

 private:
  std::int64_t size() const { return side_ == compute::Side::columns ? columns() : rows(); }
  /// The vectors of the `count` largest values, the largest first.
  template <class U>
  DeviceBuffer<U> leading_vectors(std::int64_t count);
  /// r rows of d numbers, on the device: columns of a column-major matrix.
  DeviceBuffer<double> upload_rows(MatrixView<const double> rows);
  /// d x r directions, rounded to T.
  DeviceBuffer<T> rounded(const DeviceBuffer<double>& directions, std::int64_t r);
  /// sum (d x r) = X'X v. One read of X.
  void multiply_by_gram(const DeviceBuffer<T>& v, std::int64_t r, DeviceBuffer<double>& sum);
  /// y (m x r) becomes an orthonormal basis of its columns' span.
  void orthonormalise(DeviceBuffer<double>& y, std::int64_t m, std::int64_t r);
  void orthonormalise_by_reflections(DeviceBuffer<double>& y, std::int64_t m, std::int64_t r);
  Matrix<double> download_columns(const DeviceBuffer<double>& columns, std::int64_t m, std::int64_t count);

  Context context_;
  CentredRows<T> x_;
  compute::Side side_ = compute::Side::columns;
  bool ascending_ = false;
  DeviceBuffer<double> vectors_;  ///< of that side, a column each
  DeviceBuffer<double> block_;    ///< d x r_
  std::int64_t r_ = 0;
};

}  // namespace forja::cuda
