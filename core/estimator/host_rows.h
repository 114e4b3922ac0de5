#pragma once

#include "forja/device_matrix.h"
#include "forja/matrix.h"

namespace forja::core {

/// Rows on the host, copied from the device where they lie there.
template <class T>
class HostRows {
 public:
  explicit HostRows(const Rows<T>& x) {
    if (x.on_device() != nullptr) copy_ = x.on_device()->to_host();
    view_ = x.host() != nullptr ? *x.host() : MatrixView<const T>(copy_);
  }
  HostRows(const HostRows&) = delete;
  HostRows& operator=(const HostRows&) = delete;
  MatrixView<const T> view() const { return view_; }

 private:
  Matrix<T> copy_;
  MatrixView<const T> view_;
};

}  // namespace forja::core
