#pragma once

#include <cstdint>

#include "compute/boosting_compute.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Bins twice: by rows for histograms, which read all features of a row, and by columns for the partition of rows,
/// which reads one.
class CpuBinnedRows final : public compute::BinnedRows {
 public:
  /// x: n x d of the table's features.
  template <class T>
  CpuBinnedRows(MatrixView<const T> x, const compute::BinTable& table, int threads);

  std::int64_t rows() const override { return rows_; }
  const compute::BinTable& table() const override { return table_; }
  void download(std::int64_t first, MatrixView<std::uint8_t> out) const override;

  /// Bytes from row to row.
  std::int64_t stride() const { return stride_; }
  /// The bins of row 0, those of the others `stride` bytes apart.
  const std::uint8_t* by_rows() const { return by_rows_.data(); }
  const std::uint8_t* column(std::int64_t f) const { return by_columns_.data() + f * rows_; }

 private:
  compute::BinTable table_;
  std::int64_t rows_;
  std::int64_t stride_;
  AlignedVector<std::uint8_t> by_rows_;
  AlignedVector<std::uint8_t> by_columns_;
};

}  // namespace forja::cpu
