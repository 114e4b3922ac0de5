#pragma once

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "forja/matrix.h"
#include "runtime/aligned.h"
#include "runtime/threads.h"

/// Gram matrices: sums of z z' over rows z of m numbers that are made as they are needed and never stored.
namespace forja::cpu {

namespace hn = hwy::HWY_NAMESPACE;

/// A group of rows in strips, one machine vector wide: a strip has its columns of every row, one row after the other.
/// Two strips and a third, from which single columns are broadcast, stay in the first-level cache.
template <class T>
class GramGroup {
 public:
  using Tag = hn::ScalableTag<T>;
  static constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));
  /// Rows of a group: their products are summed in T before they are added up in double.
  static constexpr std::int64_t kRows = 160;
  /// Columns by two vectors make a tile of sums that stays in registers, as in PackedPanels.
  static constexpr int kTileRows = HWY_MAX_BYTES >= 64 ? 8 : 6;
  static constexpr int kTileVectors = 2;

  explicit GramGroup(std::int64_t m)
      : strips_((m + kLanes - 1) / kLanes), values_(static_cast<std::size_t>(strips_ * kLanes * kRows)) {}

  /// Columns with those that fill up the last strip: zeros.
  static std::int64_t padded(std::int64_t m) { return (m + kLanes - 1) / kLanes * kLanes; }
  static std::int64_t tiles(std::int64_t m) { return (m + kTileRows - 1) / kTileRows; }

  /// row: padded(m) numbers.
  void set_row(std::int64_t i, const T* row) {
    for (std::int64_t s = 0; s < strips_; ++s) std::copy_n(row + s * kLanes, kLanes, strip(s) + i * kLanes);
  }

  /// Adds the products of the first `rows` rows' columns of tile `tile` with those of strips `first` and first + 1, as
  /// far as they reach below the diagonal of sums: tiles(m) x kTileRows rows of padded(m) numbers.
  void add(std::int64_t tile, std::int64_t first, std::int64_t rows, double* sums) const {
    const std::int64_t column = tile * kTileRows;
    const std::int64_t last = std::min((column + kTileRows - 1) / kLanes, strips_ - 1);
    if (first > last) return;
    std::array<const T*, kTileRows> left{};
    for (int r = 0; r < kTileRows; ++r) {
      const std::int64_t own = std::min(column + r, strips_ * kLanes - 1);
      left[static_cast<std::size_t>(r)] = strip(own / kLanes) + own % kLanes;
    }
    double* const out = sums + column * strips_ * kLanes + first * kLanes;
    if (first < last) {
      multiply<kTileVectors>(left.data(), strip(first), rows, out);
    } else {
      multiply<1>(left.data(), strip(first), rows, out);
    }
  }

  std::int64_t strips() const { return strips_; }

 private:
  const T* strip(std::int64_t s) const { return values_.data() + s * kLanes * kRows; }
  T* strip(std::int64_t s) { return values_.data() + s * kLanes * kRows; }

  template <int kVectors>
  void multiply(const T* const* left, const T* right, std::int64_t rows, double* out) const {
    const Tag tag;
    hn::Vec<Tag> product[kTileRows][kVectors];
    for (auto& of_row : product) {
      for (auto& value : of_row) value = hn::Zero(tag);
    }
    for (std::int64_t j = 0; j < rows; ++j) {
      hn::Vec<Tag> operand[kVectors];
      for (int v = 0; v < kVectors; ++v) operand[v] = hn::Load(tag, right + (v * kRows + j) * kLanes);
      for (int r = 0; r < kTileRows; ++r) {
        const auto entry = hn::Set(tag, left[r][j * kLanes]);
        for (int v = 0; v < kVectors; ++v) product[r][v] = hn::MulAdd(entry, operand[v], product[r][v]);
      }
    }
    for (int r = 0; r < kTileRows; ++r) {
      HWY_ALIGN T found[kVectors * kLanes];
      for (int v = 0; v < kVectors; ++v) hn::Store(product[r][v], tag, found + v * kLanes);
      double* const to = out + r * strips_ * kLanes;
      for (std::int64_t k = 0; k < kVectors * kLanes; ++k) to[k] += static_cast<double>(found[k]);
    }
  }

  std::int64_t strips_;
  AlignedVector<T> values_;
};

/// Sum of z z' over n rows of m numbers, m x m; fill(i, z) writes row i. Products are summed in T over GramGroup's
/// rows, then in double, in an order that does not depend on the threads. Each row is made once.
///
/// Floor: m (m + 1) operations a row, at the peak of multiply-adds in T.
template <class T, class Fill>
Matrix<double> gram(std::int64_t n, std::int64_t m, int threads, const Fill& fill) {
  using Group = GramGroup<T>;
  constexpr std::int64_t kSumsBytes = std::int64_t{64} << 20;
  constexpr std::int64_t kMostChunks = 64;
  const std::int64_t width = Group::padded(m);
  const std::int64_t size = Group::tiles(m) * Group::kTileRows * width;
  const std::int64_t groups = (n + Group::kRows - 1) / Group::kRows;
  // Rows in chunks with sums of their own, as far as those are small and many rows share them; else threads share the
  // tiles of each group.
  const std::int64_t most = std::clamp<std::int64_t>(kSumsBytes / (size * 8), 1, kMostChunks);
  const bool by_rows = most >= 8;
  constexpr std::int64_t kLeastGroups = 8;
  const Chunks chunks{groups,
                      by_rows ? std::max(kLeastGroups, (groups + most - 1) / most) : std::max<std::int64_t>(groups, 1)};
  std::vector<std::vector<double>> sums(static_cast<std::size_t>(chunks.number()),
                                        std::vector<double>(static_cast<std::size_t>(size)));
  const int outer = by_rows ? threads : 1;
  const int inner = by_rows ? 1 : threads;
  std::vector<Group> packed(static_cast<std::size_t>(outer), Group(m));
  std::vector<AlignedVector<T>> row(static_cast<std::size_t>(threads),
                                    AlignedVector<T>(static_cast<std::size_t>(width), T(0)));
  for_each_chunk(outer, chunks.number(), [&](std::int64_t chunk, int thread) {
    Group& group = packed[static_cast<std::size_t>(thread)];
    double* const own = sums[static_cast<std::size_t>(chunk)].data();
    for (std::int64_t g = chunks.first(chunk); g < chunks.last(chunk); ++g) {
      const std::int64_t first = g * Group::kRows;
      const std::int64_t rows = std::min(Group::kRows, n - first);
      const Chunks parts{rows, by_rows ? rows : 16};
      for_each_chunk(inner, parts.number(), [&](std::int64_t part, int helper) {
        T* const z = row[static_cast<std::size_t>(by_rows ? thread : helper)].data();
        for (std::int64_t i = parts.first(part); i < parts.last(part); ++i) {
          fill(first + i, z);
          group.set_row(i, z);
        }
      });
      for (std::int64_t s = 0; s < group.strips(); s += Group::kTileVectors) {
        const std::int64_t before = s * Group::kLanes / Group::kTileRows;
        for_each_chunk(inner, Group::tiles(m) - before,
                       [&](std::int64_t tile, int) { group.add(before + tile, s, rows, own); });
      }
    }
  });
  Matrix<double> result(m, m);
  for (const std::vector<double>& part : sums) {
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j <= i; ++j) result(i, j) += part[static_cast<std::size_t>(i * width + j)];
    }
  }
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < i; ++j) result(j, i) = result(i, j);
  }
  return result;
}

}  // namespace forja::cpu
