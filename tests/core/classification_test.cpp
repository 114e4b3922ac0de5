// make_classification: what its columns tell and how many rows each class has.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/generators.h"
#include "support/files.h"
#include "support/least_squares.h"

namespace {

using forja::Classification;
using forja::ClassificationOptions;
using forja::FeatureKind;
using forja::make_classification;
using forja::Matrix;

std::vector<std::int64_t> counts_of(const std::vector<std::int32_t>& labels, std::size_t classes) {
  std::vector<std::int64_t> counts(classes);
  for (const std::int32_t label : labels) ++counts.at(static_cast<std::size_t>(label));
  return counts;
}

Matrix<double> columns_of(const Matrix<double>& x, const std::vector<std::int64_t>& columns) {
  Matrix<double> taken(x.rows(), std::ssize(columns));
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::int64_t j = 0; j < taken.columns(); ++j) taken(i, j) = x(i, columns[static_cast<std::size_t>(j)]);
  }
  return taken;
}

std::vector<std::int64_t> columns_of_kind(const Classification<double>& made, FeatureKind kind) {
  std::vector<std::int64_t> columns;
  for (std::size_t j = 0; j < made.feature_kinds.size(); ++j) {
    if (made.feature_kinds[j] == kind) columns.push_back(static_cast<std::int64_t>(j));
  }
  return columns;
}

double mean(const Matrix<double>& x, std::int64_t column, std::int64_t first, std::int64_t rows) {
  double sum = 0;
  for (std::int64_t i = first; i < first + rows; ++i) sum += x(i, column);
  return sum / static_cast<double>(rows);
}

std::string refused(const ClassificationOptions& options) {
  return forja::testing::refusal<forja::InvalidArgument>([&] { make_classification<float>(options); });
}

TEST(Classification, each_column_may_have_its_own_shift_and_scale_whether_or_not_columns_are_mixed) {
  ClassificationOptions options{.n_samples = 20, .n_features = 4, .n_redundant = 1, .shuffle = false, .seed = 3};
  const Classification<double> plain = make_classification<double>(options);
  options.shift_per_column = {1, 0, -2, 5};
  options.scale_per_column = {2, 1, 0.5, 0};
  const Classification<double> moved = make_classification<double>(options);
  for (std::int64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(moved.x(i, 0), (plain.x(i, 0) + 1) * 2);
    EXPECT_EQ(moved.x(i, 1), plain.x(i, 1));
    EXPECT_EQ(moved.x(i, 2), (plain.x(i, 2) - 2) * 0.5);
    EXPECT_EQ(moved.x(i, 3), 0);
  }
  // The column that is scaled to nothing is the one of noise wherever it lies.
  options.shuffle = true;
  for (options.seed = 0; options.seed < 5; ++options.seed) {
    const Classification<double> mixed = make_classification<double>(options);
    for (std::int64_t j = 0; j < 4; ++j) {
      EXPECT_EQ(mixed.x(0, j) == 0, mixed.feature_kinds[static_cast<std::size_t>(j)] == FeatureKind::noise);
    }
  }
  EXPECT_EQ(refused({.n_features = 5, .shift_per_column = {1}}),
            "make_classification: shift_per_column has 1 values but n_features = 5");
  EXPECT_EQ(refused({.n_features = 5, .scale_per_column = {1, 1, 1, 1, INFINITY}}),
            "make_classification: scale_per_column[4] = inf but it must be a finite number");
}

