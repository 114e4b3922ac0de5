// Training and test parts: every row in one of them, labels in their shares, chance by the seed alone.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/model_selection.h"
#include "support/files.h"

namespace {

using forja::Matrix;
using forja::SplitOptions;
using forja::SplitRows;
using forja::train_test_split;
using Labels = std::vector<std::int32_t>;

/// rows[c] rows of label 10 c - 10, in turn as long as there are any.
Labels labels_of(const std::vector<std::int64_t>& rows) {
  Labels labels;
  for (std::int64_t round = 0; round < *std::max_element(rows.begin(), rows.end()); ++round) {
    for (std::size_t c = 0; c < rows.size(); ++c) {
      if (round < rows[c]) labels.push_back(10 * static_cast<std::int32_t>(c) - 10);
    }
  }
  return labels;
}

std::map<std::int32_t, std::int64_t> counts(const Labels& labels, const std::vector<std::int64_t>& rows) {
  std::map<std::int32_t, std::int64_t> counts;
  for (const std::int64_t row : rows) ++counts[labels[static_cast<std::size_t>(row)]];
  return counts;
}

void expect_each_row_once(const SplitRows& split, std::int64_t n_rows) {
  std::vector<std::int64_t> all = split.train;
  all.insert(all.end(), split.test.begin(), split.test.end());
  std::sort(all.begin(), all.end());
  std::vector<std::int64_t> expected(static_cast<std::size_t>(n_rows));
  std::iota(expected.begin(), expected.end(), std::int64_t{0});
  EXPECT_EQ(all, expected);
}

std::string refused(std::int64_t n_rows, const SplitOptions& options) {
  return forja::testing::refusal<forja::InvalidArgument>([&] { train_test_split(n_rows, options); });
}

TEST(TrainTestSplit, every_row_is_in_one_part_and_the_test_part_has_its_size) {
  for (const std::int64_t n_rows : {2, 3, 10, 101}) {
    for (const double share : {0.01, 0.25, 0.5, 0.5001}) {
      if (std::ceil(share * static_cast<double>(n_rows)) == static_cast<double>(n_rows)) continue;
      const SplitRows split = train_test_split(n_rows, {.test_size = share, .seed = 5});
      expect_each_row_once(split, n_rows);
      EXPECT_EQ(std::ssize(split.test), std::ceil(share * static_cast<double>(n_rows))) << n_rows << " " << share;
    }
    const SplitRows split = train_test_split(n_rows, {.test_size = n_rows - 1});
    expect_each_row_once(split, n_rows);
    EXPECT_EQ(split.train.size(), 1U);
  }
  EXPECT_EQ(train_test_split(8).test.size(), 2U);
}

TEST(TrainTestSplit, without_shuffle_the_test_part_is_the_last_rows) {
  const SplitRows split = train_test_split(5, {.test_size = 2, .shuffle = false});
  EXPECT_EQ(split.train, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(split.test, (std::vector<std::int64_t>{3, 4}));
}

TEST(TrainTestSplit, the_seed_is_the_only_chance) {
  const Labels labels = labels_of({30, 70});
  for (const auto& stratify : {Labels{}, labels}) {
    const SplitRows split = train_test_split(100, {.stratify = stratify, .seed = 1});
    const SplitRows again = train_test_split(100, {.stratify = stratify, .seed = 1});
    const SplitRows other = train_test_split(100, {.stratify = stratify, .seed = 2});
    EXPECT_EQ(split.train, again.train);
    EXPECT_EQ(split.test, again.test);
    EXPECT_NE(split.test, other.test);
    EXPECT_FALSE(std::is_sorted(split.train.begin(), split.train.end()));
    EXPECT_FALSE(std::is_sorted(split.test.begin(), split.test.end()));
  }
}

TEST(TrainTestSplit, each_row_is_as_likely_to_be_tested_stratified_or_not) {
  constexpr int kSeeds = 4000;
  const Labels labels = labels_of({4, 6});
  for (const auto& stratify : {Labels{}, labels}) {
    std::vector<double> tested(10);
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      for (const std::int64_t row : train_test_split(10, {.test_size = 5, .stratify = stratify, .seed = seed}).test) {
        tested[static_cast<std::size_t>(row)] += 1;
      }
    }
    // 4000 draws of 1/2 have a standard deviation of 31.6; five of them among ten rows is one test in 100,000.
    for (const double times : tested) EXPECT_NEAR(times, 0.5 * kSeeds, 5 * 31.6);
  }
}

TEST(TrainTestSplit, labels_keep_their_shares_to_within_a_row) {
  const std::vector<std::vector<std::int64_t>> cases = {{50, 50, 50}, {183, 57, 10}, {2, 2}, {997, 2, 3, 5}, {7, 6}};
  for (const auto& rows : cases) {
    const Labels labels = labels_of(rows);
    const std::int64_t n_rows = std::ssize(labels);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const SplitRows split = train_test_split(n_rows, {.test_size = 0.4, .stratify = labels, .seed = seed});
      expect_each_row_once(split, n_rows);
      EXPECT_EQ(std::ssize(split.test), std::ceil(0.4 * static_cast<double>(n_rows)));
      auto tested = counts(labels, split.test);
      const double share = static_cast<double>(split.test.size()) / static_cast<double>(n_rows);
      for (std::size_t c = 0; c < rows.size(); ++c) {
        const double fair = share * static_cast<double>(rows[c]);
        const auto got = static_cast<double>(tested[10 * static_cast<std::int32_t>(c) - 10]);
        EXPECT_LT(std::fabs(got - fair), 1) << c;
      }
    }
  }
}

