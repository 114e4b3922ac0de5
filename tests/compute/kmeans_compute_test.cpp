#include "compute/kmeans_compute.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/kmeans_data.h"
#include "support/kmeans_everything.h"
#include "support/kmeans_reference.h"
#include "support/kmeans_seam.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

template <class T>
class KMeansSeam : public ::testing::Test {};
TYPED_TEST_SUITE(KMeansSeam, StorageTypes, StorageName);

std::vector<Device> with_threads(const Device& device) {
  std::vector<Device> devices;
  if (device.is_cuda()) return {device};
  for (const int threads : {1, 2, 4}) devices.emplace_back(device.backend(), device.index(), threads);
  return devices;
}

template <class T>
void expect_same_as_naive(const Device& device, MatrixView<const T> x, std::int64_t k, int iterations = 4,
                          std::span<const T> weights = {}) {
  NaiveKMeans<T> naive(x, weights);
  const Matrix<double> centers(x.middle_rows(0, k));
  for (const bool bounds : {false, true}) {
    SCOPED_TRACE(bounds ? "with bounds" : "without bounds");
    const auto seam = make<T>(device, x, weights);
    seam->use_bounds(bounds);
    expect_same_iterations(*seam, naive, centers, iterations);
  }
}

TYPED_TEST(KMeansSeam, labels_and_centers_are_those_of_exact_arithmetic_for_every_size) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const std::array<std::int64_t, 9> rows{1, 2, 31, 32, 33, 255, 256, 257, 600};
    const std::array<std::int64_t, 7> columns{1, 2, 3, 15, 16, 17, 33};
    const std::array<std::int64_t, 8> clusters{1, 2, 5, 16, 31, 32, 33, 70};
    // Every two sizes meet, not every three: for each n and d a quarter of the k, another one for the next n or d.
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < columns.size(); ++j) {
        const std::int64_t n = rows[i];
        const std::int64_t d = columns[j];
        const Matrix<T> x = blobs<T>(n, d, 7, 4.0, static_cast<std::uint64_t>(n * 100 + d));
        for (std::size_t turn = 0; turn < clusters.size(); turn += 4) {
          const std::int64_t k = clusters[(i + j + turn) % clusters.size()];
          if (k > n) continue;
          SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(d) + ", k = " + std::to_string(k));
          expect_same_as_naive<T>(device, x, k, 2);
          if (::testing::Test::HasFailure()) return;
        }
      }
    }
  });
}

TYPED_TEST(KMeansSeam, wide_rows_and_many_centers_are_labelled_exactly) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    expect_same_as_naive<T>(device, blobs<T>(200, 784, 10, 1.0, 3), 10);
    expect_same_as_naive<T>(device, blobs<T>(150, 257, 10, 0.2, 4), 130, 3);
    expect_same_as_naive<T>(device, blobs<T>(700, 20, 1, 0.0, 5), 300, 3);
  });
}

TYPED_TEST(KMeansSeam, bounds_change_nothing_over_a_long_run) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    expect_same_as_naive<T>(device, blobs<T>(1200, 8, 20, 10.0, 8), 40, 20);
    expect_same_as_naive<T>(device, blobs<T>(900, 3, 1, 0.0, 9), 70, 20);
    expect_same_as_naive<T>(device, lattice<T>(900, 2, 40, 10), 50, 20);
  });
}

TYPED_TEST(KMeansSeam, ties_go_to_the_lowest_center) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    expect_same_as_naive<T>(device, lattice<T>(500, 2, 4, 1), 64, 4);
    expect_same_as_naive<T>(device, lattice<T>(500, 5, 2, 2), 100, 4);
    expect_same_as_naive<T>(device, lattice<T>(500, 1, 9, 3), 40, 4);
    expect_same_as_naive<T>(device, Matrix<T>(100, 3, T(2.5)), 40, 3);
  });
}

TYPED_TEST(KMeansSeam, weights_count_and_rows_of_no_weight_do_not) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(700, 6, 9, 5.0, 21);
    expect_same_as_naive<T>(device, x, 12, 6, some_weights<T>(700, false));
    expect_same_as_naive<T>(device, x, 12, 6, some_weights<T>(700, true));
    std::vector<T> mostly_nothing(700, T(0));
    mostly_nothing[5] = T(2);
    mostly_nothing[600] = T(3);
    expect_same_as_naive<T>(device, x, 12, 3, mostly_nothing);
  });
}

