#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "boosting/fitted_forest.h"
#include "forja/matrix.h"
#include "formulas/counter_random.h"

/// Forests that nobody learned, for tests of what explains them.
namespace forja::testing {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : seed_(seed) {}
  double uniform() { return formulas::random_uniform(seed_, 5, next_++); }
  std::int64_t below(std::int64_t n) { return formulas::random_below(seed_, 5, next_++, n); }

 private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

/// Adds a tree of random splits. Covers and counts of children sum to their parent's. Odd features are categorical with
/// categories 0, 2, 4, 6; thresholds are quarters in [0, 1].
inline void add_random_tree(core::FittedForest& forest, Chance& chance, std::int64_t splits) {
  const auto first = static_cast<std::size_t>(forest.first.back());
  forest.nodes.emplace_back();
  forest.facts.push_back({0, 8 + chance.uniform(), 1000, 0});
  std::vector<std::size_t> leaves = {first};
  for (std::int64_t k = 0; k < splits; ++k) {
    const auto chosen = static_cast<std::size_t>(chance.below(std::ssize(leaves)));
    const std::size_t place = leaves[chosen];
    const std::size_t left = forest.nodes.size();
    compute::ForestNode& node = forest.nodes[place];
    node.feature = static_cast<std::int32_t>(chance.below(forest.table.features()));
    node.left = static_cast<std::int32_t>(left - first);
    node.missing_left = chance.below(2) == 1;
    node.threshold = static_cast<double>(chance.below(5)) / 4;
    if (node.feature % 2 == 1) {
      node.categories = static_cast<std::int32_t>(forest.left_bins.size());
      forest.left_bins.push_back({static_cast<std::uint64_t>(chance.below(16)) + (node.missing_left ? 16U : 0U)});
    }
    const core::ForestNodeFacts above = forest.facts[place];
    const double share = chance.uniform();
    const auto count = static_cast<std::int64_t>(share * static_cast<double>(above.count));
    forest.nodes.resize(left + 2);
    forest.facts.push_back({0, above.cover * share, count, 0});
    forest.facts.push_back({0, above.cover * (1 - share), above.count - count, 0});
    leaves[chosen] = left;
    leaves.push_back(left + 1);
  }
  for (const std::size_t leaf : leaves) forest.nodes[leaf].value = chance.uniform() - 0.5;
  forest.first.push_back(std::ssize(forest.nodes));
}

inline core::FittedForest random_forest(std::int64_t features, std::int64_t outputs, std::int64_t rounds,
                                        std::int64_t splits, std::uint64_t seed) {
  core::FittedForest forest;
  for (std::int64_t f = 0; f < features; ++f) {
    const bool categorical = f % 2 == 1;
    for (int bin = 0; bin < (categorical ? 4 : 5); ++bin)
      forest.table.entries.push_back(categorical ? 2 * bin : bin / 4.0);
    forest.table.first.push_back(std::ssize(forest.table.entries));
    forest.table.categorical.push_back(categorical ? 1 : 0);
  }
  Chance chance(seed);
  forest.baseline.clear();
  for (std::int64_t k = 0; k < outputs; ++k) forest.baseline.push_back(chance.uniform());
  for (std::int64_t tree = 0; tree < rounds * outputs; ++tree) add_random_tree(forest, chance, splits);
  return forest;
}

/// Rows for such a forest: eighths and whole numbers -1 .. 7, with thresholds, unlisted categories and NaN among them.
template <class T>
Matrix<T> rows_for_forest(std::int64_t rows, std::int64_t features, std::uint64_t seed) {
  Chance chance(seed);
  Matrix<T> x(rows, features);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t f = 0; f < features; ++f) {
      x(i, f) = static_cast<T>(f % 2 == 1 ? static_cast<double>(chance.below(9)) - 1
                                          : static_cast<double>(chance.below(9)) / 8);
      if (chance.below(6) == 0) x(i, f) = std::numeric_limits<T>::quiet_NaN();
    }
  }
  return x;
}

/// Which side of a node a value goes to, by ForestNode's and BinTable's words.
inline bool naive_left(const core::FittedForest& forest, const compute::ForestNode& node, double value) {
  if (node.categories < 0) return std::isnan(value) ? node.missing_left : value <= node.threshold;
  const auto listed = forest.table.values(node.feature);
  std::size_t bin = 0;
  while (bin < listed.size() && listed[bin] != value) ++bin;
  return ((forest.left_bins[static_cast<std::size_t>(node.categories)][bin / 64] >> (bin % 64)) & 1) != 0;
}

/// The mean of a tree over the ways that known features leave open. weight(facts): what a node weighs.
template <class T, class Weight>
double naive_mean(const core::FittedForest& forest, std::int64_t tree, std::int64_t node, std::span<const T> row,
                  const std::vector<bool>& known, const Weight& weight) {
  const std::int64_t first = forest.first[static_cast<std::size_t>(tree)];
  const compute::ForestNode& split = forest.nodes[static_cast<std::size_t>(first + node)];
  if (split.feature < 0) return split.value;
  const auto feature = static_cast<std::size_t>(split.feature);
  if (known[feature]) {
    const bool left = naive_left(forest, split, static_cast<double>(row[feature]));
    return naive_mean(forest, tree, split.left + (left ? 0 : 1), row, known, weight);
  }
  const double left = weight(forest.facts[static_cast<std::size_t>(first + split.left)]);
  const double right = weight(forest.facts[static_cast<std::size_t>(first + split.left + 1)]);
  const double share = left + right > 0 ? left / (left + right) : 0.5;
  return share * naive_mean(forest, tree, split.left, row, known, weight) +
         (1 - share) * naive_mean(forest, tree, split.left + 1, row, known, weight);
}

/// The same of all trees of an output, on top of the baseline.
template <class T, class Weight>
double naive_mean_score(const core::FittedForest& forest, std::int64_t output, std::span<const T> row,
                        const std::vector<bool>& known, const Weight& weight) {
  double sum = forest.baseline[static_cast<std::size_t>(output)];
  for (std::int64_t tree = output; tree < forest.trees(); tree += forest.outputs()) {
    sum += naive_mean(forest, tree, 0, row, known, weight);
  }
  return sum;
}

}  // namespace forja::testing
