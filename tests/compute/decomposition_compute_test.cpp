// The decomposition's seam on every device: what its contract says, against a textbook decomposition.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "compute/backend.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/naive_svd.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using compute::Side;

template <class T>
std::unique_ptr<compute::DecompositionCompute<T>> decompose(const Device& device, const Matrix<T>& x,
                                                            bool centred = true) {
  return device.backend().families<T>().make_decomposition({device.index(), device.threads()}, Rows<T>(x), centred);
}

/// Rounding of T in sums of some thousand terms, relative to the largest result; in double that of the reference, which
/// has turned a hundred rows some thousand times.
template <class T>
constexpr double kSums = (sizeof(T) == 4 ? 64 : 256) * static_cast<double>(std::numeric_limits<T>::epsilon());

/// ||X'X v - s^2 v|| of each row of `vectors`, relative to the largest s^2.
template <class T>
double residual(const Matrix<T>& x, bool centred, const std::vector<double>& values, const Matrix<double>& vectors) {
  const Matrix<double> a = naive_centred(x, centred);
  double worst = 0;
  for (std::int64_t c = 0; c < vectors.rows(); ++c) {
    std::vector<double> image(static_cast<std::size_t>(a.columns()));
    for (std::int64_t i = 0; i < a.rows(); ++i) {
      const double along = std::inner_product(a.row(i).begin(), a.row(i).end(), vectors.row(c).begin(), 0.0);
      for (std::size_t j = 0; j < image.size(); ++j) image[j] += along * a.row(i)[j];
    }
    const double value = values[static_cast<std::size_t>(c)];
    double error = 0;
    for (std::size_t j = 0; j < image.size(); ++j) {
      const double difference = image[j] - value * value * vectors.row(c)[j];
      error += difference * difference;
    }
    error = std::sqrt(error);
    if (!(error <= worst)) worst = error;
  }
  return values[0] > 0 ? worst / (values[0] * values[0]) : worst;
}

template <class T>
class DecompositionSeam : public ::testing::Test {
 protected:
  /// Both whole decompositions of x on every device.
  void check_whole(const Matrix<T>& x, bool centred) {
    const NaiveSvd expected = naive_svd(x, centred);
    const Side side = x.rows() < x.columns() ? Side::rows : Side::columns;
    const auto count = static_cast<std::int64_t>(expected.values.size());
    const double largest = expected.values[0];
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name() + ", " + std::to_string(x.rows()) + " x " + std::to_string(x.columns()));
      const auto seam = decompose(device, x, centred);
      EXPECT_EQ(seam->rows(), x.rows());
      EXPECT_EQ(seam->columns(), x.columns());
      for (std::size_t j = 0; j < expected.mean.size(); ++j) {
        EXPECT_NEAR(seam->mean()[j], expected.mean[j], 1e-14 * std::abs(expected.mean[j]) + 1e-300);
      }
      double total = 0;
      for (const double value : expected.values) total += value * value;
      EXPECT_NEAR(seam->total_square(), total, kSums<T> * total);

      std::vector<double> values = seam->singular_values(side);
      ASSERT_EQ(std::ssize(values), count);
      for (std::size_t i = 0; i < values.size(); ++i) {
        // The input's rounding alone: the arithmetic is double.
        EXPECT_NEAR(values[i], expected.values[i], 1e-13 * largest) << "value " << i;
      }
      const Matrix<double> by_triangle = seam->right_vectors(count);
      EXPECT_LE(orthonormality(by_triangle), 1e-12);
      EXPECT_LE(residual(x, centred, values, by_triangle), side == Side::columns ? 1e-12 : kSums<T>);