TEST(Classification, classes_have_their_shares_of_the_rows) {
  EXPECT_EQ(counts_of(make_classification<float>({.n_samples = 1000, .flip_y = 0}).labels, 2),
            (std::vector<std::int64_t>{500, 500}));
  const ClassificationOptions three{
      .n_samples = 1000, .n_informative = 3, .n_classes = 3, .weights = {0.7, 0.2, 0.1}, .flip_y = 0};
  EXPECT_EQ(counts_of(make_classification<float>(three).labels, 3), (std::vector<std::int64_t>{700, 200, 100}));
  ClassificationOptions last_left_out = three;
  last_left_out.weights = {0.7, 0.2};
  EXPECT_EQ(make_classification<float>(last_left_out).labels, make_classification<float>(three).labels);
  EXPECT_EQ(counts_of(make_classification<float>({.n_samples = 10, .weights = {1, 0}, .flip_y = 0}).labels, 2),
            (std::vector<std::int64_t>{10, 0}));
  // 7 rows in three equal classes of two clusters each: each within a row for each of its clusters.
  for (const std::int64_t rows : counts_of(
           make_classification<float>({.n_samples = 7, .n_informative = 3, .n_classes = 3, .flip_y = 0}).labels, 3)) {
    EXPECT_NEAR(static_cast<double>(rows), 7.0 / 3, 2);
  }
}

