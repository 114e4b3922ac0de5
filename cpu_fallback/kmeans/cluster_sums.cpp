#include "kmeans/cluster_sums.h"

#include <algorithm>
#include <bit>

namespace forja::cpu {

void ClusterSums::reset(std::int64_t k, std::int64_t d) {
  k_ = k;
  d_ = d;
  sums_.assign(static_cast<std::size_t>(k * d), 0);
  weights_.assign(static_cast<std::size_t>(k), 0);
}

namespace {

/// formulas::to_fixed for numbers below 2^51, in a form that vectors have: the low bits of value x scale + 1.5 x 2^52.
std::int64_t to_fixed_below_51_bits(double value, double scale) {
  constexpr double kShift = 0x1.8p52;
  return std::bit_cast<std::int64_t>(value * scale + kShift) - std::bit_cast<std::int64_t>(kShift);
}

}  // namespace

template <class T>
void ClusterSums::move(const T* x, double weight, std::int32_t from, std::int32_t to, const FixedPoint& fixed) {
  const double* scale = fixed.scale.data();
  const std::int64_t fixed_weight = formulas::to_fixed(weight, fixed.weight_scale);
  std::int64_t* sum = sums_.data() + to * d_;
  weights_[static_cast<std::size_t>(to)] += fixed_weight;
  if (from < 0) {
#pragma omp simd
    for (std::int64_t j = 0; j < d_; ++j) {
      sum[j] += to_fixed_below_51_bits(weight * static_cast<double>(x[j]), scale[j]);
    }
    return;
  }
  std::int64_t* other = sums_.data() + from * d_;
  weights_[static_cast<std::size_t>(from)] -= fixed_weight;
#pragma omp simd
  for (std::int64_t j = 0; j < d_; ++j) {
    const std::int64_t value = to_fixed_below_51_bits(weight * static_cast<double>(x[j]), scale[j]);
    sum[j] += value;
    other[j] -= value;
  }
}

void ClusterSums::add(const ClusterSums& other) {
  for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += other.sums_[i];
  for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] += other.weights_[i];
}

template <class T>
void ClusterSums::propose(std::int64_t cluster, const T* current, const FixedPoint& fixed, T* proposed) const {
  if (empty(cluster)) {
    std::copy_n(current, d_, proposed);
    return;
  }
  const double whole = weight(cluster, fixed);
  for (std::int64_t j = 0; j < d_; ++j) {
    const double inverse = fixed.inverse[static_cast<std::size_t>(j)];
    proposed[j] = formulas::cluster_mean<T>(formulas::from_fixed(sum(cluster)[j], inverse), whole);
  }
}

template <class T>
double ClusterSums::cost(const Centers<T>& centers, const FixedPoint& fixed) const {
  double total = 0;
  for (std::int64_t cluster = 0; cluster < k_; ++cluster) {
    const T* c = centers.row(cluster);
    double product = 0;
    double square = 0;
    for (std::int64_t j = 0; j < d_; ++j) {
      const auto value = static_cast<double>(c[j]);
      product += value * formulas::from_fixed(sum(cluster)[j], fixed.inverse[static_cast<std::size_t>(j)]);
      square += value * value;
    }
    total += weight(cluster, fixed) * square - 2 * product;
  }
  return total;
}

template <class T>
double summed_shift(const Centers<T>& a, const Centers<T>& b) {
  double total = 0;
  for (std::int64_t c = 0; c < a.count(); ++c) total += formulas::exact_distance(a.row(c), b.row(c), a.columns());
  return total;
}

#define FORJA_INSTANTIATE(T)                                                                        \
  template void ClusterSums::move(const T*, double, std::int32_t, std::int32_t, const FixedPoint&); \
  template void ClusterSums::propose(std::int64_t, const T*, const FixedPoint&, T*) const;          \
  template double ClusterSums::cost(const Centers<T>&, const FixedPoint&) const;                    \
  template double summed_shift(const Centers<T>&, const Centers<T>&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::cpu