      const std::vector<double> squares = seam->gram_eigenvalues(side);
      ASSERT_EQ(std::ssize(squares), count);
      for (std::size_t i = 0; i < squares.size(); ++i) {
        EXPECT_NEAR(squares[i], expected.values[i] * expected.values[i], kSums<T> * largest * largest)
            << "square " << i;
        values[i] = std::sqrt(std::max(squares[i], 0.0));
      }
      const Matrix<double> by_gram = seam->right_vectors(count);
      EXPECT_LE(orthonormality(by_gram), 1e-12);
      EXPECT_LE(residual(x, centred, values, by_gram), kSums<T>);
      // However many are asked for, though not to the bit: products have another shape.
      EXPECT_LE(distance_from_span(by_gram.row(0), seam->right_vectors(1)), kSums<T>);
    }
  }
};
TYPED_TEST_SUITE(DecompositionSeam, StorageTypes, StorageName);

TYPED_TEST(DecompositionSeam, all_values_and_vectors_of_tall_wide_and_square_rows) {
  using T = TypeParam;
  for (const auto& [n, d] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {1, 1}, {2, 1}, {1, 3}, {5, 4}, {4, 5}, {31, 31}, {33, 32}, {32, 33}, {300, 7}, {9, 280}, {129, 130}}) {
    this->check_whole(decaying<T>(n, d, 0.8, 3), true);
  }
  this->check_whole(decaying<T>(40, 6, 0.5, 3), false);
  this->check_whole(decaying<T>(6, 40, 0.5, 3), false);
}

TYPED_TEST(DecompositionSeam, constant_rows_and_missing_ranks_give_zeros_and_no_nan) {
  using T = TypeParam;
  this->check_whole(Matrix<T>(7, 3, T(5)), true);
  this->check_whole(Matrix<T>(3, 7, T(5)), true);
  this->check_whole(decaying<T>(50, 20, 0.7, 1, 2, 4), true);
  this->check_whole(decaying<T>(20, 50, 0.7, 1, 2, 4), true);
}

TYPED_TEST(DecompositionSeam, equal_values_have_orthonormal_vectors) {
  using T = TypeParam;
  Matrix<T> units(120, 40);
  for (std::int64_t i = 0; i < 120; ++i) units(i, i % 40) = T(1);
  this->check_whole(units, false);
  for (std::int64_t i = 0; i < 120; ++i) units(i, i % 40) = T(1 + i % 3);
  this->check_whole(units, false);
  // Most of them 0, and some so close to another that only their span is certain.
  this->check_whole(decaying<T>(100, 90, 0.8, 1, 2, 20), true);
  this->check_whole(decaying<T>(70, 60, 0.9999, 0, 3), true);
}

TYPED_TEST(DecompositionSeam, more_rows_than_one_sum_of_the_storage_type) {
  using T = TypeParam;
  this->check_whole(decaying<T>(5000, 20, 0.8, 2), true);
  this->check_whole(decaying<T>(20, 5000, 0.8, 2), true);
}

TYPED_TEST(DecompositionSeam, power_steps_find_the_leading_part) {
  using T = TypeParam;
  for (const auto& [n, d] : std::vector<std::pair<std::int64_t, std::int64_t>>{{400, 30}, {30, 400}, {33, 33}}) {
    const Matrix<T> x = decaying<T>(n, d, 0.6, 10);
    const NaiveSvd expected = naive_svd(x);
    constexpr std::int64_t kBlock = 12;
    Matrix<double> directions(kBlock, d);
    for (std::int64_t i = 0; i < kBlock * d; ++i) directions.values()[static_cast<std::size_t>(i)] = normal(5, i);
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " x " + std::to_string(d));
      const auto seam = decompose(device, x);
      seam->set_block(directions.view());
      for (int step = 0; step < 4; ++step) seam->power_step();
      const compute::LeadingSvd found = seam->block_svd();
      ASSERT_EQ(std::ssize(found.singular_values), kBlock);
      EXPECT_LE(orthonormality(found.vectors), 1e-12);
      double total = 0;
      for (const double value : expected.values) total += value * value;
      EXPECT_NEAR(seam->total_square(), total, kSums<T> * total) << "where a pass has seen it already, too";
      for (std::size_t i = 0; i < 6; ++i) {
        // Directions beyond the block have a part of (0.6^6)^9 in the sixth value.
        EXPECT_NEAR(found.singular_values[i], expected.values[i], 16 * kSums<T> * expected.values[0]) << i;
        EXPECT_LE(distance_from_span(expected.vectors.row(static_cast<std::int64_t>(i)), found.vectors),
                  16 * kSums<T> * expected.values[0] / expected.values[i]);
      }
    }
  }
}

