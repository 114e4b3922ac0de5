#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <vector>

#include "compute/decomposition_compute.h"
#include "decomposition/centred_rows.h"
#include "runtime/symmetric_eigen.h"

namespace forja::cpu {

/// Decompositions on the CPU. Every value is asked for anew: the rows stay the caller's.
template <class T>
class CpuDecomposition final : public compute::DecompositionCompute<T> {
 public:
  CpuDecomposition(MatrixView<const T> x, bool centred, int threads) : x_(x, centred, threads) {}

  std::int64_t rows() const override { return x_.rows(); }
  std::int64_t columns() const override { return x_.columns(); }
  const std::vector<double>& mean() const override { return x_.mean(); }
  void centre() override {
    x_.subtract_means();
    total_square_.reset();
  }
  double total_square() override;

  std::vector<double> gram_eigenvalues(compute::Side side) override;
  std::vector<double> singular_values(compute::Side side) override;
  Matrix<double> right_vectors(std::int64_t count) override;

  Matrix<T> left_vectors(MatrixView<const double> right) override;
  Matrix<double> gram_times(MatrixView<const double> directions) override;

  void set_block(MatrixView<const double> directions) override;
  void power_step() override;
  compute::LeadingSvd block_svd() override;

 private:
  /// Eigenvectors of that side's Gram matrix, a column each.
  Eigen::MatrixXd leading(std::int64_t count) const;

  CentredRows<T> x_;
  compute::Side side_ = compute::Side::columns;
  std::optional<SymmetricEigen> gram_;  ///< of that side, where the last values are its
  Eigen::MatrixXd vectors_;             ///< else these, by descending value
  Eigen::MatrixXd block_;               ///< d x r
  std::optional<double> total_square_;  ///< where a pass has seen it
};

}  // namespace forja::cpu
