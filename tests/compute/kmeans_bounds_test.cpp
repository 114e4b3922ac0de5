// Bounds skip rows and change nothing: every pass is compared, to the bit, with that of a twin without bounds.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "support/kmeans_data.h"
#include "support/kmeans_seam.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

template <class T>
class KMeansBounded : public ::testing::Test {};
TYPED_TEST_SUITE(KMeansBounded, StorageTypes, StorageName);

/// Two compute objects on the same rows, with bounds and without, led through the same steps.
template <class T>
struct Twins {
  Twins(const Device& device, MatrixView<const T> x, std::span<const T> weights = {})
      : bounded(make<T>(device, x, weights)), plain(make<T>(device, x, weights)) {
    bounded->use_bounds(true);
  }

  void set_centers(MatrixView<const double> centers) {
    bounded->set_centers(centers);
    plain->set_centers(centers);
  }

  /// One pass of both, with empty clusters filled as the driver does.
  void pass() {
    const compute::KMeansPass found = bounded->assign();
    const compute::KMeansPass expected = plain->assign();
    ASSERT_EQ(bounded->labels(), plain->labels());
    EXPECT_EQ(found.inertia, expected.inertia);
    EXPECT_EQ(found.shift, expected.shift);
    EXPECT_EQ(found.changed, expected.changed);
    EXPECT_EQ(found.empty, expected.empty);
    EXPECT_LE(found.recomputed, bounded->rows());
    EXPECT_EQ(expected.recomputed, plain->rows());
    recomputed.push_back(found.recomputed);
    std::vector<compute::RowToCluster> moves;
    for (const compute::FarRow& far : plain->farthest_rows(std::ssize(expected.empty))) {
      moves.push_back({far.row, expected.empty[moves.size()]});
    }
    if (!moves.empty()) {
      EXPECT_EQ(bounded->relabel(moves), plain->relabel(moves));
    }
  }

  void update() {
    bounded->update();
    plain->update();
  }

  void passes(int count) {
    for (int i = 0; i < count; ++i) {
      SCOPED_TRACE("pass " + std::to_string(i));
      pass();
      if (::testing::Test::HasFatalFailure()) return;
      update();
    }
    EXPECT_EQ(bounded->inertia(), plain->inertia());
    ASSERT_EQ(bounded->centers(), plain->centers());
  }

  std::unique_ptr<compute::KMeansCompute<T>> bounded;
  std::unique_ptr<compute::KMeansCompute<T>> plain;
  std::vector<std::int64_t> recomputed;
};

template <class T>
void expect_same_passes(const Device& device, MatrixView<const T> x, MatrixView<const double> centers, int passes,
                        std::span<const T> weights = {}) {
  SCOPED_TRACE(std::to_string(x.rows()) + " x " + std::to_string(x.columns()) +
               ", k = " + std::to_string(centers.rows()));
  Twins<T> twins(device, x, weights);
  twins.set_centers(centers);
  twins.passes(passes);
}

TYPED_TEST(KMeansBounded, passes_are_the_same_on_random_problems) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      const auto pick = [&](std::uint64_t stream, std::vector<std::int64_t> from) {
        return from[static_cast<std::size_t>(formulas::random_below(seed, stream, 0, std::ssize(from)))];
      };
      const std::int64_t n = pick(11, {1, 2, 33, 127, 128, 129, 400});
      const std::int64_t d = pick(12, {1, 2, 3, 17, 40, 70});
      const std::int64_t k = std::min(n, pick(13, {1, 2, 3, 9, 40}));
      const double reach = static_cast<double>(pick(14, {0, 3, 100}));
      const Matrix<T> x = blobs<T>(n, d, 7, reach, seed);
      const std::vector<T> weights = some_weights<T>(n, true);
      const bool weighted = n > 5 && seed % 3 == 0;
      expect_same_passes<T>(device, x, Matrix<double>(x.view().middle_rows(0, k)), 8,
                            weighted ? std::span<const T>(weights) : std::span<const T>());
      if (::testing::Test::HasFailure()) return;
    }
  });
}

