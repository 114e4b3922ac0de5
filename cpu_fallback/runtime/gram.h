#pragma once

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "forja/matrix.h"
#include "runtime/aligned.h"
#include "runtime/outer_tile.h"
#include "runtime/rows_ahead.h"
#include "runtime/threads.h"

/// Gram matrices: sums of z z' over rows z of m numbers that are made as they are needed and never stored.
namespace forja::cpu {

/// A group of rows in strips, one machine vector wide: a strip has its columns of every row, one row after the other.
/// Two strips and a third, from which single columns are broadcast, stay in the first-level cache.
template <class T>
class GramGroup {
 public:
  using Tag = hn::ScalableTag<T>;
  static constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));
  /// Rows of a group: their products are summed in T before they are added up in double.
  static constexpr std::int64_t kRows = 160;

  explicit GramGroup(std::int64_t m)
      : strips_((m + kLanes - 1) / kLanes), values_(static_cast<std::size_t>(strips_ * kLanes * kRows)) {}

  /// Columns with those that fill up the last strip: zeros.
  static std::int64_t padded(std::int64_t m) { return (m + kLanes - 1) / kLanes * kLanes; }
  static std::int64_t tiles(std::int64_t m) { return (m + kOuterRows - 1) / kOuterRows; }

  /// row: padded(m) numbers.
  void set_row(std::int64_t i, const T* row) {
    for (std::int64_t s = 0; s < strips_; ++s) std::copy_n(row + s * kLanes, kLanes, strip(s) + i * kLanes);
  }

  std::int64_t strips() const { return strips_; }
  /// kLanes columns of row 0, of row 1, and so on.
  T* strip(std::int64_t s) { return values_.data() + s * kLanes * kRows; }

  /// Adds the products of the first `rows` rows' columns of tile `tile` with those of strips `first` and first + 1, as
  /// far as they reach below the diagonal of sums: tiles(m) x kOuterRows rows of padded(m) numbers.
  void add(std::int64_t tile, std::int64_t first, std::int64_t rows, double* sums, RowsAhead<T>& ahead) const {
    const std::int64_t column = tile * kOuterRows;
    const std::int64_t last = std::min((column + kOuterRows - 1) / kLanes, strips_ - 1);
    if (first > last) return;
    std::array<const T*, kOuterRows> left{};
    for (int r = 0; r < kOuterRows; ++r) {
      const std::int64_t own = std::min(column + r, strips_ * kLanes - 1);
      left[static_cast<std::size_t>(r)] = strip(own / kLanes) + own % kLanes;
    }
    const std::int64_t width = strips_ * kLanes;
    double* const out = sums + column * width + first * kLanes;
    if (first < last) {
      add_outer_products<kOuterVectors>(left.data(), kLanes, strip(first), kRows * kLanes, kLanes, rows, out, width,
                                        ahead);
    } else {
      add_outer_products<1>(left.data(), kLanes, strip(first), kRows * kLanes, kLanes, rows, out, width, ahead);
    }
  }

 private:
  const T* strip(std::int64_t s) const { return values_.data() + s * kLanes * kRows; }

  std::int64_t strips_;
  AlignedVector<T> values_;
};

