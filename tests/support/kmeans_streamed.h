#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>

#include "support/kmeans_seam.h"
#include "support/memory_limit.h"

/// Rows that do not fit on their CUDA device.
namespace forja::testing {

template <class T>
std::int64_t bytes_of(MatrixView<const T> x) {
  return x.rows() * x.columns() * static_cast<std::int64_t>(sizeof(T));
}

/// Room for the rows or for what is held beside them, not for both. From 512 rows on, blocks of 256 fit.
template <class T>
std::int64_t too_little(MatrixView<const T> x) {
  return bytes_of(x) + 25 * x.rows();
}

template <class T>
std::unique_ptr<compute::KMeansCompute<T>> make_streamed(const Device& device, MatrixView<const T> x,
                                                         std::span<const T> weights = {}) {
  const std::int64_t before = device.memory().in_use;
  const Limit limit(device, before + too_little(x));
  auto seam = make<T>(device, x, weights);
  // With a norm and two labels for each row.
  const std::int64_t kept = bytes_of(x) + x.rows() * static_cast<std::int64_t>(sizeof(T) + 8);
  EXPECT_LT(device.memory().in_use - before, kept) << "the rows have been kept";
  return seam;
}

}  // namespace forja::testing
