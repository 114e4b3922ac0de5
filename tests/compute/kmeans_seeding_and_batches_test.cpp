#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/kmeans_data.h"
#include "support/kmeans_reference.h"
#include "support/kmeans_seam.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

template <class T>
class KMeansChance : public ::testing::Test {};
TYPED_TEST_SUITE(KMeansChance, StorageTypes, StorageName);

TYPED_TEST(KMeansChance, seeding_draws_by_weighted_distance_and_tells_the_potential) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    for (const std::int64_t trials : {1, 2, 3, 5, 8, 9, 17}) {
      const Matrix<T> x = blobs<T>(611, 5, 6, 7.0, 101);
      const std::vector<T> weights = some_weights<T>(611, true);
      const auto seam = make<T>(device, x, weights);
      seam->begin_seeding();
      std::vector<double> least(611, std::numeric_limits<double>::infinity());
      const auto potential_with = [&](std::int64_t row) {
        double sum = 0;
        for (std::int64_t i = 0; i < 611; ++i) {
          sum += static_cast<double>(weights[static_cast<std::size_t>(i)]) *
                 std::min(least[static_cast<std::size_t>(i)], squared_distance(x.row(i), x.row(row)));
        }
        return sum;
      };
      for (int step = 0; step < 6; ++step) {
        std::vector<double> u;
        for (std::int64_t t = 0; t < (step == 0 ? 1 : trials); ++t) {
          u.push_back(formulas::random_uniform(9, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(t)));
        }
        const auto candidates = seam->seed_candidates(u);
        ASSERT_EQ(candidates.size(), u.size());
        double total = 0;
        const auto mass = [&](std::int64_t i) {
          return static_cast<double>(weights[static_cast<std::size_t>(i)]) *
                 (step == 0 ? 1.0 : least[static_cast<std::size_t>(i)]);
        };
        for (std::int64_t i = 0; i < 611; ++i) total += mass(i);
        for (std::size_t t = 0; t < u.size(); ++t) {
          const std::int64_t row = candidates[t].row;
          EXPECT_GT(weights[static_cast<std::size_t>(row)], 0);
          double before = 0;
          for (std::int64_t i = 0; i < row; ++i) before += mass(i);
          // Distances are held in T.
          const double slack = 8 * std::numeric_limits<T>::epsilon() * total;
          EXPECT_LE(before, u[t] * total + slack);
          EXPECT_GE(before + mass(row), u[t] * total - slack);
          const double expected = potential_with(row);
          // 611 numbers may be added in any order.
          EXPECT_NEAR(candidates[t].potential, expected,
                      (8 * std::numeric_limits<T>::epsilon() + 611 * 0x1.0p-53) * expected);
        }
        seam->seed_accept(static_cast<std::int64_t>(u.size()) / 2);
        const std::int64_t accepted = candidates[u.size() / 2].row;
        for (std::int64_t i = 0; i < 611; ++i) {
          least[static_cast<std::size_t>(i)] =
              std::min(least[static_cast<std::size_t>(i)], squared_distance(x.row(i), x.row(accepted)));
        }
      }
    }
  });
}

TYPED_TEST(KMeansChance, seeding_never_draws_a_row_again_while_others_are_left) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    // 12 different rows, each several times, far from zero.
    Matrix<T> x = lattice<T>(200, 2, 4, 111);
    for (T& value : x.values()) value = static_cast<T>(static_cast<double>(value) * 0.1 + 1000);
    std::vector<std::pair<T, T>> different;
    for (std::int64_t i = 0; i < 200; ++i) different.emplace_back(x(i, 0), x(i, 1));
    std::sort(different.begin(), different.end());
    different.erase(std::unique(different.begin(), different.end()), different.end());
    const auto seam = make<T>(device, x);
    seam->begin_seeding();
    std::vector<std::pair<T, T>> chosen;
    for (std::size_t step = 0; step < different.size(); ++step) {
      const std::vector<double> u{formulas::random_uniform(3, step, 0), formulas::random_uniform(3, step, 1)};
      const auto candidates = seam->seed_candidates(u);
      chosen.emplace_back(x(candidates[1].row, 0), x(candidates[1].row, 1));
      seam->seed_accept(1);
      if (step + 1 == different.size()) {
        EXPECT_EQ(candidates[1].potential, 0);
      }
    }
    std::sort(chosen.begin(), chosen.end());
    EXPECT_EQ(chosen, different);
    // Nothing is left to gain: rows come by weight alone.
    const std::vector<double> u{0.0, 0.5, 0.999};
    const auto candidates = seam->seed_candidates(u);
    EXPECT_EQ(candidates[0].row, 0);
    EXPECT_EQ(candidates[1].row, 100);
    EXPECT_EQ(candidates[2].row, 199);
  });
}