TEST(TrainTestSplit, the_greatest_remainders_get_the_rows_that_are_left_as_in_scikit_learn) {
  // StratifiedShuffleSplit of scikit-learn 1.x on the same counts, test_size 0.2: 36.6, 11.4 and 2 rows.
  const Labels labels = labels_of({183, 57, 10});
  EXPECT_EQ(counts(labels, train_test_split(250, {.test_size = 0.2, .stratify = labels}).test),
            (std::map<std::int32_t, std::int64_t>{{-10, 37}, {0, 11}, {10, 2}}));
}

TEST(TrainTestSplit, among_equal_remainders_chance_decides) {
  const Labels labels = labels_of({3, 3});
  std::vector<int> first(4);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    auto tested = counts(labels, train_test_split(6, {.test_size = 3, .stratify = labels, .seed = seed}).test);
    ++first[static_cast<std::size_t>(tested[-10])];
  }
  // 1.5 rows each, so one or two; 200 draws of 1/2 have a standard deviation of 7.
  EXPECT_EQ(first[0] + first[3], 0);
  EXPECT_NEAR(first[1], 100, 5 * 7.1);
}

TEST(TrainTestSplit, rows_and_their_labels_or_targets_stay_together) {
  Matrix<double> x(40, 2);
  Labels labels;
  std::vector<double> targets;
  for (std::int64_t i = 0; i < 40; ++i) {
    x(i, 0) = static_cast<double>(i);
    x(i, 1) = -static_cast<double>(i);
    labels.push_back(static_cast<std::int32_t>(i));
    targets.push_back(0.5 * static_cast<double>(i));
  }
  const auto [x_train, x_test, y_train, y_test] = train_test_split(x, labels, {.test_size = 0.3, .seed = 9});
  EXPECT_EQ(x_train.rows(), 28);
  EXPECT_EQ(x_test.rows(), 12);
  for (std::int64_t i = 0; i < 28; ++i) EXPECT_EQ(x_train(i, 1), -y_train[static_cast<std::size_t>(i)]);
  for (std::int64_t i = 0; i < 12; ++i) EXPECT_EQ(x_test(i, 1), -y_test[static_cast<std::size_t>(i)]);
  const auto real = train_test_split(x, targets, {.test_size = 0.3, .seed = 9});
  EXPECT_EQ(real.x_test, x_test);
  for (std::int64_t i = 0; i < 12; ++i) EXPECT_EQ(real.x_test(i, 0), 2 * real.y_test[static_cast<std::size_t>(i)]);
  const auto single = train_test_split(Matrix<float>(x.view()), labels, {.test_size = 0.3, .seed = 9});
  EXPECT_EQ(single.y_test, y_test);
  EXPECT_EQ(single.x_test, Matrix<float>(x_test.view()));
  const std::vector<float> halves(targets.begin(), targets.end());
  EXPECT_EQ(train_test_split(Matrix<float>(x.view()), halves, {.test_size = 0.3, .seed = 9}).x_train.rows(), 28);
  EXPECT_EQ(forja::testing::refusal<forja::InvalidArgument>([&] {
              train_test_split(x, Labels{1, 2});
            }),
            "train_test_split: y has 2 values but x has 40 rows");
}

