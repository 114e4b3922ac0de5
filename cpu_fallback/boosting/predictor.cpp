#include "boosting/predictor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/device_rows.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

constexpr std::int64_t kRowsOfBlock = 256;
constexpr int kAbreast = 8;

}  // namespace

template <class T>
CpuBoostingPredictor<T>::CpuBoostingPredictor(const compute::Forest& forest, int threads)
    : outputs_(std::ssize(forest.baseline)),
      threads_(threads),
      baseline_(forest.baseline.begin(), forest.baseline.end()),
      left_bins_(forest.left_bins.begin(), forest.left_bins.end()) {
  if (!left_bins_.empty()) table_ = *forest.table;
  nodes_.reserve(forest.nodes.size());
  for (std::size_t tree = 0; tree + 1 < forest.first.size(); ++tree) add_nodes(forest, tree);
}

template <class T>
void CpuBoostingPredictor<T>::add_nodes(const compute::Forest& forest, std::size_t tree) {
  Tree added{forest.first[tree]};
  const std::int64_t count = forest.first[tree + 1] - added.first;
  std::vector<std::int32_t> depth(static_cast<std::size_t>(count), 0);
  for (std::int32_t k = 0; k < count; ++k) {
    const compute::ForestNode& node = forest.nodes[static_cast<std::size_t>(added.first + k)];
    values_.push_back(node.value);
    categories_.push_back(node.feature < 0 ? -1 : node.categories);
    if (node.feature < 0) {
      nodes_.push_back({std::numeric_limits<T>::infinity(), k, 0});
      continue;
    }
    const auto missing_right = static_cast<std::uint32_t>(node.missing_left ? 0 : 1);
    nodes_.push_back(
        {static_cast<T>(node.threshold), node.left, 2 * static_cast<std::uint32_t>(node.feature) + missing_right});
    const std::int32_t below = depth[static_cast<std::size_t>(k)] + 1;
    depth[static_cast<std::size_t>(node.left)] = depth[static_cast<std::size_t>(node.left) + 1] = below;
    added.depth = std::max(added.depth, below);
    added.categorical |= node.categories >= 0;
  }
  trees_.push_back(added);
}

template <class T>
bool CpuBoostingPredictor<T>::category_left(std::int64_t node, T value) const {
  const Node& split = nodes_[static_cast<std::size_t>(node)];
  const std::span<const double> listed = table_.values(split.feature / 2);
  const auto wanted = static_cast<double>(value);
  const auto found = std::lower_bound(listed.begin(), listed.end(), wanted);
  if (std::isnan(wanted) || found == listed.end() || *found != wanted) return split.feature % 2 == 0;
  const auto bin = static_cast<std::size_t>(found - listed.begin());
  const auto& bins = left_bins_[static_cast<std::size_t>(categories_[static_cast<std::size_t>(node)])];
  return (bins[bin / 64] >> (bin % 64) & 1) != 0;
}

template <class T>
template <int kRows, bool kCategorical>
void CpuBoostingPredictor<T>::walk(const Tree& tree, const T* x, std::int64_t stride, double* out,
                                   std::int64_t out_stride) const {
  const Node* nodes = nodes_.data() + tree.first;
  std::int32_t at[kRows] = {};
  for (std::int32_t step = 0; step < tree.depth; ++step) {
    for (int j = 0; j < kRows; ++j) {
      const Node& node = nodes[at[j]];
      const T value = x[j * stride + node.feature / 2];
      if (kCategorical && categories_[static_cast<std::size_t>(tree.first + at[j])] >= 0) {
        at[j] = node.left + (category_left(tree.first + at[j], value) ? 0 : 1);
      } else {
        const bool right = (value > node.threshold) | (std::isnan(value) & ((node.feature & 1) != 0));
        at[j] = node.left + static_cast<std::int32_t>(right);
      }
    }
  }
  for (int j = 0; j < kRows; ++j) out[j * out_stride] += values_[static_cast<std::size_t>(tree.first + at[j])];
}

template <class T>
void CpuBoostingPredictor<T>::walk_rows(const Tree& tree, MatrixView<const T> x, double* out,
                                        std::int64_t out_stride) const {
  std::int64_t i = 0;
  const auto row = [&](std::int64_t at) { return x.data() + at * x.stride(); };
  for (; i + kAbreast <= x.rows(); i += kAbreast) {
    if (tree.categorical) {
      walk<kAbreast, true>(tree, row(i), x.stride(), out + i * out_stride, out_stride);
    } else {
      walk<kAbreast, false>(tree, row(i), x.stride(), out + i * out_stride, out_stride);
    }
  }
  for (; i < x.rows(); ++i) walk<1, true>(tree, row(i), x.stride(), out + i * out_stride, out_stride);
}

template <class T>
void CpuBoostingPredictor<T>::sum(const Rows<T>& x, std::int64_t first_round, std::int64_t end_round,
                                  MatrixView<double> out) {
  const MatrixView<const T> rows = host_view(x);
  const Chunks blocks{rows.rows(), kRowsOfBlock};
  for_each_chunk(threads_, blocks.number(), [&](std::int64_t block, int) {
    const std::int64_t first = blocks.first(block);
    const auto part = rows.middle_rows(first, blocks.last(block) - first);
    const auto sums = out.middle_rows(first, part.rows());
    if (first_round == 0) {
      for (std::int64_t i = 0; i < part.rows(); ++i) std::copy(baseline_.begin(), baseline_.end(), sums.row(i).begin());
    }
    for (std::int64_t t = first_round * outputs_; t < end_round * outputs_; ++t) {
      walk_rows(trees_[static_cast<std::size_t>(t)], part, sums.data() + t % outputs_, sums.stride());
    }
  });
}

template class CpuBoostingPredictor<float>;
template class CpuBoostingPredictor<double>;

}  // namespace forja::cpu