TYPED_TEST(KMeansChance, rows_are_drawn_by_weight) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(6, 2, 2, 1.0, 121);
    const std::vector<T> weights{T(0), T(1), T(0), T(2), T(1), T(0)};
    const auto seam = make<T>(device, x, weights);
    const std::vector<double> u{0.0, 0.2499, 0.25, 0.7499, 0.75, 0.999999};
    EXPECT_EQ(seam->draw_rows(u), (std::vector<std::int64_t>{1, 1, 3, 3, 4, 4}));
    const auto even = make<T>(device, x);
    const std::vector<double> v{0.0, 0.17, 0.5, 0.99};
    EXPECT_EQ(even->draw_rows(v), (std::vector<std::int64_t>{0, 1, 3, 5}));
  });
}

template <class T>
void expect_same_batches(const Device& device, const Matrix<T>& x, std::int64_t k, std::span<const T> weights,
                         const std::vector<std::int64_t>& batch_sizes) {
  const auto seam = make<T>(device, x, weights);
  NaiveKMeans<T> naive(x.view(), weights);
  const Matrix<double> centers(x.view().middle_rows(0, k));
  seam->set_centers(centers);
  naive.set_centers(centers);
  double largest = 0;
  for (const T value : naive.rows().values()) largest = std::max(largest, std::abs(static_cast<double>(value)));
  std::int64_t number = 3;
  for (const std::int64_t batch_size : batch_sizes) {
    SCOPED_TRACE("batches of " + std::to_string(batch_size));
    const auto steps = seam->batch_steps(17, number, 3, batch_size);
    ASSERT_EQ(steps.size(), 3U);
    for (const compute::BatchStep& step : steps) {
      const compute::BatchStep expected = naive.batch_step(17, number++, batch_size);
      // Sums of squares of x' in double.
      const double squares =
          expected.weight * largest * largest * static_cast<double>(x.columns()) * naive.square_unit();
      EXPECT_NEAR(step.inertia, expected.inertia, 1e-13 * squares);
      EXPECT_NEAR(step.weight, expected.weight, 1e-14 * expected.weight);
      EXPECT_NEAR(step.shift, expected.shift, 1e-12 * expected.shift);
    }
    ASSERT_EQ(seam->centers(), naive.centers());
    ASSERT_EQ(seam->counts(), naive.counts());
  }
  const std::vector<compute::RowToCluster> moves{{7, 1}, {11, 0}};
  seam->replace_centers(moves, 4.0);
  naive.replace_centers(moves, 4.0);
  ASSERT_EQ(seam->centers(), naive.centers());
  ASSERT_EQ(seam->counts(), naive.counts());
  seam->batch_steps(17, number, 1, 50);
  naive.batch_step(17, number, 50);
  ASSERT_EQ(seam->centers(), naive.centers());
  EXPECT_EQ(seam->assign().changed, naive.assign().changed);
  EXPECT_EQ(seam->labels(), naive.labels());
}

TYPED_TEST(KMeansChance, mini_batch_steps_move_centers_to_their_running_means) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(1000, 6, 9, 5.0, 131);
    expect_same_batches<T>(device, x, 12, {}, {1, 31, 33, 200, 1000, 0});
    expect_same_batches<T>(device, x, 40, some_weights<T>(1000, true), {64, 257, 0});
    expect_same_batches<T>(device, blobs<T>(500, 70, 3, 0.5, 132), 2, {}, {100, 0});
  });
}

TYPED_TEST(KMeansChance, counts_can_be_set_and_are_zeroed_with_new_centers) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x(3, 1, {T(0), T(4), T(8)});
    const auto seam = make<T>(device, x);
    const Matrix<double> centers(1, 1, 4.0);
    seam->set_centers(centers);
    EXPECT_EQ(seam->counts(), (std::vector<double>{0}));
    seam->set_counts(std::vector<double>{9});
    const auto steps = seam->batch_steps(1, 0, 1, 0);
    EXPECT_EQ(steps[0].weight, 3);
    EXPECT_EQ(steps[0].inertia, 32);
    EXPECT_EQ(seam->counts(), (std::vector<double>{12}));
    seam->set_centers(centers);
    EXPECT_EQ(seam->counts(), (std::vector<double>{0}));
  });
}

TYPED_TEST(KMeansChance, bounds_survive_mini_batches_between_passes) {
  using T = TypeParam;
  on_every_device([](const Device& device) {
    const Matrix<T> x = blobs<T>(1200, 5, 12, 4.0, 141);
    const auto seam = make<T>(device, x);
    seam->use_bounds(true);
    NaiveKMeans<T> naive(x.view());
    const Matrix<double> centers(x.view().middle_rows(0, 40));
    seam->set_centers(centers);
    naive.set_centers(centers);
    for (int round = 0; round < 4; ++round) {
      for (int pass = 0; pass < 3; ++pass) {
        EXPECT_EQ(seam->assign().changed, naive.assign().changed);
        ASSERT_EQ(seam->labels(), naive.labels());
        seam->update();
        naive.update();
      }
      seam->batch_steps(3, round, 1, 100);
      naive.batch_step(3, round, 100);
      const std::vector<compute::RowToCluster> moves{{17 * round, 5}};
      seam->replace_centers(moves, 1.0);
      naive.replace_centers(moves, 1.0);
      ASSERT_EQ(seam->centers(), naive.centers());
    }
  });
}

}  // namespace
}  // namespace forja::testing
