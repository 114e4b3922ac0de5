#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "compute/boosting_compute.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Blocks of rows go through all trees. A numeric tree of few leaves is not walked: each of its splits crosses out
/// leaves for many rows at once, and the first that is left is the row's (QuickScorer: Lucchese et al. 2015). Other
/// trees are walked by several rows abreast.
///
/// Floor: a comparison and two operations of a vector for each split and vector of rows; walked, a step is a load of a
/// node that depends on the one before, and one of a value.
template <class T>
class CpuBoostingPredictor final : public compute::BoostingPredictor<T> {
 public:
  CpuBoostingPredictor(const compute::Forest& forest, int threads);

  void sum(const Rows<T>& x, std::int64_t first_round, std::int64_t end_round, MatrixView<double> out) override;

 private:
  /// As many bits as T has.
  using LeafBits = std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>;
  static constexpr std::int64_t kMostCrossed = 8 * sizeof(LeafBits);

  /// A leaf leads to itself whatever the value.
  struct Node {
    T threshold;
    std::int32_t left;      ///< the right one is next
    std::uint32_t feature;  ///< twice, and 1 where missing values go to the right
  };
  /// A split that crosses out the leaves on its left.
  struct Crossing {
    T threshold;
    LeafBits leaves;
    std::int32_t column;
  };
  struct Tree {
    std::int32_t root = 0;
    bool categorical = false;  ///< whether any node is
    bool crossed = false;
    std::int64_t first_crossing = 0;  ///< those that send missing values to the left; then the others
    std::int64_t first_right = 0;
    std::int64_t end_crossing = 0;
    std::int64_t first_leaf = 0;  ///< in leaf_values_, from left to right
  };
  struct Room;

  void add_tree(const compute::Forest& forest, std::size_t tree);
  void add_crossings(Tree& tree);
  /// Of a node and those below; returns its leaves. lists: of missing values that go to the left, and to the right.
  LeafBits collect_crossings(std::int32_t at, std::int64_t first_leaf, std::vector<Crossing> (&lists)[2]);
  std::int32_t column_for(std::uint32_t feature);
  bool category_left(std::int32_t node, T value) const;
  template <bool kCategorical>
  std::int32_t next(std::int32_t at, const T* row) const;
  template <int kRows, bool kCategorical>
  void walk_rows(std::int32_t root, const T* x, std::int64_t stride, double* sums) const;
  void cross_rows(const Tree& tree, const T* columns, double* sums) const;
  void sum_block(MatrixView<const T> x, std::int64_t first_tree, std::int64_t end_tree, MatrixView<double> out,
                 Room& room) const;

  std::int64_t outputs_;
  int threads_;
  std::int64_t block_rows_;
  std::vector<double> baseline_;
  std::vector<Tree> trees_;
  AlignedVector<Node> nodes_;
  std::vector<double> values_;            ///< of nodes
  std::vector<std::int32_t> categories_;  ///< of nodes: a place in left_bins_, below 0 where numeric
  std::vector<std::int64_t> columns_;     ///< features that crossings look at
  std::vector<std::int32_t> column_of_;   ///< of each feature up to the last of those, or -1
  AlignedVector<Crossing> crossings_;
  std::vector<double> leaf_values_;
  std::vector<std::array<std::uint64_t, 4>> left_bins_;
  compute::BinTable table_;
};

}  // namespace forja::cpu
