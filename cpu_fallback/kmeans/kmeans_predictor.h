#pragma once

#include <cstdint>
#include <span>

#include "compute/kmeans_compute.h"
#include "kmeans/centers.h"
#include "kmeans/nearest_centers.h"

namespace forja::cpu {

/// Predictions from k centres, centred by the centres' own columns.
template <class T>
class CpuKMeansPredictor final : public compute::KMeansPredictor<T> {
 public:
  CpuKMeansPredictor(MatrixView<const double> centers, int threads);

  void predict(const Rows<T>& x, std::span<std::int32_t> labels) override;
  void transform(const Rows<T>& x, MatrixView<T> distances) override;
  double inertia(const Rows<T>& x, std::span<const T> sample_weight) override;

 private:
  int threads_;
  Centring<T> centring_;
  Centers<T> centers_;
  NearestCenters<T> nearest_;
};

}  // namespace forja::cpu
