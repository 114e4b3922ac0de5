#pragma once

#include <algorithm>
#include <cstdint>

#include "compute/prefetch_row.h"
#include "forja/matrix.h"
#include "runtime/aligned.h"

namespace forja::cpu {

using compute::prefetch_row;

/// Rows that are wanted next, asked for a line of the cache at a time, so that memory works while sums do.
template <class T>
class RowsAhead {
 public:
  static constexpr std::int64_t kLine = kAlignment / sizeof(T);

  RowsAhead() = default;
  /// Of `rows`, those from `first` on, `count` at most.
  RowsAhead(MatrixView<const T> rows, std::int64_t first, std::int64_t count)
      : row_(rows.data() + std::min(first, rows.rows()) * rows.stride()),
        left_(std::min(count, rows.rows() - first)),
        d_(rows.columns()),
        stride_(rows.stride()) {}

  void fetch() {
    if (left_ <= 0) return;
    __builtin_prefetch(row_ + column_, 0, 2);
    column_ += kLine;
    if (column_ < d_) return;
    column_ = 0;
    row_ += stride_;
    --left_;
  }

 private:
  const T* row_ = nullptr;
  std::int64_t left_ = 0;
  std::int64_t column_ = 0;
  std::int64_t d_ = 0;
  std::int64_t stride_ = 0;
};

}  // namespace forja::cpu
