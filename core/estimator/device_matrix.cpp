#include "forja/device_matrix.h"

#include "compute/backend.h"
#include "estimator/input_checks.h"

namespace forja {

template <class T>
DeviceMatrix<T>::DeviceMatrix(MatrixView<const T> x, Device device) : device_(device) {
  core::check_rows_but_values<T>("DeviceMatrix", x, device);
  not_finite_ = core::not_finite(x, device.threads());
  rows_ = core::families<T>(device).upload(core::place(device), x);
}

template <class T>
std::int64_t DeviceMatrix<T>::rows() const {
  return rows_->rows();
}

template <class T>
std::int64_t DeviceMatrix<T>::columns() const {
  return rows_->columns();
}

template <class T>
Matrix<T> DeviceMatrix<T>::to_host() const {
  Matrix<T> copy(rows(), columns());
  rows_->download(copy.view());
  return copy;
}

template class DeviceMatrix<float>;
template class DeviceMatrix<double>;

}  // namespace forja