TYPED_TEST(KMeansBounded, ties_and_duplicates_are_decided_as_ever) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const std::int64_t k : {1, 2, 12, 30}) {
      for (const int side : {2, 5}) {
        const Matrix<T> x = lattice<T>(300, 2, side, static_cast<std::uint64_t>(side));
        expect_same_passes<T>(device, x, Matrix<double>(x.view().middle_rows(0, k)), 6);
      }
      expect_same_passes<T>(device, Matrix<T>(100, 3, T(2.5)), Matrix<double>(k, 3, 2.5), 3);
    }
    // Two centres that lie on each other, and rows midway between two others.
    const Matrix<T> x(6, 1, {T(-4), T(-2), T(0), T(0), T(2), T(4)});
    expect_same_passes<T>(device, x, Matrix<double>(4, 1, {-2, -2, 2, 2}), 5);
  });
}

TYPED_TEST(KMeansBounded, extreme_scales_are_no_exception) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const double unit : {1e-30, 1e-12, 1e30}) {
      for (const double mean : {0.0, 1e5}) {
        Matrix<T> x = blobs<T>(300, 4, 5, 8.0, 31);
        for (T& value : x.values()) value = static_cast<T>((static_cast<double>(value) + mean) * unit);
        expect_same_passes<T>(device, x, Matrix<double>(x.view().middle_rows(0, 9)), 7);
      }
    }
    // Columns of very different size; and one row that makes all others look alike.
    Matrix<T> x = blobs<T>(300, 3, 5, 8.0, 32);
    for (std::int64_t i = 0; i < 300; ++i) x(i, 1) = static_cast<T>(static_cast<double>(x(i, 1)) * 1e-18);
    expect_same_passes<T>(device, x, Matrix<double>(x.view().middle_rows(0, 9)), 7);
    x(7, 0) = T(1e7);
    expect_same_passes<T>(device, x, Matrix<double>(x.view().middle_rows(0, 9)), 7);
  });
}

TYPED_TEST(KMeansBounded, rows_are_skipped_once_the_centers_have_settled) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const std::int64_t d : {4, 70}) {
      const Matrix<T> x = blobs<T>(500, d, 8, 20.0, 41);
      Twins<T> twins(device, x.view());
      twins.set_centers(Matrix<double>(x.view().middle_rows(0, 8)));
      twins.passes(6);
      EXPECT_EQ(twins.recomputed.front(), 500);
      // Blobs far apart, a centre each: no row comes near a second centre.
      EXPECT_EQ(twins.recomputed.back(), 0);
      // Bounds are there only after a pass has set them.
      twins.bounded->use_bounds(false);
      twins.pass();
      EXPECT_EQ(twins.recomputed.back(), 500);
      twins.bounded->use_bounds(true);
      twins.pass();
      EXPECT_EQ(twins.recomputed.back(), 500);
      twins.pass();
      EXPECT_EQ(twins.recomputed.back(), 0);
    }
  });
}

// Long rows and few centres: what the CPU looks at sketches of, in eight bits an entry.
TYPED_TEST(KMeansBounded, long_rows_are_labelled_as_ever_however_their_entries_round) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    // Rows midway between two centres, exactly and up to less than an eighth bit tells.
    Matrix<T> x(90, 66, T(1));
    Matrix<double> centers(3, 66, 1);
    for (std::int64_t c = 0; c < 3; ++c) centers(c, c) = 9;
    for (std::int64_t i = 0; i < 90; ++i) {
      const std::int64_t c = i % 3;
      x(i, c) = T(5);
      x(i, (c + 1) % 3) = static_cast<T>(5 + 1e-6 * static_cast<double>(i % 5 - 2));
    }
    expect_same_passes<T>(device, x, centers, 4);
    // One entry hides all others from the sketch, in some rows or in all of them.
    for (const std::int64_t step : {7, 1}) {
      Matrix<T> spiked = blobs<T>(300, 80, 5, 3.0, 33);
      for (std::int64_t i = 0; i < 300; i += step) spiked(i, i % 80) = T(1e6);
      expect_same_passes<T>(device, spiked, Matrix<double>(spiked.view().middle_rows(0, 9)), 7);
    }
    // Rows of nothing but the column's shift, which is all there is of a column of one value.
    expect_same_passes<T>(device, Matrix<T>(40, 70, T(-3)), Matrix<double>(2, 70, -3), 3);
    for (const double unit : {1e-30, 1e30}) {
      Matrix<T> scaled = blobs<T>(300, 71, 5, 8.0, 34);
      for (T& value : scaled.values()) value = static_cast<T>(static_cast<double>(value) * unit);
      expect_same_passes<T>(device, scaled, Matrix<double>(scaled.view().middle_rows(0, 9)), 7);
    }
  });
}