TYPED_TEST(DecompositionSeam, a_block_of_directions_that_the_rows_do_not_fill) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(60, 20, 0.7, 1, 3, 3);
  Matrix<double> directions(8, 20);
  for (std::int64_t i = 0; i < 160; ++i) directions.values()[static_cast<std::size_t>(i)] = normal(6, i);
  // Two equal directions.
  std::copy_n(directions.row(0).data(), 20, directions.row(1).data());
  const NaiveSvd expected = naive_svd(x);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto seam = decompose(device, x);
    seam->set_block(directions.view());
    seam->power_step();
    const compute::LeadingSvd found = seam->block_svd();
    EXPECT_LE(orthonormality(found.vectors), 1e-12);
    for (std::size_t i = 0; i < 8; ++i) {
      EXPECT_NEAR(found.singular_values[i], expected.values[i], 16 * kSums<T> * expected.values[0]) << i;
    }
  }
}

TYPED_TEST(DecompositionSeam, left_vectors_are_orthonormal_and_lie_along_x_times_the_right_ones) {
  using T = TypeParam;
  for (const auto& [n, d, rank] : std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>{
           {1, 1, 0}, {70, 9, 0}, {9, 70, 0}, {33, 32, 0}, {40, 12, 3}, {12, 300, 5}}) {
    const Matrix<T> x = decaying<T>(n, d, 0.6, 2, 4, rank);
    const NaiveSvd expected = naive_svd(x, false);
    const Matrix<double> a = naive_centred(x, false);
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " x " + std::to_string(d));
      const auto seam = decompose(device, x, false);
      const std::vector<double> values = seam->singular_values(n < d ? Side::rows : Side::columns);
      const Matrix<double> right = seam->right_vectors(std::min(n, d));
      const Matrix<T> left = seam->left_vectors(right.view());
      ASSERT_EQ(left.rows(), n);
      ASSERT_EQ(left.columns(), right.rows());
      Matrix<double> turned(left.columns(), n);
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t c = 0; c < turned.rows(); ++c) turned(c, i) = static_cast<double>(left(i, c));
      }
      EXPECT_LE(orthonormality(turned), 8 * kSums<T>);
      for (std::int64_t c = 0; c < right.rows(); ++c) {
        for (std::int64_t i = 0; i < n; ++i) {
          const double image = std::inner_product(a.row(i).begin(), a.row(i).end(), right.row(c).begin(), 0.0);
          EXPECT_NEAR(image, values[static_cast<std::size_t>(c)] * turned(c, i), kSums<T> * values[0]);
        }
      }
    }
  }
}

TYPED_TEST(DecompositionSeam, the_gram_matrix_times_directions) {
  using T = TypeParam;
  for (const auto& [n, d, r] : std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>{
           {1, 1, 1}, {300, 7, 3}, {9, 280, 6}, {33, 32, 40}, {700, 70, 35}}) {
    const Matrix<T> x = decaying<T>(n, d, 0.8, 3, 1, std::min<std::int64_t>({n, d, 9}));
    const Matrix<double> a = naive_centred(x, true);
    Matrix<double> directions(r, d);
    for (std::int64_t i = 0; i < r * d; ++i) directions.values()[static_cast<std::size_t>(i)] = normal(9, i);
    Matrix<double> expected(r, d);
    double scale = 0;
    for (std::int64_t c = 0; c < r; ++c) {
      for (std::int64_t i = 0; i < n; ++i) {
        const double along = std::inner_product(a.row(i).begin(), a.row(i).end(), directions.row(c).begin(), 0.0);
        for (std::int64_t j = 0; j < d; ++j) expected(c, j) += along * a(i, j);
        scale += along * along;
      }
    }
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " x " + std::to_string(d));
      const Matrix<double> found = decompose(device, x)->gram_times(directions.view());
      ASSERT_EQ(found.rows(), r);
      ASSERT_EQ(found.columns(), d);
      for (std::size_t i = 0; i < found.values().size(); ++i) {
        EXPECT_NEAR(found.values()[i], expected.values()[i], kSums<T> * scale);
      }
    }
  }
}

