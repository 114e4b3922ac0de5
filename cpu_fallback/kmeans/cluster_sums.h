#pragma once

#include <cstdint>
#include <vector>

#include "kmeans/centers.h"
#include "kmeans/training_rows.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Fixed-point sums of the weighted rows of each cluster, and of their weights. Integers: the order of adding does not
/// show, and what was added can be taken away again.
class ClusterSums {
 public:
  void reset(std::int64_t k, std::int64_t d);
  std::int64_t count() const { return k_; }

  /// Adds row x' with this weight to cluster `to` and takes it from cluster `from`; from < 0: it was in none.
  template <class T>
  void move(const T* x, double weight, std::int32_t from, std::int32_t to, const FixedPoint& fixed);
  /// Adds all of `other`, of the same shape.
  void add(const ClusterSums& other);

  bool empty(std::int64_t cluster) const { return weights_[static_cast<std::size_t>(cluster)] == 0; }
  double weight(std::int64_t cluster, const FixedPoint& fixed) const {
    return formulas::from_fixed(weights_[static_cast<std::size_t>(cluster)], fixed.weight_inverse);
  }
  const std::int64_t* sum(std::int64_t cluster) const { return sums_.data() + cluster * d_; }

  /// The cluster's mean, or `current` where it has no weight.
  template <class T>
  void propose(std::int64_t cluster, const T* current, const FixedPoint& fixed, T* proposed) const;

  /// Sum over clusters of weight x ||c||^2 - 2 c . sum: the inertia less the rows' own squares.
  template <class T>
  double cost(const Centers<T>& centers, const FixedPoint& fixed) const;

 private:
  AlignedVector<std::int64_t> sums_;
  std::vector<std::int64_t> weights_;
  std::int64_t k_ = 0;
  std::int64_t d_ = 0;
};

/// Sum over centres of ||a - b||^2.
template <class T>
double summed_shift(const Centers<T>& a, const Centers<T>& b);

}  // namespace forja::cpu
