// SHAP values of forests against Shapley's sum over all coalitions.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "boosting/tree_shap.h"
#include "support/random_forest.h"
#include "support/storage_types.h"

namespace {

using forja::Matrix;
using forja::core::FittedForest;
using forja::core::ForestNodeFacts;
using forja::testing::StorageName;
using forja::testing::StorageTypes;

// Sums of tens of terms of size 1 and less, in double.
constexpr double kRounding = 1e-13;

double cover(const ForestNodeFacts& facts) { return facts.cover; }

/// d values and the expected score.
template <class T>
std::vector<double> naive_shap(const FittedForest& forest, std::int64_t output, std::span<const T> row) {
  const std::size_t d = row.size();
  std::vector<double> worth;
  for (std::size_t coalition = 0; coalition < (std::size_t{1} << d); ++coalition) {
    std::vector<bool> known;
    for (std::size_t f = 0; f < d; ++f) known.push_back(((coalition >> f) & 1) != 0);
    worth.push_back(forja::testing::naive_mean_score(forest, output, row, known, cover));
  }
  std::vector<double> values(d + 1);
  values[d] = worth[0];
  for (std::size_t coalition = 0; coalition < worth.size(); ++coalition) {
    const int size = __builtin_popcountll(coalition);
    const double orders = std::tgamma(size + 1) * std::tgamma(static_cast<double>(d) - size);
    for (std::size_t f = 0; f < d; ++f) {
      if (((coalition >> f) & 1) != 0) continue;
      const double gained = worth[coalition | (std::size_t{1} << f)] - worth[coalition];
      values[f] += orders / std::tgamma(static_cast<double>(d) + 1) * gained;
    }
  }
  return values;
}

template <class T>
Matrix<double> shap(const FittedForest& forest, const Matrix<T>& x, int threads = 1) {
  Matrix<double> values(x.rows(), forest.outputs() * (x.columns() + 1), std::nan(""));
  forja::core::tree_shap<T>(forest, x.view(), threads, values.view());
  return values;
}

template <class T>
class BoostingShap : public ::testing::Test {};
TYPED_TEST_SUITE(BoostingShap, StorageTypes, StorageName);

TYPED_TEST(BoostingShap, values_are_shapleys_sum_over_coalitions) {
  using T = TypeParam;
  for (const std::int64_t splits : {1, 3, 9, 25}) {
    for (const std::int64_t d : {1, 2, 5}) {
      const FittedForest forest =
          forja::testing::random_forest(d, 2, 3, splits, static_cast<std::uint64_t>(10 * splits + d));
      const Matrix<T> x = forja::testing::rows_for_forest<T>(9, d, 4);
      const Matrix<double> values = shap(forest, x);
      for (std::int64_t i = 0; i < x.rows(); ++i) {
        for (std::int64_t output = 0; output < 2; ++output) {
          const std::vector<double> expected = naive_shap(forest, output, x.row(i));
          for (std::int64_t f = 0; f <= d; ++f) {
            EXPECT_NEAR(values(i, output * (d + 1) + f), expected[static_cast<std::size_t>(f)], kRounding);
          }
        }
      }
    }
  }
}

TYPED_TEST(BoostingShap, values_sum_to_the_score) {
  using T = TypeParam;
  const std::int64_t d = 40;
  const FittedForest forest = forja::testing::random_forest(d, 1, 4, 300, 8);
  // Blocks of rows: one short of full, full, and one more.
  for (const std::int64_t rows : {31, 32, 33, 65}) {
    const Matrix<T> x = forja::testing::rows_for_forest<T>(rows, d, 6);
    const Matrix<double> values = shap(forest, x);
    for (std::int64_t i = 0; i < rows; ++i) {
      double sum = 0;
      for (const double value : values.row(i)) sum += value;
      const double score = forja::testing::naive_mean_score<T>(forest, 0, x.row(i), std::vector<bool>(d, true), cover);
      EXPECT_NEAR(sum, score, kRounding);
    }
  }
}

TYPED_TEST(BoostingShap, threads_change_no_bit) {
  using T = TypeParam;
  const FittedForest forest = forja::testing::random_forest(7, 3, 2, 20, 9);
  const Matrix<T> x = forja::testing::rows_for_forest<T>(100, 7, 2);
  const Matrix<double> one = shap(forest, x);
  for (const int threads : {0, 2, 5}) EXPECT_EQ(shap(forest, x, threads), one);
}

TYPED_TEST(BoostingShap, a_deep_way_shares_its_leaf_equally_among_equals) {
  using T = TypeParam;
  // Each of 120 features decides once, in the same ratio, and the row goes all the way down.
  const std::int64_t d = 120;
  const double share = 0.97;
  FittedForest forest;
  double reached = 1;
  for (std::int64_t f = 0; f < d; ++f) {
    forest.table.categorical.push_back(0);
    forest.table.first.push_back(0);
    forest.nodes.resize(static_cast<std::size_t>(2 * f + 1));
    forest.nodes.back().feature = static_cast<std::int32_t>(f);
    forest.nodes.back().left = static_cast<std::int32_t>(2 * f + 1);
    // The right child goes on.
    forest.nodes.emplace_back();
    forest.facts.push_back({0, reached, 0, 0});
    forest.facts.push_back({0, reached * (1 - share), 0, 0});
    reached *= share;
  }
  forest.nodes.emplace_back();
  forest.nodes.back().value = 3;
  forest.facts.push_back({0, reached, 0, 0});
  forest.first.push_back(std::ssize(forest.nodes));
  const Matrix<double> values = shap(forest, Matrix<T>(1, d, T{1}));
  const double expected = 3 * std::pow(share, static_cast<double>(d));
  EXPECT_NEAR(values(0, d), expected, kRounding);
  for (std::int64_t f = 0; f < d; ++f) EXPECT_NEAR(values(0, f), (3 - expected) / static_cast<double>(d), kRounding);
}

TYPED_TEST(BoostingShap, without_trees_there_is_the_baseline_alone) {
  using T = TypeParam;
  FittedForest forest = forja::testing::random_forest(2, 1, 0, 1, 1);
  const Matrix<double> values = shap(forest, Matrix<T>(2, 2, T{1}));
  EXPECT_EQ(values, Matrix<double>(2, 3, {0, 0, forest.baseline[0], 0, 0, forest.baseline[0]}));
}

TYPED_TEST(BoostingShap, nodes_that_nothing_covers_share_equally) {
  using T = TypeParam;
  FittedForest forest = forja::testing::random_forest(3, 1, 1, 6, 5);
  for (ForestNodeFacts& facts : forest.facts) facts.cover = 0;
  const Matrix<T> x = forja::testing::rows_for_forest<T>(4, 3, 4);
  const Matrix<double> values = shap(forest, x);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const std::vector<double> expected = naive_shap(forest, 0, x.row(i));
    for (std::size_t f = 0; f < 4; ++f) EXPECT_NEAR(values(i, static_cast<std::int64_t>(f)), expected[f], kRounding);
  }
}

}  // namespace
