#pragma once

#include <algorithm>
#include <cstdint>

#include "forja/matrix.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Asks for row i, where there is one, soon before it is read: left to itself, the machine stops at each page's end.
template <class T>
void prefetch_row(MatrixView<const T> x, std::int64_t i) {
  constexpr std::int64_t kLine = kAlignment / sizeof(T);
  if (i >= x.rows()) return;
  const T* row = x.data() + i * x.stride();
  for (std::int64_t j = 0; j < x.columns(); j += kLine) __builtin_prefetch(row + j, 0, 2);
}

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
