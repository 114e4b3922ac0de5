#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compute/backend.h"
#include "forja/device.h"
#include "support/devices.h"
#include "support/naive_kmeans.h"

/// What the tests of the k-means seam share.
namespace forja::testing {

template <class T>
std::unique_ptr<compute::KMeansCompute<T>> make(const Device& device, MatrixView<const T> x,
                                                std::span<const T> weights = {}) {
  return device.backend().families<T>().make_kmeans({device.index(), device.threads()}, Rows<T>(x), weights);
}

/// Runs the body on every device, naming it in failures.
template <class Body>
void on_every_device(const Body& body) {
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.backend().description(device.index()));
    body(device);
  }
}

template <class T>
std::vector<T> some_weights(std::int64_t n, bool with_zeros) {
  std::vector<T> weights;
  for (std::int64_t i = 0; i < n; ++i) {
    const double u = formulas::random_uniform(77, 5, static_cast<std::uint64_t>(i));
    weights.push_back(with_zeros && i % 5 == 3 ? T(0) : static_cast<T>(0.1 + 3 * u));
  }
  return weights;
}

/// Small whole numbers: rows repeat, and most rows are as far from one centre as from another.
template <class T>
Matrix<T> lattice(std::int64_t n, std::int64_t d, int side, std::uint64_t seed) {
  Matrix<T> x(n, d);
  for (std::int64_t i = 0; i < n * d; ++i) {
    x.values()[static_cast<std::size_t>(i)] =
        static_cast<T>(formulas::random_below(seed, 3, static_cast<std::uint64_t>(i), side));
  }
  return x;
}

/// Runs both from the same centres and compares what the contract fixes to the bit. The inertia may be summed in any
/// way: its rounding is that of sums of n d squares of x' in double, whose size the rows' own squares give.
template <class T>
void expect_same_iterations(compute::KMeansCompute<T>& seam, NaiveKMeans<T>& naive, MatrixView<const double> centers,
                            int iterations) {
  seam.set_centers(centers);
  naive.set_centers(centers);
  double squares = 0;
  for (const T value : naive.rows().values()) squares += static_cast<double>(value) * static_cast<double>(value);
  for (std::int64_t i = 0; i < naive.n(); ++i) squares = std::max(squares, squares * naive.weight(i));
  const double tolerance = 1e-13 * squares * naive.square_unit();
  for (int iteration = 0; iteration < iterations; ++iteration) {
    SCOPED_TRACE("iteration " + std::to_string(iteration));
    ASSERT_EQ(seam.centers(), naive.centers());
    const compute::KMeansPass pass = seam.assign();
    const compute::KMeansPass expected = naive.assign();
    ASSERT_EQ(seam.labels(), naive.labels());
    EXPECT_EQ(pass.changed, expected.changed);
    EXPECT_EQ(pass.empty, expected.empty);
    EXPECT_NEAR(pass.inertia, expected.inertia, tolerance + 1e-12 * expected.inertia);
    EXPECT_NEAR(pass.shift, expected.shift, 1e-12 * expected.shift);
    EXPECT_NEAR(seam.inertia(), expected.inertia, 1e-12 * expected.inertia);
    seam.update();
    naive.update();
  }
}

}  // namespace forja::testing