TYPED_TEST(KMeansSeam, large_means_extreme_units_and_constant_columns_cost_no_digits) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const double unit : {1.0, 1e-30, 1e30}) {
      for (const double mean : {0.0, 1e6}) {
        SCOPED_TRACE(std::to_string(unit) + " x, mean " + std::to_string(mean));
        Matrix<T> x = blobs<T>(400, 5, 4, 6.0, 31);
        for (T& value : x.values()) value = static_cast<T>((static_cast<double>(value) + mean) * unit);
        for (std::int64_t i = 0; i < x.rows(); ++i) x(i, 3) = static_cast<T>(7.3 * unit);
        expect_same_as_naive<T>(device, x, 9, 5);
      }
    }
  });
}

TYPED_TEST(KMeansSeam, rows_of_nothing_but_denormal_numbers_are_told_apart) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> whole = lattice<T>(300, 2, 12, 45);
    Matrix<T> x = whole;
    for (T& value : x.values()) value *= std::numeric_limits<T>::denorm_min();
    expect_same_as_naive<T>(device, x, 6);
    const auto labels = [&](const Matrix<T>& rows) {
      const auto seam = make<T>(device, rows);
      seam->set_centers(Matrix<double>(rows.view().middle_rows(0, 6)));
      seam->assign();
      return seam->labels();
    };
    EXPECT_EQ(labels(x), labels(whole));
  });
}

TYPED_TEST(KMeansSeam, one_far_row_does_not_blur_the_others) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const double far : {1e3, 1e6}) {
      Matrix<T> x = blobs<T>(500, 4, 6, 8.0, 41);
      for (std::int64_t j = 0; j < 4; ++j) x(3, j) = static_cast<T>(far);
      expect_same_as_naive<T>(device, x, 12, 5);
    }
  });
}

TYPED_TEST(KMeansSeam, rows_may_lie_apart) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    Matrix<T> wide = blobs<T>(300, 11, 4, 6.0, 51);
    const MatrixView<const T> view(wide.data() + 2, 300, 7, 11);
    for (std::int64_t i = 0; i < 300; ++i) wide(i, 10) = std::numeric_limits<T>::quiet_NaN();
    expect_same_as_naive<T>(device, view, 8);
  });
}

TYPED_TEST(KMeansSeam, rows_on_the_device_serve_like_rows_of_the_host) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(300, 7, 4, 6.0, 52);
    const compute::Place place{device.index(), device.threads()};
    const DeviceMatrix<T> held(x.view(), device);
    EXPECT_EQ(held.rows(), 300);
    EXPECT_EQ(held.columns(), 7);
    EXPECT_EQ(held.to_host(), x);
    EXPECT_GT(device.memory().in_use, 300 * 7 * static_cast<std::int64_t>(sizeof(T)) - 1);
    const auto seam = device.backend().families<T>().make_kmeans(place, Rows<T>(held), {});
    NaiveKMeans<T> naive(x.view());
    expect_same_iterations(*seam, naive, Matrix<double>(x.view().middle_rows(0, 6)).view(), 3);
  });
}

TYPED_TEST(KMeansSeam, any_number_of_threads_gives_the_same_bits) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    // Many chunks for threads to share; for a GPU several blocks, the last one short.
    const std::int64_t n = device.is_cuda() ? 1003 : 5003;
    const Matrix<T> x = blobs<T>(n, 9, 12, 3.0, 61);
    const std::vector<T> weights = some_weights<T>(n, true);
    for (const std::span<const T> used : {std::span<const T>(), std::span<const T>(weights)}) {
      std::vector<std::vector<double>> seen;
      for (const Device& place : with_threads(device)) {
        for (const bool bounds : {false, true}) {
          const auto seam = make<T>(place, x, used);
          seam->use_bounds(bounds);
          seen.push_back(everything(*seam, 20));
        }
      }
      for (std::size_t run = 1; run < seen.size(); ++run) {
        ASSERT_EQ(seen[run].size(), seen[0].size());
        for (std::size_t i = 0; i < seen[0].size(); ++i) {
          ASSERT_EQ(seen[run][i], seen[0][i]) << "run " << run << ", number " << i;
        }
      }
    }
  });
}

