#include "boosting/predictor.h"

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "runtime/device_rows.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Rows that go through a tree together, so that its nodes are fetched for many; fewer where their values would not
/// stay in the second-level cache.
constexpr std::int64_t kMostRowsOfBlock = 256;
constexpr std::int64_t kFewRowsOfBlock = 64;
constexpr std::size_t kManyColumns = 256;
constexpr int kRowsAbreast = 8;
/// Steps down trees that take a thread longer than it takes to wake another.
constexpr std::int64_t kTreesForThreads = 1 << 12;

}  // namespace

/// What a thread needs for a block of rows.
template <class T>
struct CpuBoostingPredictor<T>::Room {
  AlignedVector<T> columns;    ///< columns_ x block_rows_
  AlignedVector<double> sums;  ///< outputs x block_rows_
};

template <class T>
CpuBoostingPredictor<T>::CpuBoostingPredictor(const compute::Forest& forest, int threads)
    : outputs_(std::ssize(forest.baseline)),
      threads_(threads),
      baseline_(forest.baseline.begin(), forest.baseline.end()),
      left_bins_(forest.left_bins.begin(), forest.left_bins.end()) {
  if (!left_bins_.empty()) table_ = *forest.table;
  nodes_.reserve(forest.nodes.size());
  for (std::size_t tree = 0; tree + 1 < forest.first.size(); ++tree) add_tree(forest, tree);
  block_rows_ = columns_.size() > kManyColumns ? kFewRowsOfBlock : kMostRowsOfBlock;
}

template <class T>
void CpuBoostingPredictor<T>::add_tree(const compute::Forest& forest, std::size_t tree) {
  Tree added;
  added.root = static_cast<std::int32_t>(nodes_.size());
  std::int32_t leaves = 0;
  for (std::int64_t k = forest.first[tree]; k < forest.first[tree + 1]; ++k) {
    const compute::ForestNode& node = forest.nodes[static_cast<std::size_t>(k)];
    const bool leaf = node.feature < 0;
    values_.push_back(node.value);
    categories_.push_back(leaf ? -1 : node.categories);
    if (leaf) {
      nodes_.push_back({std::numeric_limits<T>::infinity(), static_cast<std::int32_t>(nodes_.size()), 0});
      ++leaves;
      continue;
    }
    const auto missing_right = static_cast<std::uint32_t>(node.missing_left ? 0 : 1);
    nodes_.push_back({static_cast<T>(node.threshold), added.root + node.left,
                      2 * static_cast<std::uint32_t>(node.feature) + missing_right});
    added.categorical |= node.categories >= 0;
  }
  added.crossed = leaves <= kMostCrossed && !added.categorical;
  if (added.crossed) add_crossings(added);
  trees_.push_back(added);
}

template <class T>
void CpuBoostingPredictor<T>::add_crossings(Tree& tree) {
  tree.first_leaf = std::ssize(leaf_values_);
  std::vector<Crossing> lists[2];
  collect_crossings(tree.root, tree.first_leaf, lists);
  tree.first_crossing = std::ssize(crossings_);
  tree.first_right = tree.first_crossing + std::ssize(lists[0]);
  for (const std::vector<Crossing>& list : lists) crossings_.insert(crossings_.end(), list.begin(), list.end());
  tree.end_crossing = std::ssize(crossings_);
}

template <class T>
typename CpuBoostingPredictor<T>::LeafBits CpuBoostingPredictor<T>::collect_crossings(
    std::int32_t at, std::int64_t first_leaf, std::vector<Crossing> (&lists)[2]) {
  const Node node = nodes_[static_cast<std::size_t>(at)];
  if (node.left == at) {
    leaf_values_.push_back(values_[static_cast<std::size_t>(at)]);
    return LeafBits{1} << (std::ssize(leaf_values_) - 1 - first_leaf);
  }
  const LeafBits left = collect_crossings(node.left, first_leaf, lists);
  const LeafBits right = collect_crossings(node.left + 1, first_leaf, lists);
  lists[node.feature & 1].push_back({node.threshold, left, column_for(node.feature / 2)});
  return left | right;
}

