#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/kmeans_centring.h"
#include "compute/kmeans_compute.h"
#include "forja/matrix.h"
#include "formulas/fixed_point.h"
#include "formulas/kmeans_formulas.h"
#include "runtime/aligned.h"
#include "runtime/rows_ahead.h"

namespace forja::cpu {

using compute::Centring;

/// The powers of two by which weighted entries and weights become integers, and back.
struct FixedPoint {
  AlignedVector<double> scale;
  AlignedVector<double> inverse;
  double weight_scale = 1;
  double weight_inverse = 1;
};

/// What one pass over the columns finds.
template <class T>
struct ColumnSummary {
  compute::ColumnMoments moments;
  std::vector<T> lowest;
  std::vector<T> highest;
};

template <class T>
ColumnSummary<T> summarise_columns(MatrixView<const T> x, int threads);

/// The caller's rows and all that is known of them for good.
template <class T>
class TrainingRows {
 public:
  TrainingRows(MatrixView<const T> x, std::span<const T> sample_weight, int threads);

  std::int64_t rows() const { return x_.rows(); }
  std::int64_t columns() const { return x_.columns(); }
  int threads() const { return threads_; }
  const T* row(std::int64_t i) const { return x_.data() + i * x_.stride(); }
  void prefetch(std::int64_t i) const { prefetch_row(x_, i); }
  double weight(std::int64_t i) const {
    return weight_.empty() ? 1.0 : static_cast<double>(weight_[static_cast<std::size_t>(i)]);
  }

  const compute::ColumnMoments& moments() const { return moments_; }
  const Centring<T>& centring() const { return centring_; }
  const FixedPoint& fixed_point() const { return fixed_point_; }

 private:
  void set_centring(const ColumnSummary<T>& summary);

  MatrixView<const T> x_;
  std::span<const T> weight_;
  int threads_;
  compute::ColumnMoments moments_;
  Centring<T> centring_;
  FixedPoint fixed_point_;
};

}  // namespace forja::cpu