TEST(Classification, flip_y_draws_labels_anew) {
  const ClassificationOptions options{.n_samples = 20'000, .flip_y = 0.3, .shuffle = false};
  ClassificationOptions clean_options = options;
  clean_options.flip_y = 0;
  const auto flipped = make_classification<double>(options);
  const auto clean = make_classification<double>(clean_options);
  EXPECT_EQ(flipped.x, clean.x);
  int different = 0;
  for (std::size_t i = 0; i < flipped.labels.size(); ++i) different += flipped.labels[i] != clean.labels[i] ? 1 : 0;
  // Of two classes, half the labels drawn anew are the old ones; 20000 draws of 0.15 have a standard deviation of 50.5.
  EXPECT_NEAR(different, 3000, 5 * 50.5);
}

TEST(Classification, clusters_lie_around_different_corners_of_the_hypercube) {
  constexpr std::int64_t kRows = 4000;
  const auto made = make_classification<double>({.n_samples = 8 * kRows,
                                                 .n_features = 3,
                                                 .n_informative = 3,
                                                 .n_redundant = 0,
                                                 .n_classes = 4,
                                                 .flip_y = 0,
                                                 .class_sep = 2.5,
                                                 .shuffle = false,
                                                 .seed = 11});
  std::set<std::vector<bool>> corners;
  for (std::int64_t cluster = 0; cluster < 8; ++cluster) {
    std::vector<bool> corner;
    for (std::int64_t j = 0; j < 3; ++j) {
      const double center = mean(made.x, j, cluster * kRows, kRows);
      // Three standard normal numbers times factors below 1: a mean of 4000 with a standard deviation below
      // sqrt(3/4000).
      EXPECT_NEAR(std::fabs(center), 2.5, 5 * std::sqrt(3.0 / kRows));
      corner.push_back(center > 0);
    }
    corners.insert(corner);
    EXPECT_EQ(made.labels[static_cast<std::size_t>(cluster * kRows)], cluster % 4);
    EXPECT_EQ(made.labels[static_cast<std::size_t>((cluster + 1) * kRows - 1)], cluster % 4);
  }
  EXPECT_EQ(corners.size(), 8U);
}

TEST(Classification, without_a_hypercube_clusters_lie_within_it) {
  constexpr std::int64_t kRows = 4000;
  const auto made = make_classification<double>({.n_samples = 4 * kRows,
                                                 .n_features = 2,
                                                 .n_redundant = 0,
                                                 .flip_y = 0,
                                                 .class_sep = 10,
                                                 .hypercube = false,
                                                 .shuffle = false});
  std::set<std::int64_t> lengths;
  for (std::int64_t cluster = 0; cluster < 4; ++cluster) {
    const double center = std::fabs(mean(made.x, 0, cluster * kRows, kRows));
    EXPECT_LT(center, 10);
    lengths.insert(std::llround(10 * center));
  }
  EXPECT_GT(lengths.size(), 2U);
}

TEST(Classification, columns_come_in_order_and_follow_from_each_other) {
  const auto made = make_classification<double>({.n_samples = 500,
                                                 .n_features = 12,
                                                 .n_informative = 4,
                                                 .n_redundant = 3,
                                                 .n_repeated = 2,
                                                 .shuffle = false,
                                                 .seed = 2});
  using enum FeatureKind;
  EXPECT_EQ(made.feature_kinds,
            (std::vector<FeatureKind>{informative, informative, informative, informative, redundant, redundant,
                                      redundant, repeated, repeated, noise, noise, noise}));
  const Matrix<double> x = columns_of(made.x, {0, 1, 2, 3});
  const Matrix<double> fitted = forja::testing::least_squares(x, columns_of(made.x, {4, 5, 6, 9}));
  double noise_square = 0;
  for (std::int64_t i = 0; i < 500; ++i) {
    double residual[4] = {made.x(i, 4), made.x(i, 5), made.x(i, 6), made.x(i, 9)};
    for (std::int64_t t = 0; t < 4; ++t) {
      residual[t] -= fitted(4, t);
      for (std::int64_t j = 0; j < 4; ++j) residual[t] -= x(i, j) * fitted(j, t);
    }
    // Combinations of columns of size 10: what rounding leaves.
    for (int t = 0; t < 3; ++t) EXPECT_NEAR(residual[t], 0, 1e-11);
    noise_square += residual[3] * residual[3];
    for (const std::int64_t copy : {7, 8}) {
      const auto row = made.x.row(i);
      EXPECT_EQ(std::count(row.begin(), row.begin() + 7, made.x(i, copy)), 1);
    }
  }
  // Informative columns explain none of the noise: a mean of 500 squares of variance 2, less five fitted numbers.
  EXPECT_NEAR(noise_square / 495, 1, 5 * std::sqrt(2.0 / 495));
}

TEST(Classification, columns_and_rows_are_mixed_unless_told_not_to) {
  const ClassificationOptions options{.n_samples = 300,
                                      .n_features = 10,
                                      .n_informative = 3,
                                      .n_redundant = 2,
                                      .n_repeated = 2,
                                      .flip_y = 0,
                                      .seed = 5};
  const auto made = make_classification<double>(options);
  EXPECT_EQ(columns_of_kind(made, FeatureKind::informative).size(), 3U);
  EXPECT_EQ(columns_of_kind(made, FeatureKind::redundant).size(), 2U);
  EXPECT_EQ(columns_of_kind(made, FeatureKind::noise).size(), 3U);
  EXPECT_FALSE(std::is_sorted(made.feature_kinds.begin(), made.feature_kinds.end()));
  for (const std::int64_t copy : columns_of_kind(made, FeatureKind::repeated)) {
    int originals = 0;
    for (std::int64_t j = 0; j < 10; ++j) {
      const FeatureKind kind = made.feature_kinds[static_cast<std::size_t>(j)];
      if (kind != FeatureKind::informative && kind != FeatureKind::redundant) continue;
      originals += columns_of(made.x, {j}) == columns_of(made.x, {copy}) ? 1 : 0;
    }
    EXPECT_EQ(originals, 1);
  }
  // Unmixed, the first half of the rows would be the first two clusters' and hold 75 rows of each class in a run.
  const auto changes = [](const std::vector<std::int32_t>& labels) {
    int changed = 0;
    for (std::size_t i = 1; i < labels.size(); ++i) changed += labels[i] != labels[i - 1] ? 1 : 0;
    return changed;
  };
  ClassificationOptions unmixed = options;
  unmixed.shuffle = false;
  EXPECT_EQ(changes(make_classification<double>(unmixed).labels), 3);
  EXPECT_GT(changes(made.labels), 100);
}

TEST(Classification, shift_and_scale_move_every_column) {
  const ClassificationOptions plain{.n_samples = 50, .n_features = 6, .class_sep = 2, .seed = 3};
  ClassificationOptions moved = plain;
  moved.shift = 5;
  moved.scale = 2;
  ClassificationOptions random = plain;
  random.shift = std::nullopt;
  random.scale = std::nullopt;
  const Matrix<double> x = make_classification<double>(plain).x;
  const Matrix<double> fixed_x = make_classification<double>(moved).x;
  const Matrix<double> random_x = make_classification<double>(random).x;
  std::set<std::int64_t> scales;
  for (std::int64_t j = 0; j < 6; ++j) {
    const double scale = (random_x(1, j) - random_x(0, j)) / (x(1, j) - x(0, j));
    const double shift = random_x(0, j) / scale - x(0, j);
    EXPECT_GE(scale, 1);
    EXPECT_LT(scale, 101);
    // What cancels in the differences of numbers of size 10.
    EXPECT_LE(std::fabs(shift), 2 + 1e-9);
    scales.insert(std::llround(scale * 10));
    for (std::int64_t i = 0; i < 50; ++i) {
      EXPECT_EQ(fixed_x(i, j), (x(i, j) + 5) * 2);
      EXPECT_NEAR(random_x(i, j), (x(i, j) + shift) * scale, 1e-9 * scale);
    }
  }
  EXPECT_GT(scales.size(), 3U);
}

TEST(Classification, the_seed_is_the_only_chance_in_float_and_double) {
  const ClassificationOptions options{.n_samples = 200, .seed = 8};
  const auto made = make_classification<double>(options);
  EXPECT_EQ(make_classification<double>(options).x, made.x);
  const auto single = make_classification<float>(options);
  EXPECT_EQ(single.x, Matrix<float>(made.x.view()));
  EXPECT_EQ(single.labels, made.labels);
  EXPECT_NE(make_classification<double>({.n_samples = 200, .seed = 9}).x, made.x);
}

TEST(Classification, many_informative_columns_still_have_different_corners) {
  const auto made = make_classification<float>(
      {.n_samples = 64, .n_features = 70, .n_informative = 70, .n_redundant = 0, .n_classes = 32, .flip_y = 0});
  EXPECT_EQ(counts_of(made.labels, 32), (std::vector<std::int64_t>(32, 2)));
}

TEST(Classification, options_that_do_not_fit_each_other_are_refused) {
  EXPECT_EQ(refused({.n_features = 3}),
            "make_classification: n_informative + n_redundant + n_repeated = 2 + 2 + 0 but n_features = 3");
  EXPECT_EQ(
      refused({.n_redundant = INT64_MAX, .n_repeated = 5}),
      "make_classification: n_informative + n_redundant + n_repeated = 2 + 9223372036854775807 + 5 but n_features = "
      "20");
  EXPECT_EQ(refused({.n_classes = 3}),
            "make_classification: n_classes x n_clusters_per_class = 3 x 2 clusters but n_informative = 2 allows 4");
  EXPECT_EQ(refused({.weights = {0.5, 0.2, 0.3}}), "make_classification: weights has 3 values but n_classes = 2");
  EXPECT_EQ(refused({.weights = {0.5, 0.2}}), "make_classification: weights sums to 0.7 but shares sum to 1");
  EXPECT_EQ(refused({.weights = {1.5}}), "make_classification: weights[0] = 1.5 but it must be a number from 0 to 1");
  EXPECT_EQ(refused({.weights = {0.5, std::nan("")}}),
            "make_classification: weights[1] = nan but it must be a number from 0 to 1");
}

TEST(Classification, options_out_of_range_are_refused) {
  EXPECT_EQ(refused({.n_samples = 0}), "make_classification: n_samples = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused({.n_features = 0}), "make_classification: n_features = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused({.n_informative = 0}),
            "make_classification: n_informative = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused({.n_redundant = -1}),
            "make_classification: n_redundant = -1 but it must be an integer of at least 0");
  EXPECT_EQ(refused({.n_repeated = -1}),
            "make_classification: n_repeated = -1 but it must be an integer of at least 0");
  EXPECT_EQ(refused({.n_classes = 0}), "make_classification: n_classes = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused({.n_clusters_per_class = 0}),
            "make_classification: n_clusters_per_class = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused({.flip_y = 1.5}), "make_classification: flip_y = 1.5 but it must be a number from 0 to 1");
  EXPECT_EQ(refused({.class_sep = -1}),
            "make_classification: class_sep = -1 but it must be a finite number of at least 0");
  EXPECT_EQ(refused({.shift = INFINITY}),
            "make_classification: shift = inf but it must be a finite number or \"random\"");
  EXPECT_EQ(refused({.scale = std::nan("")}),
            "make_classification: scale = nan but it must be a finite number or \"random\"");
}

}  // namespace