template <class T>
std::int32_t CpuBoostingPredictor<T>::column_for(std::uint32_t feature) {
  if (column_of_.size() <= feature) column_of_.resize(feature + 1, -1);
  std::int32_t& column = column_of_[feature];
  if (column < 0) {
    column = static_cast<std::int32_t>(columns_.size());
    columns_.push_back(feature);
  }
  return column;
}

template <class T>
bool CpuBoostingPredictor<T>::category_left(std::int32_t at, T value) const {
  const std::uint32_t feature = nodes_[static_cast<std::size_t>(at)].feature;
  const std::span<const double> listed = table_.values(feature / 2);
  const auto wanted = static_cast<double>(value);
  if (std::isnan(wanted)) return feature % 2 == 0;
  const auto found = std::lower_bound(listed.begin(), listed.end(), wanted);
  if (found == listed.end() || *found != wanted) return feature % 2 == 0;
  const auto bin = static_cast<std::size_t>(found - listed.begin());
  const auto& bins = left_bins_[static_cast<std::size_t>(categories_[static_cast<std::size_t>(at)])];
  return (bins[bin / 64] >> (bin % 64) & 1) != 0;
}

template <class T>
template <bool kCategorical>
std::int32_t CpuBoostingPredictor<T>::next(std::int32_t at, const T* row) const {
  const Node& node = nodes_[static_cast<std::size_t>(at)];
  const T value = row[node.feature / 2];
  if (kCategorical && categories_[static_cast<std::size_t>(at)] >= 0) {
    return node.left + (category_left(at, value) ? 0 : 1);
  }
  const auto right = static_cast<std::uint32_t>(value > node.threshold);
  return node.left + static_cast<std::int32_t>(right | (static_cast<std::uint32_t>(std::isnan(value)) & node.feature));
}

template <class T>
template <int kRows, bool kCategorical>
void CpuBoostingPredictor<T>::walk_rows(std::int32_t root, const T* x, std::int64_t stride, double* sums) const {
  std::int32_t at[kRows];
  std::fill_n(at, kRows, root);
  for (std::int32_t moved = 1; moved != 0;) {
    moved = 0;
#pragma GCC unroll 16
    for (int j = 0; j < kRows; ++j) {
      const std::int32_t to = next<kCategorical>(at[j], x + j * stride);
      moved |= to ^ at[j];
      at[j] = to;
    }
  }
  for (int j = 0; j < kRows; ++j) sums[j] += values_[static_cast<std::size_t>(at[j])];
}

template <class T>
void CpuBoostingPredictor<T>::cross_rows(const Tree& tree, const T* columns, double* sums) const {
  constexpr hn::CappedTag<T, 16> tag;
  constexpr hn::RebindToUnsigned<decltype(tag)> bits_tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  const auto crossed = [&](auto goes_right, LeafBits leaves, auto bits) {
    return hn::AndNot(hn::And(hn::BitCast(bits_tag, hn::VecFromMask(tag, goes_right)), hn::Set(bits_tag, leaves)),
                      bits);
  };
  alignas(64) LeafBits left[kMostRowsOfBlock];
  for (std::int64_t i = 0; i < block_rows_; i += 4 * lanes) {
    auto bits0 = hn::Set(bits_tag, ~LeafBits{0});
    auto bits1 = bits0;
    auto bits2 = bits0;
    auto bits3 = bits0;
    const auto cross = [&](std::int64_t begin, std::int64_t end, const auto& goes_right) {
      for (std::int64_t c = begin; c < end; ++c) {
        const Crossing& one = crossings_[static_cast<std::size_t>(c)];
        const T* x = columns + one.column * block_rows_ + i;
        const auto threshold = hn::Set(tag, one.threshold);
        bits0 = crossed(goes_right(hn::Load(tag, x), threshold), one.leaves, bits0);
        bits1 = crossed(goes_right(hn::Load(tag, x + lanes), threshold), one.leaves, bits1);
        bits2 = crossed(goes_right(hn::Load(tag, x + 2 * lanes), threshold), one.leaves, bits2);
        bits3 = crossed(goes_right(hn::Load(tag, x + 3 * lanes), threshold), one.leaves, bits3);
      }
    };
    cross(tree.first_crossing, tree.first_right, [](auto x, auto threshold) { return hn::Gt(x, threshold); });
    cross(tree.first_right, tree.end_crossing, [](auto x, auto threshold) { return hn::Not(hn::Le(x, threshold)); });
    hn::Store(bits0, bits_tag, left + i);
    hn::Store(bits1, bits_tag, left + i + lanes);
    hn::Store(bits2, bits_tag, left + i + 2 * lanes);
    hn::Store(bits3, bits_tag, left + i + 3 * lanes);
  }
  const double* values = leaf_values_.data() + tree.first_leaf;
  for (std::int64_t i = 0; i < block_rows_; ++i) sums[i] += values[std::countr_zero(left[i])];
}

