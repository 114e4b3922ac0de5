#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "compute/backend.h"
#include "runtime/aligned.h"
#include "runtime/threads.h"

namespace forja::cpu {

/// Bytes held by the DeviceRows that are alive.
inline std::atomic<std::int64_t>& bytes_in_use() {
  static std::atomic<std::int64_t> bytes{0};
  return bytes;
}

/// A copy of the rows in memory, every row on a cache line of its own when that costs little.
template <class T>
class CpuRows : public compute::DeviceRows<T> {
 public:
  CpuRows(MatrixView<const T> x, int threads)
      : rows_(x.rows()), columns_(x.columns()), stride_(stride_for(x.columns())) {
    values_.resize(static_cast<std::size_t>(rows_ * stride_));
    bytes_in_use() += bytes();
    const Chunks chunks{rows_, 4096};
    for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
      for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
        T* row = values_.data() + i * stride_;
        std::copy_n(x.data() + i * x.stride(), columns_, row);
        std::fill(row + columns_, row + stride_, T(0));
      }
    });
  }
  ~CpuRows() override { bytes_in_use() -= bytes(); }
  CpuRows(const CpuRows&) = delete;
  CpuRows& operator=(const CpuRows&) = delete;

  std::int64_t rows() const override { return rows_; }
  std::int64_t columns() const override { return columns_; }
  void download(MatrixView<T> out) const override {
    for (std::int64_t i = 0; i < rows_; ++i) {
      std::copy_n(values_.data() + i * stride_, columns_, out.data() + i * out.stride());
    }
  }
  MatrixView<const T> view() const { return {values_.data(), rows_, columns_, stride_}; }

 private:
  static std::int64_t stride_for(std::int64_t columns) {
    constexpr std::int64_t kLine = kAlignment / sizeof(T);
    const std::int64_t padded = (columns + kLine - 1) / kLine * kLine;
    return padded * 16 <= columns * 17 ? padded : columns;
  }
  std::int64_t bytes() const { return rows_ * stride_ * static_cast<std::int64_t>(sizeof(T)); }

  AlignedVector<T> values_;
  std::int64_t rows_;
  std::int64_t columns_;
  std::int64_t stride_;
};

/// The host view of rows, wherever this backend has them.
template <class T>
MatrixView<const T> host_view(const Rows<T>& x) {
  if (const MatrixView<const T>* view = x.host()) return *view;
  return static_cast<const CpuRows<T>&>(*x.on_device()->handle()).view();
}

}  // namespace forja::cpu