TYPED_TEST(DecompositionSeam, a_map_shifts_multiplies_and_offsets) {
  using T = TypeParam;
  for (const std::int64_t n : {1, 31, 257}) {
    const Matrix<T> x = decaying<T>(n, 33, 1, 100);
    Matrix<double> w(33, 5);
    for (std::int64_t i = 0; i < 165; ++i) w.values()[static_cast<std::size_t>(i)] = normal(7, i);
    const std::vector<double> shift(33, 100.0);
    const std::vector<double> offset = {0, 1, 2, 3, 4};
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      const auto map =
          device.backend().families<T>().make_affine_map({device.index(), device.threads()}, shift, w.view(), offset);
      Matrix<T> wider(n, 7, T(-1));
      const MatrixView<T> y(wider.data(), n, 5, 7);
      map->apply(Rows<T>(x), y);
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t c = 0; c < 5; ++c) {
          double sum = offset[static_cast<std::size_t>(c)];
          for (std::int64_t j = 0; j < 33; ++j) sum += (static_cast<double>(x(i, j)) - 100) * w(j, c);
          EXPECT_NEAR(static_cast<double>(y(i, c)), sum, kSums<T> * 4);
        }
        EXPECT_EQ(wider(i, 5), T(-1));
      }
    }
  }
}

TYPED_TEST(DecompositionSeam, a_sparse_map_is_the_product_with_its_dense_matrix) {
  using T = TypeParam;
  // Tiles are of 16 rows, or of 32 rows and 32 columns; a row of W without entries, and one with an entry each.
  for (const auto& [n, d, k] :
       {std::tuple{1, 5, 1}, std::tuple{31, 33, 32}, std::tuple{33, 64, 33}, std::tuple{70, 31, 65}}) {
    const Matrix<T> x = decaying<T>(n, d, 0.9, 1);
    Matrix<T> apart(n, d + 3, T(-5));
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(x.row(i).data(), d, apart.row(i).data());
    compute::SparseRows<T> w{.width = d};
    for (std::int64_t c = 0; c < k; ++c) {
      for (std::int64_t j = 0; j < d; ++j) {
        if (c == 1 || (c != 2 && (3 * c + 5 * j) % 7 > 0)) continue;
        w.columns.push_back(static_cast<std::int32_t>(j));
        w.values.push_back(static_cast<T>(static_cast<double>((c + j) % 5) - 2.5));
      }
      w.starts.push_back(std::ssize(w.values));
    }
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      const auto map = device.backend().families<T>().make_sparse_map({device.index(), device.threads()}, w);
      Matrix<T> wider(n, k + 2, T(-1));
      map->apply(Rows<T>(MatrixView<const T>(apart.data(), n, d, d + 3)), MatrixView<T>(wider.data(), n, k, k + 2));
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t c = 0; c < k; ++c) {
          double sum = 0;
          for (auto e = w.starts[static_cast<std::size_t>(c)]; e < w.starts[static_cast<std::size_t>(c) + 1]; ++e) {
            const auto at = static_cast<std::size_t>(e);
            sum += static_cast<double>(x(i, w.columns[at])) * static_cast<double>(w.values[at]);
          }
          // Up to 64 products of some units, each rounded once.
          EXPECT_NEAR(static_cast<double>(wider(i, c)), sum, 64 * 8 * std::numeric_limits<T>::epsilon());
        }
        EXPECT_EQ(wider(i, k), T(-1));
      }
    }
  }
}