template <class T>
void CpuBoostingPredictor<T>::sum_block(MatrixView<const T> x, std::int64_t first_tree, std::int64_t end_tree,
                                        MatrixView<double> out, Room& room) const {
  room.columns.resize(columns_.size() * static_cast<std::size_t>(block_rows_), T(0));
  room.sums.resize(static_cast<std::size_t>(outputs_ * block_rows_), 0.0);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const T* row = x.row(i).data();
    T* to = room.columns.data() + i;
    for (const std::int64_t feature : columns_) {
      *to = row[feature];
      to += block_rows_;
    }
    for (std::int64_t k = 0; k < outputs_; ++k) room.sums[static_cast<std::size_t>(k * block_rows_ + i)] = out(i, k);
  }
  for (std::int64_t t = first_tree; t < end_tree; ++t) {
    const Tree& tree = trees_[static_cast<std::size_t>(t)];
    double* sums = room.sums.data() + t % outputs_ * block_rows_;
    if (tree.crossed) {
      cross_rows(tree, room.columns.data(), sums);
      continue;
    }
    std::int64_t i = 0;
    for (; i + kRowsAbreast <= x.rows(); i += kRowsAbreast) {
      if (tree.categorical) {
        walk_rows<kRowsAbreast, true>(tree.root, x.row(i).data(), x.stride(), sums + i);
      } else {
        walk_rows<kRowsAbreast, false>(tree.root, x.row(i).data(), x.stride(), sums + i);
      }
    }
    for (; i < x.rows(); ++i) walk_rows<1, true>(tree.root, x.row(i).data(), x.stride(), sums + i);
  }
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::int64_t k = 0; k < outputs_; ++k) out(i, k) = room.sums[static_cast<std::size_t>(k * block_rows_ + i)];
  }
}

template <class T>
void CpuBoostingPredictor<T>::sum(const Rows<T>& x, std::int64_t first_round, std::int64_t end_round,
                                  MatrixView<double> out) {
  const MatrixView<const T> rows = host_view(x);
  if (first_round == 0) {
    for (std::int64_t i = 0; i < out.rows(); ++i) std::copy(baseline_.begin(), baseline_.end(), out.row(i).begin());
  }
  const std::int64_t first_tree = first_round * outputs_;
  const std::int64_t end_tree = end_round * outputs_;
  const Chunks blocks{rows.rows(), block_rows_};
  const int threads = rows.rows() * (end_tree - first_tree) < kTreesForThreads ? 1 : threads_;
  std::vector<Room> rooms(static_cast<std::size_t>(threads));
  for_each_chunk(threads, blocks.number(), [&](std::int64_t block, int thread) {
    const std::int64_t first = blocks.first(block);
    const std::int64_t count = blocks.last(block) - first;
    sum_block(rows.middle_rows(first, count), first_tree, end_tree, out.middle_rows(first, count),
              rooms[static_cast<std::size_t>(thread)]);
  });
}

template class CpuBoostingPredictor<float>;
template class CpuBoostingPredictor<double>;

}  // namespace forja::cpu
