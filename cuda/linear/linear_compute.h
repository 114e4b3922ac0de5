#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "compute/backend.h"
#include "linear/linear_view.h"
#include "runtime/row_stream.h"

namespace forja::cuda {

/// Linear models over rows on a device. Passes take rows in pieces whose intermediate results stay in the L2 cache.
template <class T>
class CudaLinear final : public compute::LinearCompute<T> {
 public:
  /// Throws OutOfMemory, DeviceUnavailable.
  CudaLinear(int device, const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight);

  std::int64_t rows() const override { return view_.rows; }
  std::int64_t columns() const override { return view_.d; }
  std::int64_t targets() const override { return view_.t; }

  compute::ColumnRanges column_ranges(std::int64_t most_rows) override;
  void set_columns(std::span<const T> shift, std::span<const T> scale) override;
  std::vector<Matrix<double>> grams(std::span<const std::int64_t> ends) override;
  Matrix<double> gram_of(std::span<const std::int64_t> columns) override;
  compute::Residuals residuals(MatrixView<const double> coef, std::span<const double> offset) override;
  compute::LossGradient loss_gradient(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                                      std::span<const double> offset) override;
  Matrix<double> curvature(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                           std::span<const double> offset, std::int64_t a, std::int64_t b) override;
  compute::SingularSystem svd(bool centred) override;

 private:
  std::int64_t width() const { return 1 + view_.d + view_.t; }
  /// Sums of z z' of each part of the rows, as grams() has them, for z of m numbers, of which those of x are the
  /// `picked` columns, a list on the device, or all.
  std::vector<Matrix<double>> sum_products(const std::int64_t* picked, std::int64_t m,
                                           std::span<const std::int64_t> ends);
  /// Adds the sums of z z' of a piece; z and products have room for it.
  void add_products(const LinearView<T>& piece, const std::int64_t* picked, std::int64_t m, DeviceBuffer<T>& z,
                    DeviceBuffer<T>& products, DeviceBuffer<double>& sums);
  /// The two triangles may differ by roundings: the lower one, times the unit of weights.
  Matrix<double> symmetric(const DeviceBuffer<double>& sums, std::int64_t m) const;
  /// x' of the piece, and its products with the coefficients.
  void take_margins(const LinearView<T>& piece, const DeviceBuffer<T>& coef, std::int64_t outputs,
                    DeviceBuffer<T>& centred, DeviceBuffer<T>& margins);
  /// Calls work(some rows, the number of the first) for one piece of at most `most` rows after the other; pieces start
  /// at multiples of kGroupRows.
  void for_each_piece(std::int64_t most, const std::function<void(const LinearView<T>&, std::int64_t)>& work);
  /// Adds the ranges of one of x and y to `ranges`. each_block(work): work(numbers, their rows, the first one's
  /// number).
  template <class EachBlock>
  void add_ranges(const EachBlock& each_block, std::int64_t columns, std::int64_t step, compute::ColumnRanges& ranges);

  Context context_;
  DeviceBuffer<T> y_;
  DeviceBuffer<T> weight_;
  RowStream<T> stream_;
  DeviceBuffer<T> shift_;
  DeviceBuffer<T> scale_;
  std::vector<T> host_scale_;
  LinearView<T> view_;  // of all rows; x is null where they stream
  double weight_unit_ = 1;
};

}  // namespace forja::cuda
