#include "boosting/forest_dependence.h"

#include <algorithm>
#include <vector>

#include "boosting/forest_walk.h"
#include "estimator/host_threads.h"

namespace forja::core {
namespace {

/// place: of each feature among those that are known, -1: it is not. reached: to be used again.
double tree_mean(const FittedForest& forest, std::int64_t tree, std::span<const std::int32_t> place,
                 std::span<const double> point, std::vector<double>& reached) {
  const auto first = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree)]);
  const auto count = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree) + 1]) - first;
  reached.assign(count, 0);
  reached[0] = 1;
  double sum = 0;
  // Children stand behind their parent.
  for (std::size_t k = 0; k < count; ++k) {
    if (reached[k] == 0) continue;
    const compute::ForestNode& node = forest.nodes[first + k];
    if (node.feature < 0) {
      sum += reached[k] * node.value;
      continue;
    }
    const auto left = static_cast<std::size_t>(node.left);
    const std::int32_t known = place[static_cast<std::size_t>(node.feature)];
    double share = 0;
    if (known >= 0) {
      share = goes_left(forest, node, point[static_cast<std::size_t>(known)]) ? 1 : 0;
    } else {
      share = share_of_left(static_cast<double>(forest.facts[first + left].count),
                            static_cast<double>(forest.facts[first + left + 1].count));
    }
    reached[left] = reached[k] * share;
    reached[left + 1] = reached[k] * (1 - share);
  }
  return sum;
}

}  // namespace

Matrix<double> forest_dependence(const FittedForest& forest, std::span<const std::int64_t> features,
                                 const Matrix<double>& points, int threads) {
  std::vector<std::int32_t> place(static_cast<std::size_t>(forest.table.features()), -1);
  for (std::size_t k = 0; k < features.size(); ++k) {
    place[static_cast<std::size_t>(features[k])] = static_cast<std::int32_t>(k);
  }
  Matrix<double> mean(forest.outputs(), points.rows());
  constexpr std::int64_t kPoints = 16;
  for_each_part(threads, (points.rows() + kPoints - 1) / kPoints, [&](std::int64_t part) {
    std::vector<double> reached;
    for (std::int64_t i = part * kPoints; i < std::min(points.rows(), (part + 1) * kPoints); ++i) {
      for (std::int64_t k = 0; k < forest.outputs(); ++k) mean(k, i) = forest.baseline[static_cast<std::size_t>(k)];
      for (std::int64_t tree = 0; tree < forest.trees(); ++tree) {
        mean(tree % forest.outputs(), i) += tree_mean(forest, tree, place, points.row(i), reached);
      }
    }
  });
  return mean;
}

}  // namespace forja::core
