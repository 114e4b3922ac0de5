// What the k-means driver decides, on scripted compute objects: no data, no device.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "forja/error.h"
#include "kmeans/lloyd.h"
#include "kmeans/mini_batch.h"
#include "kmeans/random_streams.h"
#include "kmeans/seeding.h"
#include "support/fake_kmeans.h"
#include "support/recorder.h"

namespace {

using forja::compute::FarRow;
using forja::compute::RowToCluster;
using forja::compute::SeedCandidate;
using forja::core::LloydEnd;
using forja::core::MiniBatchStop;
using forja::testing::FakeKMeans;
using forja::testing::Recorder;
using Calls = std::vector<std::string>;

const forja::core::Watch kNobody(nullptr, "test");

TEST(LloydDriver, labels_that_stay_end_the_run_without_another_pass) {
  FakeKMeans rows(10);
  rows.passes = {{.inertia = 9, .shift = 3, .changed = 10}, {.inertia = 5, .shift = 0, .changed = 0}};
  rows.final_inertia = 4.5;
  const LloydEnd end = forja::core::run_lloyd(rows, {.max_iter = 300, .max_shift = 0}, kNobody);
  EXPECT_EQ(rows.calls, (Calls{"assign", "update", "assign", "inertia"}));
  EXPECT_TRUE(end.converged);
  EXPECT_EQ(end.n_iter, 2);
  EXPECT_EQ(end.shift, 0);
  EXPECT_EQ(end.inertia, 4.5);
}

TEST(LloydDriver, a_small_shift_ends_the_run_and_labels_are_made_to_fit_the_last_centres) {
  FakeKMeans rows(10);
  rows.passes = {{.shift = 3, .changed = 10}, {.shift = 0.25, .changed = 2}, {.shift = 9, .changed = 1}};
  const LloydEnd end = forja::core::run_lloyd(rows, {.max_iter = 300, .max_shift = 0.25}, kNobody);
  EXPECT_EQ(rows.calls, (Calls{"assign", "update", "assign", "update", "assign", "inertia"}));
  EXPECT_TRUE(end.converged);
  EXPECT_EQ(end.n_iter, 2);
  EXPECT_EQ(end.shift, 0.25);
}

TEST(LloydDriver, max_iter_ends_the_run_unconverged) {
  FakeKMeans rows(10);
  rows.passes = {{.shift = 3, .changed = 10}};
  const LloydEnd end = forja::core::run_lloyd(rows, {.max_iter = 2, .max_shift = 1}, kNobody);
  EXPECT_EQ(rows.calls, (Calls{"assign", "update", "assign", "update", "assign", "inertia"}));
  EXPECT_FALSE(end.converged);
  EXPECT_EQ(end.n_iter, 2);
}

TEST(LloydDriver, no_change_in_the_first_pass_is_no_convergence) {
  FakeKMeans rows(0);
  rows.passes = {{.shift = 3, .changed = 0}};
  const LloydEnd end = forja::core::run_lloyd(rows, {.max_iter = 5, .max_shift = 0}, kNobody);
  EXPECT_EQ(end.n_iter, 2);
}

TEST(LloydDriver, the_farthest_row_goes_to_the_lowest_empty_cluster) {
  FakeKMeans rows(10);
  rows.passes = {{.shift = 3, .changed = 10, .empty = {1, 4}}, {.shift = 0, .changed = 0}};
  rows.far_rows = {{FarRow{7, 9.0}, FarRow{2, 4.0}}};
  rows.relabel_shift = 5;
  forja::core::run_lloyd(rows, {.max_iter = 300, .max_shift = 0}, kNobody);
  EXPECT_EQ(rows.calls, (Calls{"assign", "farthest_rows 2", "relabel", "update", "assign", "inertia"}));
  ASSERT_EQ(rows.moved.size(), 2U);
  EXPECT_EQ(rows.moved[0].row, 7);
  EXPECT_EQ(rows.moved[0].cluster, 1);
  EXPECT_EQ(rows.moved[1].row, 2);
  EXPECT_EQ(rows.moved[1].cluster, 4);
}

TEST(LloydDriver, a_row_that_lies_on_its_centre_fills_no_empty_cluster) {
  FakeKMeans rows(10);
  rows.passes = {{.shift = 3, .changed = 10, .empty = {1, 4}}, {.shift = 0, .changed = 0, .empty = {4}}};
  rows.far_rows = {{FarRow{7, 9.0}, FarRow{2, 0.0}}, {FarRow{2, 0.0}}};
  rows.relabel_shift = 5;
  const LloydEnd end = forja::core::run_lloyd(rows, {.max_iter = 300, .max_shift = 0}, kNobody);
  ASSERT_EQ(rows.moved.size(), 1U);
  EXPECT_EQ(rows.moved[0].cluster, 1);
  EXPECT_EQ(end.n_iter, 2) << "nothing moved in the second pass, so labels stayed";
}

TEST(LloydDriver, a_filled_cluster_counts_as_a_change) {
  FakeKMeans rows(10);
  rows.passes = {{.shift = 3, .changed = 10}, {.shift = 0, .changed = 0, .empty = {0}}, {.shift = 0, .changed = 0}};
  rows.far_rows = {{FarRow{3, 1.0}}};
  rows.relabel_shift = 2;
  const LloydEnd end = forja::core::run_lloyd(rows, {.max_iter = 300, .max_shift = 0}, kNobody);
  EXPECT_EQ(end.n_iter, 3);
}

TEST(LloydDriver, the_observer_gets_every_iteration_with_its_inertia) {
  FakeKMeans rows(10);
  rows.passes = {{.inertia = 9, .shift = 3, .changed = 10}, {.inertia = 5, .shift = 0, .changed = 0}};
  Recorder recorder;
  forja::core::Watch watch(&recorder, "KMeans::fit");
  watch.begin_run(2, 300);
  forja::core::run_lloyd(rows, {.max_iter = 300, .max_shift = 0}, watch);
  ASSERT_EQ(recorder.seen.size(), 2U);
  EXPECT_EQ(recorder.seen[0].call, "KMeans::fit");
  EXPECT_EQ(recorder.seen[0].run, 2);
  EXPECT_EQ(recorder.seen[0].iteration, 1);
  EXPECT_EQ(recorder.seen[0].max_iter, 300);
  EXPECT_EQ(recorder.seen[0].loss, 9);
  EXPECT_EQ(recorder.seen[1].iteration, 2);
  EXPECT_EQ(recorder.seen[1].loss, 5);
  EXPECT_GE(recorder.seen[1].seconds, recorder.seen[0].seconds);
}

TEST(LloydDriver, an_observer_that_says_no_ends_the_run) {
  FakeKMeans rows(10);
  rows.passes = {{.shift = 3, .changed = 10}};
  Recorder recorder(3);
  forja::core::Watch watch(&recorder, "KMeans::fit");
  watch.begin_run(1, 300);
  try {
    forja::core::run_lloyd(rows, {.max_iter = 300, .max_shift = 0}, watch);
    FAIL() << "not cancelled";
  } catch (const forja::Cancelled& cancelled) {
    EXPECT_STREQ(cancelled.what(), "KMeans::fit: cancelled by the observer in run 1 at iteration 3 of 300");
  }
}

TEST(LloydDriver, the_largest_shift_is_relative_to_the_mean_variance) {
  EXPECT_DOUBLE_EQ(forja::core::largest_shift(0.5, {{0, 0, 0}, {1, 2, 6}}), 1.5);
  EXPECT_EQ(forja::core::largest_shift(0, {{0}, {7}}), 0);
}

TEST(Seeding, trials_are_two_and_the_logarithm) {
  EXPECT_EQ(forja::core::seeding_trials(1), 2);
  EXPECT_EQ(forja::core::seeding_trials(8), 4);
  EXPECT_EQ(forja::core::seeding_trials(1000), 8);
}

TEST(Seeding, the_candidate_of_least_potential_wins_and_the_first_of_equal_ones) {
  FakeKMeans rows(100);
  std::int64_t next_row = 0;
  rows.candidates = [&](std::span<const double> u) {
    std::vector<SeedCandidate> found;
    for (std::size_t i = 0; i < u.size(); ++i) found.push_back({next_row++, i == 0 ? 5.0 : 3.0});
    return found;
  };
  const auto chosen = forja::core::kmeans_plus_plus_rows(rows, 3, 1, 0);
  EXPECT_EQ(rows.calls, (Calls{"begin_seeding", "seed_candidates 1", "seed_candidates 3", "seed_candidates 3"}));
  EXPECT_EQ(rows.accepted, (std::vector<std::int64_t>{0, 1, 1}));
  EXPECT_EQ(chosen, (std::vector<std::int64_t>{0, 2, 5}));
}

TEST(Seeding, runs_and_seeds_draw_different_numbers_and_the_same_one_the_same) {
  std::vector<double> drawn;
  FakeKMeans rows(100);
  rows.candidates = [&](std::span<const double> u) {
    drawn.insert(drawn.end(), u.begin(), u.end());
    return std::vector<SeedCandidate>(u.size());
  };
  for (const auto& [seed, run] : {std::pair{1U, 0}, {1U, 1}, {2U, 0}}) {
    forja::core::kmeans_plus_plus_rows(rows, 4, seed, run);
  }
  EXPECT_EQ(std::set<double>(drawn.begin(), drawn.end()).size(), drawn.size());
  EXPECT_TRUE(std::all_of(drawn.begin(), drawn.end(), [](double u) { return u >= 0 && u < 1; }));
  const std::vector<double> once = drawn;
  drawn.clear();
  forja::core::kmeans_plus_plus_rows(rows, 4, 1, 0);
  EXPECT_TRUE(std::equal(drawn.begin(), drawn.end(), once.begin()));
}

TEST(Seeding, rows_without_replacement_are_different_and_every_row_is_as_likely) {
  constexpr int kDraws = 4000;
  std::vector<int> times(10, 0);
  for (int seed = 0; seed < kDraws; ++seed) {
    const auto rows = forja::core::sample_without_replacement(10, 4, static_cast<std::uint64_t>(seed), 7);
    ASSERT_EQ(std::set<std::int64_t>(rows.begin(), rows.end()).size(), 4U);
    for (const std::int64_t row : rows) ++times[static_cast<std::size_t>(row)];
  }
  // Expected 1600 each with a standard deviation of 31: five of them either way.
  for (const int count : times) EXPECT_NEAR(count, 1600, 155);
}

TEST(Seeding, all_rows_can_be_drawn) {
  const auto rows = forja::core::sample_without_replacement(6, 6, 3, 0);
  EXPECT_EQ(std::set<std::int64_t>(rows.begin(), rows.end()), (std::set<std::int64_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Seeding, weighted_repeats_are_drawn_again_and_then_filled_with_the_lowest_rows) {
  FakeKMeans rows(6);
  rows.drawn = [](std::span<const double> u) { return std::vector<std::int64_t>(u.size(), 4); };
  const std::vector<double> weight = {0, 1, 0, 1, 9, 1};
  const auto chosen = forja::core::draw_different_rows<double>(rows, weight, 3, 1, 0);
  EXPECT_EQ(chosen, (std::vector<std::int64_t>{4, 1, 3}));
}

MiniBatchStop::Rules rules_without_tol() { return {.rows = 1999, .batch_size = 100, .max_no_improvement = 3}; }

TEST(MiniBatchPolicy, stops_when_the_smoothed_inertia_has_not_improved) {
  MiniBatchStop stop(rules_without_tol());
  EXPECT_FALSE(stop.after({.inertia = 1, .weight = 100})) << "the first step is left out";
  EXPECT_FALSE(stop.after({.inertia = 500, .weight = 100}));
  EXPECT_FALSE(stop.after({.inertia = 400, .weight = 100}));
  EXPECT_FALSE(stop.after({.inertia = 500, .weight = 100}));
  EXPECT_FALSE(stop.after({.inertia = 500, .weight = 100}));
  EXPECT_TRUE(stop.after({.inertia = 500, .weight = 100}));
}

TEST(MiniBatchPolicy, inertia_is_judged_by_weight) {
  MiniBatchStop stop(rules_without_tol());
  for (int i = 0; i < 50; ++i) {
    const double weight = i % 2 == 0 ? 100 : 50;
    EXPECT_FALSE(stop.after({.inertia = weight * (100 - i), .weight = weight}));
  }
}

TEST(MiniBatchPolicy, a_batch_without_weight_tells_nothing) {
  MiniBatchStop stop(rules_without_tol());
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(stop.after({}));
}

TEST(MiniBatchPolicy, without_max_no_improvement_only_the_shift_stops) {
  MiniBatchStop stop({.rows = 1999, .batch_size = 100, .max_shift = 0.5});
  EXPECT_FALSE(stop.after({.inertia = 1, .weight = 100, .shift = 0}));
  EXPECT_FALSE(stop.after({.inertia = 1, .weight = 100, .shift = 1}));
  // alpha = 2 x 100 / 2000 = 0.1: the average is 0.9 ^ i, which passes 0.5 at i = 7.
  for (int i = 1; i < 7; ++i) EXPECT_FALSE(stop.after({.inertia = 1, .weight = 100, .shift = 0})) << i;
  EXPECT_TRUE(stop.after({.inertia = 1, .weight = 100, .shift = 0}));
}

TEST(MiniBatchPolicy, idle_centres_are_those_far_below_the_busiest) {
  const std::vector<double> counts = {100, 0, 1, 0.5, 30};
  const auto idle = forja::core::idle_centers(counts, 0.01, 100);
  EXPECT_EQ(idle.centers, (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(idle.count, 1);
}

TEST(MiniBatchPolicy, a_ratio_of_zero_moves_only_centres_without_rows) {
  const auto idle = forja::core::idle_centers(std::vector<double>{100, 0, 1e-9}, 0, 100);
  EXPECT_EQ(idle.centers, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(idle.count, 1e-9);
}

TEST(MiniBatchPolicy, a_ratio_of_one_keeps_the_busiest) {
  const auto idle = forja::core::idle_centers(std::vector<double>{3, 7, 7, 5}, 1, 100);
  EXPECT_EQ(idle.centers, (std::vector<std::int32_t>{0, 3}));
  EXPECT_EQ(idle.count, 7);
}

TEST(MiniBatchPolicy, at_most_half_a_batch_is_moved_the_least_counts_first) {
  const auto idle = forja::core::idle_centers(std::vector<double>{3, 1, 1000, 0, 2}, 0.01, 5);
  EXPECT_EQ(idle.centers, (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(idle.count, 2);
}

TEST(MiniBatchPolicy, without_any_count_nothing_moves) {
  EXPECT_TRUE(forja::core::idle_centers(std::vector<double>{0, 0}, 0.01, 100).centers.empty());
}

TEST(MiniBatchPolicy, reassignment_is_due_every_ten_rows_per_centre_or_for_a_centre_that_never_got_any) {
  EXPECT_FALSE(forja::core::reassignment_due(std::vector<double>{1, 2}, 19));
  EXPECT_TRUE(forja::core::reassignment_due(std::vector<double>{1, 2}, 20));
  EXPECT_TRUE(forja::core::reassignment_due(std::vector<double>{1, 0}, 1));
}

TEST(MiniBatchPolicy, looks_come_neither_after_every_step_nor_too_late) {
  EXPECT_EQ(forja::core::steps_per_look(64, 1024, 0), 1);
  EXPECT_EQ(forja::core::steps_per_look(64, 1024, 47), 5);
  EXPECT_EQ(forja::core::steps_per_look(64, 1024, 1000), 8);
  EXPECT_EQ(forja::core::steps_per_look(1000, 1000, 0), 10);
  EXPECT_EQ(forja::core::steps_per_look(100000, 1, 0), 64);
}

TEST(MiniBatchPolicy, steps_are_passes_over_the_rows_and_never_overflow) {
  EXPECT_EQ(forja::core::most_steps(100, 2000, 1024), 195);
  EXPECT_EQ(forja::core::most_steps(1, 10, 10), 1);
  EXPECT_EQ(forja::core::most_steps(1, 10, 11), 1);
  EXPECT_GT(forja::core::most_steps(std::int64_t{1} << 40, std::int64_t{1} << 40, 1), std::int64_t{1} << 60);
}

TEST(MiniBatchPolicy, moved_centres_get_different_rows_and_the_least_count_of_the_rest) {
  FakeKMeans rows(50);
  forja::core::move_idle_centers<double>(rows, {}, std::vector<double>{10, 0, 4, 0, 0}, 0.01, 50, 3, 8);
  ASSERT_EQ(rows.replaced.size(), 3U);
  EXPECT_EQ(rows.replaced_count, 4);
  std::set<std::int64_t> different;
  for (const RowToCluster& move : rows.replaced) different.insert(move.row);
  EXPECT_EQ(different.size(), 3U);
  EXPECT_EQ(rows.replaced[0].cluster, 1);
  EXPECT_EQ(rows.replaced[2].cluster, 4);
}

}  // namespace
