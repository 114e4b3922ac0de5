#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "compute/decomposition_compute.h"
#include "forja/device_matrix.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"
#include "runtime/row_stream.h"

namespace forja::cuda {

/// The rows minus their columns' means: X, and what is computed in one read of it. Rows come in parts whose size
/// depends on the shape alone, so that the same bits result where they stream. Matrices are column-major; everything is
/// enqueued on the context's stream, which outlives it.
template <class T>
class CentredRows {
 public:
  /// A part of X, dense and row-major: as a column-major matrix, its transpose.
  struct Part {
    const T* x = nullptr;
    std::int64_t first = 0;
    std::int64_t count = 0;
  };

  CentredRows(const Context& context, const Rows<T>& x, bool centred);
  /// One pass for the means, which X is without from now on. Synchronises.
  void subtract_means();

  std::int64_t rows() const { return rows_.rows(); }
  std::int64_t columns() const { return rows_.columns(); }
  const std::vector<double>& mean() const { return mean_; }

  /// Synchronises.
  double total_square();
  /// The lower triangle of X'X or XX'.
  DeviceBuffer<double> gram(compute::Side side);
  /// The transpose of the triangle of a QR decomposition of X, or of X' for Side::rows, in double. Synchronises.
  DeviceBuffer<double> triangle(compute::Side side);
  std::int64_t most_part_rows() const { return std::min(terms(compute::Side::columns), rows()); }
  /// Calls work for X's rows, part by part.
  void for_each_part(const std::function<void(const Part&)>& work);

 private:
  /// How many terms of a sum over rows, or over columns, T sums before double does.
  std::int64_t terms(compute::Side side) const;
  std::int64_t size(compute::Side side) const { return side == compute::Side::columns ? columns() : rows(); }
  /// Throws OutOfMemory where rows stream.
  const T* all_rows() const;
  /// As for_each_part, but the rows as they are.
  void for_each_block(const std::function<void(const T*, std::int64_t, std::int64_t)>& work);
  /// Calls work(first value, its mean, count) for so many rows, or columns, at a time. Throws OutOfMemory for columns
  /// of rows that stream.
  void for_each_slice(compute::Side side, const std::function<void(const T*, const double*, std::int64_t)>& work);
  std::vector<double> column_sums(bool squares);

  const Context* context_;
  RowStream<T> rows_;
  std::vector<double> mean_;
  DeviceBuffer<double> mean_on_device_;
};

/// As many blocks as `count` elements are worth.
dim3 element_blocks(const Context& context, std::int64_t count);

/// Zeros.
DeviceBuffer<double> zeros(const Context& context, std::int64_t count);

/// sum (m x columns) += part: all of it, or the lower triangle.
template <class T>
void add_to(const Context& context, DeviceBuffer<double>& sum, const DeviceBuffer<T>& part, std::int64_t m,
            std::int64_t columns, bool lower);

}  // namespace forja::cuda
