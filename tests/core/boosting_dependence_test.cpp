// The mean of a forest over what is not known, against a walk by recursion.

#include <gtest/gtest.h>

#include <vector>

#include "boosting/forest_dependence.h"
#include "support/random_forest.h"

namespace {

using forja::Matrix;
using forja::core::FittedForest;
using forja::core::ForestNodeFacts;

double count(const ForestNodeFacts& facts) { return static_cast<double>(facts.count); }

TEST(ForestDependence, unknown_features_are_averaged_over_by_rows) {
  const std::int64_t d = 5;
  const FittedForest forest = forja::testing::random_forest(d, 2, 4, 30, 12);
  for (const std::vector<std::int64_t>& features : {std::vector<std::int64_t>{0}, {3}, {4, 1}}) {
    // More points than a thread takes at once.
    const Matrix<double> all = forja::testing::rows_for_forest<double>(35, d, 3);
    std::vector<bool> known(d, false);
    Matrix<double> points(all.rows(), std::ssize(features));
    for (std::size_t k = 0; k < features.size(); ++k) {
      known[static_cast<std::size_t>(features[k])] = true;
      for (std::int64_t i = 0; i < all.rows(); ++i) points(i, static_cast<std::int64_t>(k)) = all(i, features[k]);
    }
    const Matrix<double> mean = forja::core::forest_dependence(forest, features, points, 1);
    EXPECT_EQ(forja::core::forest_dependence(forest, features, points, 3), mean);
    ASSERT_EQ(mean.rows(), 2);
    ASSERT_EQ(mean.columns(), all.rows());
    for (std::int64_t i = 0; i < all.rows(); ++i) {
      for (std::int64_t output = 0; output < 2; ++output) {
        // Sums of a hundred products, in another order.
        EXPECT_NEAR(mean(output, i), forja::testing::naive_mean_score<double>(forest, output, all.row(i), known, count),
                    1e-14);
      }
    }
  }
}

TEST(ForestDependence, without_trees_is_the_baseline) {
  const FittedForest forest = forja::testing::random_forest(1, 2, 0, 1, 3);
  const std::vector<std::int64_t> features = {0};
  const Matrix<double> mean = forja::core::forest_dependence(forest, features, Matrix<double>(1, 1, 0.5), 1);
  EXPECT_EQ(mean, Matrix<double>(2, 1, {forest.baseline[0], forest.baseline[1]}));
}

}  // namespace
