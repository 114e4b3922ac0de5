#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "forja/matrix.h"

namespace forja::testing {

/// A copy of some rows, so far apart that the places of the last ones do not fit in 32 bits. Memory is what the rows
/// touch: of what lies between them the system has only addresses.
template <class T>
class FarRows {
 public:
  explicit FarRows(const Matrix<T>& x)
      : rows_(x.rows()), columns_(x.columns()), stride_((std::int64_t{1} << 33) / x.rows() + 3) {
    void* at = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return;
    data_ = static_cast<T*>(at);
    for (std::int64_t i = 0; i < rows_; ++i) std::copy_n(x.row(i).data(), columns_, data_ + i * stride_);
  }
  ~FarRows() {
    if (data_ != nullptr) munmap(data_, bytes());
  }
  FarRows(const FarRows&) = delete;
  FarRows& operator=(const FarRows&) = delete;

  /// Whether the system gives so many addresses.
  bool there() const { return data_ != nullptr; }
  MatrixView<const T> view() const { return {data_, rows_, columns_, stride_}; }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(rows_ * stride_) * sizeof(T); }

  std::int64_t rows_;
  std::int64_t columns_;
  std::int64_t stride_;
  T* data_ = nullptr;
};

}  // namespace forja::testing