TEST(TrainTestSplit, sizes_that_leave_a_part_empty_or_are_out_of_range_are_refused) {
  const std::string expected = " but it must be a share between 0 and 1 or a number of rows of at least 1";
  EXPECT_EQ(refused(10, {.test_size = 0.0}), "train_test_split: test_size = 0" + expected);
  EXPECT_EQ(refused(10, {.test_size = 1.0}), "train_test_split: test_size = 1" + expected);
  EXPECT_EQ(refused(10, {.test_size = -0.5}), "train_test_split: test_size = -0.5" + expected);
  EXPECT_EQ(refused(10, {.test_size = 0}), "train_test_split: test_size = 0" + expected);
  EXPECT_EQ(refused(10, {.test_size = std::numeric_limits<double>::quiet_NaN()}),
            "train_test_split: test_size = nan" + expected);
  EXPECT_EQ(refused(10, {.test_size = 10}), "train_test_split: test_size = 10 of 10 rows leaves none to train on");
  EXPECT_EQ(refused(10, {.test_size = 0.95}), "train_test_split: test_size = 0.95 of 10 rows leaves none to train on");
  EXPECT_EQ(refused(1, {}), "train_test_split: test_size = 0.25 of 1 rows leaves none to train on");
  EXPECT_EQ(refused(0, {}), "train_test_split: 0 rows but at least 2 are needed");
  EXPECT_EQ(refused(-3, {}), "train_test_split: -3 rows but at least 2 are needed");
}

