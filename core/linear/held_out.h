#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "estimator/host_rows.h"
#include "forja/device_matrix.h"
#include "forja/model_selection.h"

namespace forja::core {

/// Rows to learn from, and rows held out to judge by; targets and weights (or none) likewise.
template <class T>
struct HeldOut {
  Matrix<T> x_train;
  Matrix<T> x_test;
  std::vector<T> weight_train;
  std::vector<T> weight_test;
  SplitRows rows;

  /// labels: kept in proportion, or empty. Throws InvalidArgument as train_test_split does.
  HeldOut(const Rows<T>& x, std::span<const T> sample_weight, double fraction, std::span<const std::int32_t> labels,
          std::uint64_t seed)
      : rows(train_test_split(x.rows(), {.test_size = fraction, .stratify = labels, .seed = seed})) {
    const HostRows<T> host(x);
    x_train = take_rows(host.view(), rows.train);
    x_test = take_rows(host.view(), rows.test);
    if (sample_weight.empty()) return;
    weight_train = take_rows(sample_weight, rows.train);
    weight_test = take_rows(sample_weight, rows.test);
  }
};

}  // namespace forja::core