TYPED_TEST(DecompositionSeam, rows_on_a_device_and_rows_apart_give_the_same_bits) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(70, 9, 0.9, 1);
  Matrix<T> apart(70, 12, T(-5));
  for (std::int64_t i = 0; i < 70; ++i) std::copy_n(x.row(i).data(), 9, apart.row(i).data());
  const MatrixView<const T> view(apart.data(), 70, 9, 12);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto expected = decompose(device, x)->gram_eigenvalues(Side::columns);
    const DeviceMatrix<T> there(x, device);
    const auto& families = device.backend().families<T>();
    const compute::Place place{device.index(), device.threads()};
    EXPECT_EQ(families.make_decomposition(place, Rows<T>(there), true)->gram_eigenvalues(Side::columns), expected);
    EXPECT_EQ(families.make_decomposition(place, Rows<T>(view), true)->gram_eigenvalues(Side::columns), expected);
  }
}

TYPED_TEST(DecompositionSeam, the_number_of_threads_changes_no_bit) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(3000, 40, 0.9, 1);
  Matrix<double> directions(5, 40);
  for (std::int64_t i = 0; i < 200; ++i) directions.values()[static_cast<std::size_t>(i)] = normal(8, i);
  const auto run = [&](int threads) {
    const auto seam = decompose(Device::cpu(threads), x);
    std::vector<double> seen = seam->gram_eigenvalues(Side::columns);
    for (const double value : seam->singular_values(Side::columns)) seen.push_back(value);
    seam->set_block(directions.view());
    seam->power_step();
    for (const double value : seam->block_svd().singular_values) seen.push_back(value);
    seen.push_back(seam->total_square());
    return seen;
  };
  const std::vector<double> expected = run(1);
  EXPECT_EQ(run(2), expected);
  EXPECT_EQ(run(5), expected);
}

TYPED_TEST(DecompositionSeam, rows_centred_afterwards_are_those_centred_from_the_start) {
  using T = TypeParam;
  const Matrix<T> x = decaying<T>(300, 7, 0.8, 3);
  Matrix<double> directions(2, 7);
  for (std::int64_t i = 0; i < 14; ++i) directions.values()[static_cast<std::size_t>(i)] = normal(9, i);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto expected = decompose(device, x);
    const auto seam = decompose(device, x, false);
    EXPECT_GT(seam->total_square(), 2 * expected->total_square()) << "a mean of 3";
    for (int times = 0; times < 2; ++times) {
      seam->centre();
      EXPECT_EQ(seam->mean(), expected->mean());
      EXPECT_EQ(seam->total_square(), expected->total_square());
      EXPECT_EQ(seam->gram_times(directions.view()), expected->gram_times(directions.view()));
    }
  }
}

// More than a thousand columns, or rows: threads share the sums of a Gram matrix.
TYPED_TEST(DecompositionSeam, great_gram_matrices_have_the_values_of_small_ones_for_any_number_of_threads) {
  using T = TypeParam;
  const Matrix<T> wide = decaying<T>(170, 1100, 0.8, 2, 6, 5);
  Matrix<T> tall(1100, 170);
  for (std::int64_t i = 0; i < 170; ++i) {
    for (std::int64_t j = 0; j < 1100; ++j) tall(j, i) = wide(i, j);
  }
  for (const auto& [x, great, small] : std::vector<std::tuple<const Matrix<T>*, Side, Side>>{
           {&wide, Side::columns, Side::rows}, {&tall, Side::rows, Side::columns}}) {
    const std::vector<double> expected = decompose(Device::cpu(), *x)->gram_eigenvalues(small);
    const std::vector<double> found = decompose(Device::cpu(1), *x)->gram_eigenvalues(great);
    EXPECT_EQ(decompose(Device::cpu(3), *x)->gram_eigenvalues(great), found);
    ASSERT_EQ(found.size(), 1100U);
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], i < 170 ? expected[i] : 0, kSums<T> * expected[0]) << i;
    }
  }
}

}  // namespace
}  // namespace forja::testing