TEST(TrainTestSplit, the_training_part_has_its_size_and_the_test_part_what_is_left_or_its_own) {
  const SplitRows rest = train_test_split(10, {.train_size = 0.55, .seed = 3});
  EXPECT_EQ(rest.train.size(), 5U);
  expect_each_row_once(rest, 10);
  const SplitRows both = train_test_split(10, {.test_size = 0.21, .train_size = 4, .seed = 3});
  EXPECT_EQ(both.train.size(), 4U);
  EXPECT_EQ(both.test.size(), 3U);
  std::vector<std::int64_t> all = both.train;
  all.insert(all.end(), both.test.begin(), both.test.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  const SplitRows in_order = train_test_split(10, {.test_size = 2, .train_size = 3, .shuffle = false});
  EXPECT_EQ(in_order.train, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(in_order.test, (std::vector<std::int64_t>{3, 4}));
}

TEST(TrainTestSplit, labels_keep_their_shares_in_parts_that_leave_rows_out) {
  for (const std::vector<std::int64_t>& rows : {std::vector<std::int64_t>{7, 20, 13}, {2, 2, 96}, {33, 34, 33}}) {
    const Labels labels = labels_of(rows);
    const auto n = static_cast<double>(labels.size());
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const SplitRows split =
          train_test_split(std::ssize(labels), {.test_size = 0.3, .train_size = 0.4, .stratify = labels, .seed = seed});
      EXPECT_EQ(std::ssize(split.train), static_cast<std::int64_t>(0.4 * n));
      EXPECT_EQ(std::ssize(split.test), std::ceil(0.3 * n));
      auto trained = counts(labels, split.train);
      auto tested = counts(labels, split.test);
      for (std::size_t c = 0; c < rows.size(); ++c) {
        const auto label = 10 * static_cast<std::int32_t>(c) - 10;
        const double share = static_cast<double>(rows[c]) / n;
        EXPECT_NEAR(static_cast<double>(trained[label]), share * static_cast<double>(split.train.size()), 1);
        EXPECT_NEAR(static_cast<double>(tested[label]), share * static_cast<double>(split.test.size()), 1);
      }
    }
  }
}

TEST(TrainTestSplit, training_sizes_that_leave_no_room_are_refused) {
  EXPECT_EQ(
      refused(10, {.train_size = 1.5}),
      "train_test_split: train_size = 1.5 but it must be a share between 0 and 1 or a number of rows of at least 1");
  EXPECT_EQ(refused(10, {.train_size = 0.05}), "train_test_split: train_size = 0.05 of 10 rows is none");
  EXPECT_EQ(refused(10, {.train_size = 10}), "train_test_split: train_size = 10 of 10 rows leaves none to test");
  EXPECT_EQ(refused(10, {.test_size = 0.45, .train_size = 6}),
            "train_test_split: train_size = 6 and test_size = 0.45 make 6 and 5 rows but there are 10");
}

TEST(TrainTestSplit, labels_that_cannot_be_kept_in_their_shares_are_refused) {
  const Labels single = {1, 1, 1, 1, 7};
  EXPECT_EQ(refused(5, {.stratify = single}), "train_test_split: stratify has label 7 in 1 row but each needs 2");
  const Labels three = labels_of({4, 4, 4});
  EXPECT_EQ(refused(12, {.test_size = 2, .stratify = three}),
            "train_test_split: the test part has 2 rows but stratify has 3 labels");
  EXPECT_EQ(refused(12, {.test_size = 10, .stratify = three}),
            "train_test_split: the training part has 2 rows but stratify has 3 labels");
  EXPECT_EQ(refused(12, {.shuffle = false, .stratify = three}), "train_test_split: stratify needs shuffle = true");
  EXPECT_EQ(refused(13, {.stratify = three}), "train_test_split: stratify has 12 labels but there are 13 rows");
}

TEST(TakeRows, rows_come_in_the_order_asked_for_and_may_come_twice) {
  const Matrix<float> x(3, 2, {1, 2, 3, 4, 5, 6});
  const std::vector<std::int64_t> rows = {2, 0, 2};
  EXPECT_EQ(forja::take_rows(x, rows), Matrix<float>(3, 2, {5, 6, 1, 2, 5, 6}));
  EXPECT_EQ(forja::take_rows(forja::MatrixView<const float>(x.data(), 3, 1, 2), rows), Matrix<float>(3, 1, {5, 1, 5}));
  EXPECT_EQ(forja::take_rows(Matrix<double>(x.view()), rows), Matrix<double>(3, 2, {5, 6, 1, 2, 5, 6}));
  EXPECT_EQ(forja::take_rows(std::vector<double>{7, 8, 9}, rows), (std::vector<double>{9, 7, 9}));
  EXPECT_EQ(forja::take_rows(std::vector<float>{7, 8, 9}, rows), (std::vector<float>{9, 7, 9}));
  EXPECT_EQ(forja::take_rows(Labels{7, 8, 9}, rows), (Labels{9, 7, 9}));
  EXPECT_EQ(forja::take_rows(x, {}).rows(), 0);
}

TEST(TakeRows, a_number_that_is_no_row_is_refused) {
  const Matrix<float> x(3, 2);
  for (const std::int64_t row : {std::int64_t{3}, std::int64_t{-1}}) {
    const std::vector<std::int64_t> rows = {0, row};
    EXPECT_EQ(forja::testing::refusal<forja::InvalidArgument>([&] { forja::take_rows(x, rows); }),
              "take_rows: rows[1] = " + std::to_string(row) + " but there are 3 rows");
    EXPECT_THROW(forja::take_rows(Labels{1, 2, 3}, rows), forja::InvalidArgument);
  }
}

}  // namespace
