// What a model goes by: permutation importance and partial dependence, of models made up for it.

#include "forja/inspection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "formulas/counter_random.h"
#include "support/refusal.h"
#include "support/storage_types.h"

namespace {

using forja::InvalidArgument;
using forja::Matrix;
using forja::MatrixView;
using forja::partial_dependence;
using forja::PartialDependence;
using forja::permutation_importance;
using forja::PermutationImportance;
using forja::testing::kRounding;
using forja::testing::refusal;
using Features = std::vector<std::int64_t>;

template <class T>
Matrix<T> uniform_rows(std::int64_t n, std::int64_t d) {
  Matrix<T> x(n, d);
  for (std::int64_t i = 0; i < n * d; ++i) {
    x.values()[static_cast<std::size_t>(i)] =
        static_cast<T>(forja::formulas::random_uniform(11, 2, static_cast<std::uint64_t>(i)));
  }
  return x;
}

/// 3 a + b b, of columns 0 and 1 of three.
template <class T>
std::vector<T> bent(MatrixView<const T> rows) {
  std::vector<T> out;
  for (std::int64_t i = 0; i < rows.rows(); ++i) out.push_back(3 * rows(i, 0) + rows(i, 1) * rows(i, 1));
  return out;
}

template <class T>
class Inspection : public ::testing::Test {};
TYPED_TEST_SUITE(Inspection, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(Inspection, importance_is_what_shuffling_a_column_costs) {
  using T = TypeParam;
  const Matrix<T> x = uniform_rows<T>(400, 3);
  const std::vector<T> y = bent<T>(x.view());
  std::int64_t asked = 0;
  const auto minus_squares = [&](MatrixView<const T> rows) {
    ++asked;
    const std::vector<T> predicted = bent<T>(rows);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += std::pow(static_cast<double>(predicted[i] - y[i]), 2);
    return -sum / static_cast<double>(y.size());
  };
  const PermutationImportance found = permutation_importance(minus_squares, x.view(), {.n_repeats = 8, .seed = 1});
  EXPECT_EQ(asked, 1 + 3 * 8);
  EXPECT_EQ(x, uniform_rows<T>(400, 3));
  // Shuffling doubles the variance: 2 x 9 / 12 of a uniform column times 3; 2 x 4 / 45 of its square.
  EXPECT_NEAR(found.importances_mean[0], 1.5, 0.1);
  EXPECT_NEAR(found.importances_mean[1], 8.0 / 45, 0.02);
  EXPECT_EQ(found.importances_mean[2], 0);
  EXPECT_EQ(found.importances_std[2], 0);
  double mean = 0;
  double squares = 0;
  for (const double fall : found.importances.row(0)) mean += fall / 8;
  for (const double fall : found.importances.row(0)) squares += (fall - mean) * (fall - mean) / 8;
  EXPECT_GT(squares, 0);
  EXPECT_NEAR(found.importances_mean[0], mean, 1e-12);
  EXPECT_NEAR(found.importances_std[0], std::sqrt(squares), 1e-12);

  const PermutationImportance again = permutation_importance(minus_squares, x.view(), {.n_repeats = 8, .seed = 1});
  EXPECT_EQ(again.importances, found.importances);
  EXPECT_NE(permutation_importance(minus_squares, x.view(), {.n_repeats = 8, .seed = 2}).importances,
            found.importances);
}

TYPED_TEST(Inspection, one_column_alone_is_shuffled_and_all_its_values_stay) {
  using T = TypeParam;
  const Matrix<T> x = uniform_rows<T>(50, 3);
  std::vector<std::vector<bool>> changed;
  const auto look = [&](MatrixView<const T> rows) {
    changed.emplace_back();
    for (std::int64_t f = 0; f < 3; ++f) {
      std::vector<T> was;
      std::vector<T> is;
      for (std::int64_t i = 0; i < 50; ++i) {
        was.push_back(x(i, f));
        is.push_back(rows(i, f));
      }
      changed.back().push_back(was != is);
      std::sort(was.begin(), was.end());
      std::sort(is.begin(), is.end());
      EXPECT_EQ(was, is);
    }
    return 0.0;
  };
  permutation_importance(look, x.view(), {.n_repeats = 2});
  using Columns = std::vector<bool>;
  EXPECT_EQ(changed, (std::vector<Columns>{{false, false, false},
                                           {true, false, false},
                                           {true, false, false},
                                           {false, true, false},
                                           {false, true, false},
                                           {false, false, true},
                                           {false, false, true}}));
}

TYPED_TEST(Inspection, dependence_is_the_mean_prediction_with_a_column_set) {
  using T = TypeParam;
  const Matrix<T> x(4, 3, {0, 1, 9, 1, 2, 9, 1, 3, 9, 4, 0, 9});
  const PartialDependence one = partial_dependence(bent<T>, x.view(), Features{0});
  ASSERT_EQ(one.grid_values, (std::vector<std::vector<double>>{{0, 1, 4}}));
  // The mean of the squares 1, 4, 9, 0 is 3.5.
  EXPECT_EQ(one.average, Matrix<double>(1, 3, {3.5, 6.5, 15.5}));

  const PartialDependence weighted =
      partial_dependence(bent<T>, x.view(), Features{0}, {}, std::span<const T>(std::vector<T>{0, 1, 0, 3}));
  EXPECT_EQ(weighted.average, Matrix<double>(1, 3, {1, 4, 13}));

  const PartialDependence two = partial_dependence(bent<T>, x.view(), Features{1, 0}, {.grid = {{1, 2}, {5, 6, 7}}});
  EXPECT_EQ(two.average, Matrix<double>(1, 6, {16, 19, 22, 19, 22, 25}));
}

TYPED_TEST(Inspection, several_outputs_have_a_row_each) {
  using T = TypeParam;
  const Matrix<T> x(2, 1, {1, 3});
  const auto both = [](MatrixView<const T> rows) {
    Matrix<T> out(rows.rows(), 2);
    for (std::int64_t i = 0; i < rows.rows(); ++i) {
      out(i, 0) = rows(i, 0);
      out(i, 1) = static_cast<T>(i);
    }
    return out;
  };
  EXPECT_EQ(partial_dependence(both, x.view(), Features{0}).average, Matrix<double>(2, 2, {1, 3, 0.5, 0.5}));
}

TYPED_TEST(Inspection, the_grid_is_all_values_of_few_and_between_percentiles_of_many) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  Matrix<T> x(201, 1);
  for (std::int64_t i = 0; i < 200; ++i) x(i, 0) = static_cast<T>((i * 7) % 200);
  x(200, 0) = nan;
  const auto zero = [](MatrixView<const T> rows) {
    return std::vector<T>(static_cast<std::size_t>(rows.rows()), T{0});
  };
  const PartialDependence many = partial_dependence(zero, x.view(), Features{0}, {.grid_resolution = 3});
  // scipy.stats.mstats.mquantiles(range(200), [0.05, 0.95]) is [9.41, 189.59].
  ASSERT_EQ(many.grid_values[0].size(), 3U);
  EXPECT_NEAR(many.grid_values[0][0], 9.41, 200 * kRounding<T>);
  EXPECT_NEAR(many.grid_values[0][1], 99.5, 200 * kRounding<T>);
  EXPECT_NEAR(many.grid_values[0][2], 189.59, 200 * kRounding<T>);
  const PartialDependence wide = partial_dependence(
      zero, x.view(), Features{0}, {.grid_resolution = 2, .lower_percentile = 0, .upper_percentile = 1});
  EXPECT_EQ(wide.grid_values[0], (std::vector<double>{0, 199}));
  EXPECT_EQ(partial_dependence(zero, x.view(), Features{0}, {.grid_resolution = 200}).grid_values[0].size(), 200U);
  EXPECT_EQ(partial_dependence(zero, x.view(), Features{0}, {.grid_resolution = 201}).grid_values[0].size(), 200U);
  EXPECT_EQ(partial_dependence(zero, x.view(), Features{0}, {.grid_resolution = 3, .categorical_features = {0}})
                .grid_values[0]
                .size(),
            200U);
}

TYPED_TEST(Inspection, refuses_what_does_not_fit) {
  using T = TypeParam;
  const Matrix<T> x = uniform_rows<T>(5, 3);
  const auto score = [](MatrixView<const T>) { return 1.0; };
  EXPECT_EQ(refusal<InvalidArgument>([&] { permutation_importance(score, x.view(), {.n_repeats = 0}); }),
            "permutation_importance: n_repeats = 0 but it must be at least 1");
  EXPECT_EQ(refusal<InvalidArgument>([&] { permutation_importance(score, Matrix<T>(0, 2).view()); }),
            "permutation_importance: x is empty (0 x 2)");

  using Options = forja::PartialDependenceOptions;
  const auto dependence = [&](const Features& features, const Options& options = {}) {
    return refusal<InvalidArgument>([&] { partial_dependence(bent<T>, x.view(), features, options); });
  };
  EXPECT_EQ(dependence({}), "partial_dependence: features has 0 entries but 1 or 2 are needed");
  EXPECT_EQ(dependence({0, 1, 2}), "partial_dependence: features has 3 entries but 1 or 2 are needed");
  EXPECT_EQ(dependence({0, 3}), "partial_dependence: features(1) = 3 but x has 3 columns");
  EXPECT_EQ(dependence({-1}), "partial_dependence: features(0) = -1 but x has 3 columns");
  EXPECT_EQ(dependence({2, 2}), "partial_dependence: features has 2 twice");
  EXPECT_EQ(dependence({0}, {.categorical_features = {4}}),
            "partial_dependence: categorical_features(0) = 4 but x has 3 columns");
  EXPECT_EQ(dependence({0}, {.grid_resolution = 1}),
            "partial_dependence: grid_resolution = 1 but it must be at least 2");
  EXPECT_EQ(dependence({0}, {.lower_percentile = 0.5, .upper_percentile = 0.5}),
            "partial_dependence: lower_percentile = 0.5 and upper_percentile = 0.5 but they must ascend from 0 to 1");
  EXPECT_EQ(dependence({0}, {.grid = {{1}, {2}}}),
            "partial_dependence: grid has 2 lists of values but features has 1 entries");
  EXPECT_EQ(dependence({0}, {.grid = {{}}}), "partial_dependence: grid(0) is empty");
  EXPECT_EQ(refusal<InvalidArgument>([&] { partial_dependence(bent<T>, Matrix<T>(3, 0).view(), Features{0}); }),
            "partial_dependence: x is empty (3 x 0)");
  EXPECT_EQ(refusal<InvalidArgument>([&] {
              partial_dependence(bent<T>, Matrix<T>(3, 3, static_cast<T>(std::nan(""))).view(), Features{1});
            }),
            "partial_dependence: feature 1 has no values but NaN");
  EXPECT_EQ(refusal<InvalidArgument>(
                [&] { partial_dependence(bent<T>, x.view(), Features{1}, {}, std::span<const T>(std::vector<T>(5))); }),
            "partial_dependence: all 5 rows weigh 0");
  EXPECT_EQ(refusal<InvalidArgument>(
                [&] { partial_dependence(bent<T>, x.view(), Features{1}, {}, std::span<const T>(std::vector<T>(4))); }),
            "partial_dependence: sample_weight has 4 values but x has 5 rows");
  EXPECT_EQ(refusal<InvalidArgument>([&] {
              partial_dependence([](MatrixView<const T>) { return std::vector<T>(3); }, x.view(), Features{1});
            }),
            "partial_dependence: predict gave 3 x 1 values for 5 rows");
  Matrix<T> mostly(200, 1, T{2});
  for (std::int64_t i = 0; i < 5; ++i) mostly(i, 0) = static_cast<T>(i + 3);
  EXPECT_EQ(refusal<InvalidArgument>([&] {
              partial_dependence([](MatrixView<const T>) { return std::vector<T>(200); }, mostly.view(), Features{0},
                                 {.grid_resolution = 4});
            }),
            "partial_dependence: the percentiles 0.05 and 0.95 of feature 0 are 2 and 2: no grid between them");
}

}  // namespace