/// Sum of z z' over n rows of m numbers, m x m; pack(group, first, rows, threads, thread) sets the first `rows` rows of
/// a group to the rows from `first` on, on so many threads numbered from `thread` on. Products are summed in T over
/// GramGroup's rows, then in double, in an order that does not depend on the threads. Each row is made once.
/// ahead(first, rows) asks for what such a group will be made of.
///
/// Floor: m (m + 1) operations a row, at the peak of multiply-adds in T.
template <class T, class Pack, class Ahead>
Matrix<double> gram_of_groups(std::int64_t n, std::int64_t m, int threads, const Pack& pack, const Ahead& ahead) {
  using Group = GramGroup<T>;
  constexpr std::int64_t kSumsBytes = std::int64_t{64} << 20;
  constexpr std::int64_t kMostChunks = 64;
  constexpr std::int64_t kLeastGroups = 8;
  const std::int64_t width = Group::padded(m);
  const std::int64_t size = Group::tiles(m) * kOuterRows * width;
  const std::int64_t groups = (n + Group::kRows - 1) / Group::kRows;
  // Rows in chunks with sums of their own, as far as those are small and many rows share them; else threads share the
  // strips of some groups, whose sums stay in the cache from one group to the next.
  const std::int64_t most = std::clamp<std::int64_t>(kSumsBytes / (size * 8), 1, kMostChunks);
  const bool by_rows = most >= 8;
  const Chunks chunks{groups,
                      by_rows ? std::max(kLeastGroups, (groups + most - 1) / most) : std::max<std::int64_t>(groups, 1)};
  const int outer = by_rows ? threads : 1;
  const int inner = by_rows ? 1 : threads;
  const std::int64_t at_once = by_rows ? 1 : kLeastGroups;
  std::vector<AlignedVector<double>> sums(static_cast<std::size_t>(chunks.number()));
  std::vector<Group> packed(static_cast<std::size_t>(outer * at_once), Group(m));
  for_each_chunk(outer, chunks.number(), [&](std::int64_t chunk, int thread) {
    Group* const held = packed.data() + thread * at_once;
    AlignedVector<double>& own = sums[static_cast<std::size_t>(chunk)];
    own.assign(static_cast<std::size_t>(size), 0.0);
    for (std::int64_t g = chunks.first(chunk); g < chunks.last(chunk); g += at_once) {
      const std::int64_t count = std::min(at_once, chunks.last(chunk) - g);
      const auto rows_of = [&](std::int64_t group) { return std::min(Group::kRows, n - (g + group) * Group::kRows); };
      for (std::int64_t group = 0; group < count; ++group) {
        pack(held[group], (g + group) * Group::kRows, rows_of(group), inner, thread);
      }
      const Chunks pairs{held->strips(), kOuterVectors};
      RowsAhead<T> next = by_rows ? ahead((g + 1) * Group::kRows, Group::kRows) : RowsAhead<T>();
      for_each_chunk(inner, pairs.number(), [&](std::int64_t pair, int) {
        const std::int64_t strip = pairs.first(pair);
        RowsAhead<T> none;
        RowsAhead<T>& asked = by_rows ? next : none;
        for (std::int64_t group = 0; group < count; ++group) {
          for (std::int64_t tile = strip * Group::kLanes / kOuterRows; tile < Group::tiles(m); ++tile) {
            held[group].add(tile, strip, rows_of(group), own.data(), asked);
          }
        }
      });
    }
  });
  Matrix<double> result(m, m);
  const Chunks rows{m, 16};
  for_each_chunk(threads, rows.number(), [&](std::int64_t chunk, int) {
    for (const AlignedVector<double>& part : sums) {
      for (std::int64_t i = rows.first(chunk); i < rows.last(chunk); ++i) {
        for (std::int64_t j = 0; j <= i; ++j) result(i, j) += part[static_cast<std::size_t>(i * width + j)];
      }
    }
  });
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < i; ++j) result(j, i) = result(i, j);
  }
  return result;
}

/// The same where fill(i, z) writes row i, mostly out of row i of `read`.
template <class T, class Fill>
Matrix<double> gram(std::int64_t n, std::int64_t m, int threads, MatrixView<const T> read, const Fill& fill) {
  using Group = GramGroup<T>;
  constexpr std::int64_t kPart = 16;  // rows, where threads share a group
  std::vector<AlignedVector<T>> row(static_cast<std::size_t>(threads),
                                    AlignedVector<T>(static_cast<std::size_t>(Group::padded(m)), T(0)));
  return gram_of_groups<T>(
      n, m, threads,
      [&](Group& group, std::int64_t first, std::int64_t rows, int inner, std::int64_t thread) {
        const Chunks parts{rows, inner == 1 ? rows : kPart};
        for_each_chunk(inner, parts.number(), [&](std::int64_t part, int helper) {
          T* const z = row[static_cast<std::size_t>(thread + helper)].data();
          for (std::int64_t i = parts.first(part); i < parts.last(part); ++i) {
            fill(first + i, z);
            group.set_row(i, z);
          }
        });
      },
      [read](std::int64_t first, std::int64_t rows) { return RowsAhead<T>(read, first, rows); });
}

}  // namespace forja::cpu