TYPED_TEST(KMeansSeam, passes_over_two_blocks_of_rows_add_up) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(800, 4, 6, 5.0, 71);
    const Matrix<double> centers(x.view().middle_rows(0, 6));
    const auto inertia_of_rows = [&](std::int64_t first, std::int64_t count) {
      const MatrixView<const T> block = x.view().middle_rows(first, count);
      const auto seam = make<T>(device, block);
      seam->set_centers(centers);
      const compute::KMeansPass pass = seam->assign();
      return std::pair(pass.inertia, pass.changed);
    };
    const auto whole = inertia_of_rows(0, 800);
    const auto one = inertia_of_rows(0, 300);
    const auto other = inertia_of_rows(300, 500);
    // Each block is centred by its own means, so its rows and centres are rounded to T elsewhere.
    EXPECT_NEAR(whole.first, one.first + other.first, whole.first * 64 * std::numeric_limits<T>::epsilon());
    EXPECT_EQ(whole.second, one.second + other.second);
  });
}

TYPED_TEST(KMeansSeam, moments_are_right_far_from_zero) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const std::int64_t n : {1, 2, 33, 5000}) {
      Matrix<T> x = blobs<T>(n, 3, 4, 1.0, 81);
      for (std::int64_t i = 0; i < n; ++i) {
        x(i, 1) = static_cast<T>(static_cast<double>(x(i, 1)) + 1e6);
        x(i, 2) = T(1234.5);
      }
      const auto seam = make<T>(device, x);
      const compute::ColumnMoments& moments = seam->moments();
      for (std::int64_t j = 0; j < 3; ++j) {
        long double mean = 0;
        for (std::int64_t i = 0; i < n; ++i) mean += static_cast<long double>(x(i, j)) / static_cast<long double>(n);
        long double variance = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          const long double apart = static_cast<long double>(x(i, j)) - mean;
          variance += apart * apart / static_cast<long double>(n);
        }
        // Sums of 5000 numbers in double.
        EXPECT_NEAR(moments.mean[static_cast<std::size_t>(j)], static_cast<double>(mean),
                    1e-13 * std::abs(static_cast<double>(mean)) + 1e-13);
        EXPECT_NEAR(moments.variance[static_cast<std::size_t>(j)], static_cast<double>(variance),
                    1e-11 * static_cast<double>(variance) + 1e-24);
      }
      EXPECT_EQ(moments.mean[2], 1234.5);
      EXPECT_EQ(moments.variance[2], 0);
    }
  });
}

TYPED_TEST(KMeansSeam, farthest_rows_come_in_order_and_have_weight) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = lattice<T>(300, 2, 12, 91);
    const std::vector<T> weights = some_weights<T>(300, true);
    const auto seam = make<T>(device, x, weights);
    NaiveKMeans<T> naive(x.view(), weights);
    const Matrix<double> centers(x.view().middle_rows(0, 3));
    seam->set_centers(centers);
    naive.set_centers(centers);
    seam->assign();
    naive.assign();
    for (const std::int64_t count : {0, 1, 7, 240, 300}) {
      const auto found = seam->farthest_rows(count);
      const auto expected = naive.farthest_rows(count);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].row, expected[i].row);
        EXPECT_EQ(found[i].distance, expected[i].distance);
      }
    }
  });
}

TYPED_TEST(KMeansSeam, farthest_rows_of_many_come_in_order_whether_distances_repeat_or_not) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    // Rows enough for every block to look at several; distances that differ in their last digits alone, and few
    // that differ at all.
    Matrix<T> close = lattice<T>(9000, 1, 97, 91);
    for (T& value : close.values()) value = 1 + value * T(0x1.0p-20);
    close(0, 0) = T(1024);
    for (const Matrix<T>& x : std::array<Matrix<T>, 2>{close, lattice<T>(9000, 1, 3, 93)}) {
      const std::vector<T> weights = some_weights<T>(9000, true);
      const auto seam = make<T>(device, x, weights);
      NaiveKMeans<T> naive(x.view(), weights);
      const Matrix<double> centers(x.view().middle_rows(0, 1));
      seam->set_centers(centers);
      naive.set_centers(centers);
      seam->assign();
      naive.assign();
      const auto expected = naive.farthest_rows(9000);
      for (const std::int64_t count : {1, 130, 7199, 9000}) {
        const auto found = seam->farthest_rows(count);
        ASSERT_EQ(std::ssize(found), std::min(count, std::ssize(expected)));
        for (std::size_t i = 0; i < found.size(); ++i) {
          ASSERT_EQ(found[i].row, expected[i].row) << "place " << i << " of " << count;
          ASSERT_EQ(found[i].distance, expected[i].distance);
        }
      }
    }
  });
}

