#pragma once

#include <cstdint>
#include <span>

#include "compute/linear_compute.h"
#include "linear/loss_gradient.h"
#include "linear/training_data.h"

namespace forja::cpu {

template <class T>
class CpuLinear final : public compute::LinearCompute<T> {
 public:
  CpuLinear(MatrixView<const T> x, MatrixView<const T> y, std::span<const T> sample_weight, int threads)
      : data_(x, y, sample_weight), threads_(threads) {}

  std::int64_t rows() const override { return data_.rows(); }
  std::int64_t columns() const override { return data_.columns(); }
  std::int64_t targets() const override { return data_.targets(); }

  compute::ColumnRanges column_ranges(std::int64_t most_rows) override;
  void set_columns(std::span<const T> shift, std::span<const T> scale) override { data_.use(shift, scale); }
  std::vector<Matrix<double>> grams(std::span<const std::int64_t> ends) override;
  Matrix<double> gram_of(std::span<const std::int64_t> columns) override;
  compute::Residuals residuals(MatrixView<const double> coef, std::span<const double> offset) override;
  compute::LossGradient loss_gradient(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                                      std::span<const double> offset) override {
    return cpu::loss_gradient(data_, loss, coef, offset, threads_);
  }
  Matrix<double> curvature(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                           std::span<const double> offset, std::int64_t a, std::int64_t b) override;
  compute::SingularSystem svd(bool centred) override;

 private:
  Matrix<double> in_units(Matrix<double> sums) const;

  TrainingData<T> data_;
  int threads_;
};

}  // namespace forja::cpu
