#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "forja/device.h"
#include "forja/matrix.h"

namespace forja {

namespace compute {
template <class T>
class DeviceRows;
}

/// Rows that lie on a device already: fitting several models on them uploads nothing. On the CPU it holds a copy.
/// Copies share the rows, which nobody changes. T is float or double.
template <class T>
class FORJA_API DeviceMatrix {
 public:
  /// Uploads x (n x d, row-major). NaN and infinities are refused by what cannot do with them, as those of host rows
  /// are. Throws InvalidArgument for an empty x, OutOfMemory when the device has too little room.
  explicit DeviceMatrix(MatrixView<const T> x, Device device = Device::automatic());

  std::int64_t rows() const;
  std::int64_t columns() const;
  Device device() const { return device_; }
  /// The rows, copied back to the host.
  Matrix<T> to_host() const;

  /// For forja's own parts: the rows, and which value of them is not finite, or nothing.
  const std::shared_ptr<const compute::DeviceRows<T>>& handle() const { return rows_; }
  const std::string& not_finite() const { return not_finite_; }

 private:
  Device device_;
  std::shared_ptr<const compute::DeviceRows<T>> rows_;
  std::string not_finite_;
};

extern template class DeviceMatrix<float>;
extern template class DeviceMatrix<double>;

/// What fit() and predict() take as rows: a view of host memory or rows on a device, and the type knows which. Made
/// implicitly from either; holds no copy of host rows, so it must not outlive them.
template <class T>
class Rows {
 public:
  Rows(MatrixView<const T> view) : where_(view) {}                 // NOLINT(google-explicit-constructor)
  Rows(MatrixView<T> view) : where_(MatrixView<const T>(view)) {}  // NOLINT(google-explicit-constructor)
  Rows(const Matrix<T>& matrix) : where_(matrix.view()) {}         // NOLINT(google-explicit-constructor)
  Rows(const DeviceMatrix<T>& matrix) : where_(matrix) {}          // NOLINT(google-explicit-constructor)

  std::int64_t rows() const {
    return std::visit([](const auto& x) { return x.rows(); }, where_);
  }
  std::int64_t columns() const {
    return std::visit([](const auto& x) { return x.columns(); }, where_);
  }
  /// The host view, or null when the rows lie on a device.
  const MatrixView<const T>* host() const { return std::get_if<MatrixView<const T>>(&where_); }
  /// The rows on a device, or null when they lie in host memory.
  const DeviceMatrix<T>* on_device() const { return std::get_if<DeviceMatrix<T>>(&where_); }

 private:
  std::variant<MatrixView<const T>, DeviceMatrix<T>> where_;
};

}  // namespace forja
