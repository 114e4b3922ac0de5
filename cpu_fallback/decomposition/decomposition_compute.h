#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "compute/decomposition_compute.h"
#include "decomposition/centred_rows.h"

namespace forja::cpu {

/// Decompositions on the CPU. Every value is asked for anew: the rows stay the caller's.
template <class T>
class CpuDecomposition final : public compute::DecompositionCompute<T> {
 public:
  CpuDecomposition(MatrixView<const T> x, bool centred, int threads) : x_(x, centred, threads) {}

  std::int64_t rows() const override { return x_.rows(); }
  std::int64_t columns() const override { return x_.columns(); }
  const std::vector<double>& mean() const override { return x_.mean(); }
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
  CentredRows<T> x_;
  compute::Side side_ = compute::Side::columns;
  Eigen::MatrixXd vectors_;  ///< of that side, by descending value
  Eigen::MatrixXd block_;    ///< d x r
};

}  // namespace forja::cpu