TYPED_TEST(KMeansSeam, rows_moved_into_empty_clusters_carry_sums_and_proposals_along) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const bool bounds : {false, true}) {
      const Matrix<T> x = blobs<T>(900, 4, 10, 6.0, 95);
      Matrix<double> centers(x.view().middle_rows(0, 40));
      for (std::int64_t c = 20; c < 40; ++c) {
        for (std::int64_t j = 0; j < 4; ++j) centers(c, j) = centers(c - 20, j);
      }
      const auto seam = make<T>(device, x);
      seam->use_bounds(bounds);
      NaiveKMeans<T> naive(x.view());
      seam->set_centers(centers);
      naive.set_centers(centers);
      for (int iteration = 0; iteration < 8; ++iteration) {
        const compute::KMeansPass pass = seam->assign();
        const compute::KMeansPass expected = naive.assign();
        ASSERT_EQ(pass.empty, expected.empty);
        ASSERT_EQ(pass.changed, expected.changed);
        ASSERT_EQ(seam->labels(), naive.labels());
        std::vector<compute::RowToCluster> moves;
        for (const compute::FarRow& far : seam->farthest_rows(std::ssize(pass.empty))) {
          moves.push_back({far.row, pass.empty[moves.size()]});
        }
        const double shift = naive.relabel(moves);
        if (!moves.empty()) {
          EXPECT_NEAR(seam->relabel(moves), shift, 1e-12 * shift);
        }
        seam->update();
        naive.update();
        ASSERT_EQ(seam->centers(), naive.centers());
      }
    }
  });
}

TYPED_TEST(KMeansSeam, a_cluster_robbed_of_its_last_row_keeps_its_center) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x(4, 1, {T(0), T(1), T(10), T(20)});
    const Matrix<double> centers(3, 1, {0.5, 16, 100});
    const auto seam = make<T>(device, x);
    seam->set_centers(centers);
    EXPECT_EQ(seam->assign().empty, (std::vector<std::int32_t>{2}));
    const std::vector<compute::RowToCluster> moves{{2, 2}, {3, 2}};
    seam->relabel(moves);
    seam->update();
    EXPECT_EQ(seam->labels(), (std::vector<std::int32_t>{0, 0, 2, 2}));
    const Matrix<double> moved = seam->centers();
    EXPECT_EQ(moved(0, 0), 0.5);
    EXPECT_NEAR(moved(1, 0), 16, 16 * std::numeric_limits<T>::epsilon());
    EXPECT_NEAR(moved(2, 0), 15, 15 * std::numeric_limits<T>::epsilon());
  });
}

TYPED_TEST(KMeansSeam, setting_centers_again_starts_afresh) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(500, 3, 8, 5.0, 96);
    const auto seam = make<T>(device, x);
    seam->use_bounds(true);
    NaiveKMeans<T> naive(x.view());
    for (const std::int64_t k : {9, 3, 60}) {
      expect_same_iterations(*seam, naive, Matrix<double>(x.view().middle_rows(5, k)).view(), 4);
    }
  });
}

TYPED_TEST(KMeansSeam, rows_as_centers_are_those_rows) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(100, 5, 8, 5.0, 97);
    const auto seam = make<T>(device, x);
    const std::vector<std::int64_t> rows{99, 0, 42};
    seam->set_centers_from_rows(rows);
    const Matrix<double> centers = seam->centers();
    const Matrix<T> taken = seam->take_rows(rows);
    for (std::int64_t c = 0; c < 3; ++c) {
      for (std::int64_t j = 0; j < 5; ++j) {
        const T expected = x(rows[static_cast<std::size_t>(c)], j);
        EXPECT_EQ(taken(c, j), expected);
        // x' is rounded to T once; its size is at most the column's range.
        EXPECT_NEAR(centers(c, j), static_cast<double>(expected), 20 * std::numeric_limits<T>::epsilon());
      }
    }
    seam->assign();
    const std::vector<std::int32_t> labels = seam->labels();
    for (std::size_t c = 0; c < rows.size(); ++c) {
      EXPECT_EQ(labels[static_cast<std::size_t>(rows[c])], static_cast<std::int32_t>(c));
    }
  });
}

}  // namespace
}  // namespace forja::testing
