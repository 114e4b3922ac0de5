#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compute/boosting_compute.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Trees stay in the cache while they are walked by a block of rows, several rows abreast. One row alone needs neither
/// memory nor a lock.
///
/// Floor: a step down a tree is one dependent load of a node and one of a value.
template <class T>
class CpuBoostingPredictor final : public compute::BoostingPredictor<T> {
 public:
  CpuBoostingPredictor(const compute::Forest& forest, int threads);

  void sum(const Rows<T>& x, std::int64_t first_round, std::int64_t end_round, MatrixView<double> out) override;

 private:
  /// A leaf leads to itself whatever the value.
  struct Node {
    T threshold;
    std::int32_t left;      ///< from the tree's first node; the right one is next
    std::uint32_t feature;  ///< twice, and 1 where missing values go to the right
  };
  struct Tree {
    std::int64_t first = 0;  ///< node
    std::int32_t depth = 0;
    bool categorical = false;  ///< whether any node is
  };

  void add_nodes(const compute::Forest& forest, std::size_t tree);
  template <int kRows, bool kCategorical>
  void walk(const Tree& tree, const T* x, std::int64_t stride, double* out, std::int64_t out_stride) const;
  void walk_rows(const Tree& tree, MatrixView<const T> x, double* out, std::int64_t out_stride) const;
  bool category_left(std::int64_t node, T value) const;

  std::int64_t outputs_;
  int threads_;
  std::vector<double> baseline_;
  std::vector<Tree> trees_;
  AlignedVector<Node> nodes_;
  std::vector<double> values_;
  std::vector<std::int32_t> categories_;  ///< of each node: a place in left_bins_, below 0 where numeric
  std::vector<std::array<std::uint64_t, 4>> left_bins_;
  compute::BinTable table_;
};

}  // namespace forja::cpu
