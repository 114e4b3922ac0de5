#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "forja/error.h"

namespace forja {

/// A view of rows x columns numbers in host memory that somebody else owns: row-major, the rows `stride` numbers
/// apart. T is float or double, const for input. rows x columns may exceed 2^31.
template <class T>
class MatrixView {
 public:
  MatrixView() = default;

  /// Throws InvalidArgument for negative sizes, a stride below `columns`, or a null pointer to a non-empty matrix.
  MatrixView(T* data, std::int64_t rows, std::int64_t columns, std::int64_t stride)
      : data_(data), rows_(rows), columns_(columns), stride_(stride) {
    if (rows < 0 || columns < 0) {
      throw InvalidArgument("MatrixView: negative size " + std::to_string(rows) + " x " + std::to_string(columns));
    }
    if (stride < columns) {
      throw InvalidArgument("MatrixView: stride = " + std::to_string(stride) + " but a row has " +
                            std::to_string(columns) + " columns");
    }
    if (data == nullptr && rows > 0 && columns > 0) {
      throw InvalidArgument("MatrixView: null pointer to " + std::to_string(rows) + " x " + std::to_string(columns) +
                            " numbers");
    }
  }
  MatrixView(T* data, std::int64_t rows, std::int64_t columns) : MatrixView(data, rows, columns, columns) {}

  /// A view of writable numbers serves where a read-only one is asked for.
  operator MatrixView<const T>() const  // NOLINT(google-explicit-constructor)
      requires(!std::is_const_v<T>) {
    return {data_, rows_, columns_, stride_};
  }

  T* data() const { return data_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t stride() const { return stride_; }
  bool empty() const { return rows_ == 0 || columns_ == 0; }
  std::span<T> row(std::int64_t i) const { return {data_ + i * stride_, static_cast<std::size_t>(columns_)}; }
  T& operator()(std::int64_t i, std::int64_t j) const { return data_[i * stride_ + j]; }

  /// Rows first .. first + count - 1.
  MatrixView middle_rows(std::int64_t first, std::int64_t count) const {
    return {data_ + first * stride_, count, columns_, stride_};
  }

 private:
  T* data_ = nullptr;
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
  std::int64_t stride_ = 0;
};

/// An owning, dense, row-major matrix in host memory; what forja returns.
template <class T>
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::int64_t rows, std::int64_t columns, T value = T{})
      : values_(checked_size(rows, columns), value), rows_(rows), columns_(columns) {}
  /// Takes row-major values; throws InvalidArgument when their number is not rows x columns.
  Matrix(std::int64_t rows, std::int64_t columns, std::vector<T> values)
      : values_(std::move(values)), rows_(rows), columns_(columns) {
    if (values_.size() != checked_size(rows, columns)) {
      throw InvalidArgument("Matrix: " + std::to_string(values_.size()) + " values for " + std::to_string(rows) +
                            " x " + std::to_string(columns));
    }
  }
  /// A copy of what a view shows, converted to T.
  template <class U>
  explicit Matrix(MatrixView<U> view) : Matrix(view.rows(), view.columns()) {
    for (std::int64_t i = 0; i < rows_; ++i) {
      for (std::int64_t j = 0; j < columns_; ++j) (*this)(i, j) = static_cast<T>(view(i, j));
    }
  }

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  bool empty() const { return values_.empty(); }
  T* data() { return values_.data(); }
  const T* data() const { return values_.data(); }
  std::span<T> values() { return values_; }
  std::span<const T> values() const { return values_; }
  std::span<T> row(std::int64_t i) { return view().row(i); }
  std::span<const T> row(std::int64_t i) const { return view().row(i); }
  T& operator()(std::int64_t i, std::int64_t j) { return values_[static_cast<std::size_t>(i * columns_ + j)]; }
  const T& operator()(std::int64_t i, std::int64_t j) const {
    return values_[static_cast<std::size_t>(i * columns_ + j)];
  }
  MatrixView<T> view() { return {values_.data(), rows_, columns_}; }
  MatrixView<const T> view() const { return {values_.data(), rows_, columns_}; }
  operator MatrixView<const T>() const { return view(); }  // NOLINT(google-explicit-constructor)
  operator MatrixView<T>() { return view(); }              // NOLINT(google-explicit-constructor)

  friend bool operator==(const Matrix&, const Matrix&) = default;

 private:
  static std::size_t checked_size(std::int64_t rows, std::int64_t columns) {
    if (rows < 0 || columns < 0) {
      throw InvalidArgument("Matrix: negative size " + std::to_string(rows) + " x " + std::to_string(columns));
    }
    std::int64_t size = 0;
    if (__builtin_mul_overflow(rows, columns, &size)) {
      throw InvalidArgument("Matrix: " + std::to_string(rows) + " x " + std::to_string(columns) +
                            " values are more than a matrix can have");
    }
    return static_cast<std::size_t>(size);
  }

  std::vector<T> values_;
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
};

}  // namespace forja