TYPED_TEST(KMeansBounded, a_center_on_the_move_opens_no_rows_that_it_is_far_from) {
  using T = TypeParam;
  // Two narrow blobs at 0 and 10, and a wide one whose centre moves from 1000 to 1050: by more than the 10, but not by
  // as much as it is away.
  Matrix<T> x = blobs<T>(600, 70, 1, 0.0, 43);
  for (T& value : x.values()) value = static_cast<T>(static_cast<double>(value) / 10);
  for (std::int64_t i = 0; i < 600; ++i) {
    const std::int64_t far = 850 + 2 * (i / 3);
    x(i, 0) += static_cast<T>(i % 3 == 0 ? 0 : (i % 3 == 1 ? 10 : far));
  }
  Matrix<double> centers(3, 70, 0.0);
  centers(1, 0) = 10;
  centers(2, 0) = 1000;
  Twins<T> twins(Device::cpu(), x.view());
  twins.set_centers(centers);
  twins.passes(2);
  EXPECT_EQ(twins.recomputed, (std::vector<std::int64_t>{600, 0}));
}

TYPED_TEST(KMeansBounded, one_center_needs_one_search) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(300, 4, 8, 20.0, 42);
    Twins<T> twins(device, x.view());
    twins.set_centers(Matrix<double>(x.view().middle_rows(0, 1)));
    twins.passes(3);
    EXPECT_EQ(twins.recomputed.front(), 300);
    EXPECT_EQ(twins.recomputed.back(), 0);
  });
}

TYPED_TEST(KMeansBounded, whatever_sets_centers_or_labels_otherwise_is_heeded) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(500, 3, 6, 9.0, 51);
    Twins<T> twins(device, x.view());
    const std::vector<std::pair<std::string, std::function<void(compute::KMeansCompute<T>&)>>> changes{
        {"set_centers", [&](auto& seam) { seam.set_centers(Matrix<double>(x.view().middle_rows(40, 11))); }},
        {"set_centers, another k", [&](auto& seam) { seam.set_centers(Matrix<double>(x.view().middle_rows(9, 5))); }},
        {"set_centers_from_rows",
         [](auto& seam) {
           seam.set_centers_from_rows(std::vector<std::int64_t>{3, 99, 7});
         }},
        {"seeding",
         [](auto& seam) {
           seam.begin_seeding();
           seam.seed_candidates(std::vector<double>{0.5, 0.1});
           seam.seed_accept(1);
         }},
        {"batch_steps", [](auto& seam) { seam.batch_steps(7, 0, 2, 60); }},
        {"batch_steps over all rows", [](auto& seam) { seam.batch_steps(7, 0, 1, 0); }},
        {"replace_centers",
         [](auto& seam) {
           seam.replace_centers(std::vector<compute::RowToCluster>{{17, 2}, {400, 0}}, 1.0);
         }},
        {"relabel",
         [](auto& seam) {
           seam.relabel(std::vector<compute::RowToCluster>{{0, 1}, {1, 1}, {2, 1}});
         }},
        {"update twice",
         [](auto& seam) {
           seam.update();
           seam.update();
         }},
    };
    twins.set_centers(Matrix<double>(x.view().middle_rows(0, 11)));
    twins.passes(4);
    for (const auto& [name, change] : changes) {
      SCOPED_TRACE(name);
      // Between a pass and its update, and after it.
      for (const bool updated : {false, true}) {
        twins.pass();
        if (updated) twins.update();
        change(*twins.bounded);
        change(*twins.plain);
        twins.passes(3);
        if (::testing::Test::HasFailure()) return;
      }
    }
  });
}

TYPED_TEST(KMeansBounded, bounds_pay_where_the_search_is_dear) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    if (!device.is_cuda()) {
      EXPECT_FALSE(make<T>(device, blobs<T>(2000, 8, 3, 1.0, 61).view())->bounds_pay(64));
      EXPECT_FALSE(make<T>(device, blobs<T>(2000, 16, 3, 1.0, 61).view())->bounds_pay(1));
      EXPECT_TRUE(make<T>(device, blobs<T>(2000, 16, 3, 1.0, 61).view())->bounds_pay(10));
      return;
    }
    const auto seam = make<T>(device, blobs<T>(2000, 8, 3, 1.0, 61).view());
    EXPECT_FALSE(seam->bounds_pay(1));
    EXPECT_FALSE(seam->bounds_pay(10));
    EXPECT_TRUE(seam->bounds_pay(64));
    EXPECT_FALSE(seam->bounds_pay(1000));
  });
}

}  // namespace
}  // namespace forja::testing
