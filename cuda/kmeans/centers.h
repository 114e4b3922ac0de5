#pragma once

#include <cstdint>
#include <vector>

#include "kmeans/training_rows.h"
#include "kmeans/views.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// k centres c' on the device, with what scores need of them.
template <class T>
class Centers {
 public:
  Centers() = default;
  Centers(const Context& context, std::int64_t k, std::int64_t d)
      : values_(context, k * d), squares_(context, k), largest_norm_(context, 1), k_(k), d_(d) {}

  std::int64_t count() const { return k_; }
  CentersView<T> view() const { return {values_.data(), squares_.data(), largest_norm_.data(), k_, d_}; }
  T* values() { return values_.data(); }
  T* squares() { return squares_.data(); }
  T* largest_norm() { return largest_norm_.data(); }

  /// Uploads centres as the caller speaks of them.
  void upload(const Context& context, MatrixView<const double> centers, const Centring<T>& centring);
  Matrix<double> download(const Centring<T>& centring) const;
  /// To be called after the values have been set.
  void measure(const Context& context);

 private:
  DeviceBuffer<T> values_;
  DeviceBuffer<T> squares_;
  DeviceBuffer<T> largest_norm_;
  std::int64_t k_ = 0;
  std::int64_t d_ = 0;
};

/// Enqueues the labels of slots, and the bounds of their rows where the task keeps some.
template <class T>
void find_nearest(const Context& context, const NearestTask<T>& task);

}  // namespace forja::cuda
