#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/boosting_compute.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Features that lie side by side.
struct FeatureRange {
  std::int64_t first = 0;
  std::int64_t last = 0;

  std::int64_t width() const { return last - first; }
};

/// Bins twice: by rows for histograms, which read many features of a row, and by columns for the partition of rows,
/// which reads one. Rows are cut into panels, one behind the other, so that rows of many features are read in order
/// too.
class CpuBinnedRows final : public compute::BinnedRows {
 public:
  /// x: n x d of the table's features.
  template <class T>
  CpuBinnedRows(MatrixView<const T> x, const compute::BinTable& table, int threads);

  std::int64_t rows() const override { return rows_; }
  const compute::BinTable& table() const override { return table_; }
  void download(std::int64_t first, MatrixView<std::uint8_t> out) const override;

  std::span<const FeatureRange> panels() const { return panels_; }
  /// The bins of row 0 of a panel, those of the others `stride` bytes apart. Eight bytes may be read from each.
  const std::uint8_t* panel(std::size_t p) const {
    return by_rows_.data() + static_cast<std::int64_t>(p) * rows_ * stride_;
  }
  std::int64_t stride() const { return stride_; }
  const std::uint8_t* column(std::int64_t f) const { return by_columns_.data() + f * rows_; }

 private:
  void fill_panel(std::size_t p, std::int64_t first, std::int64_t count);

  compute::BinTable table_;
  std::int64_t rows_;
  std::vector<FeatureRange> panels_;
  std::int64_t stride_;
  AlignedVector<std::uint8_t> by_rows_;
  AlignedVector<std::uint8_t> by_columns_;
};

}  // namespace forja::cpu
