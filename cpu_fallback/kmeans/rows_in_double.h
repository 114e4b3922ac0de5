#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "runtime/aligned.h"
#include "runtime/machine.h"
#include "runtime/packed_tile.h"

namespace forja::cpu {

/// A block of rows in double, for distances whose squares are summed as formulas::exact_distance() sums them. Per row
/// and vector 3 d operations, which bound it.
class RowsInDouble {
 public:
  using Panels = PackedPanels<double>;

  /// Rows that stay in the second-level cache while vectors pass.
  static std::int64_t block_rows(std::int64_t d) {
    constexpr std::int64_t kMost = 120;
    const std::int64_t room = cache_sizes().level2 / 2 / static_cast<std::int64_t>(sizeof(double));
    return std::clamp(room / std::max<std::int64_t>(1, d), Panels::kTileRows * std::int64_t{1}, kMost) /
           Panels::kTileRows * Panels::kTileRows;
  }

  RowsInDouble(std::int64_t count, std::int64_t d) : count_(count), d_(d) {
    const std::int64_t rounded = (count + Panels::kTileRows - 1) / Panels::kTileRows * Panels::kTileRows;
    values_.resize(static_cast<std::size_t>(count * d));
    // The last tile is filled with the first row, whose results no one reads.
    for (std::int64_t i = 0; i < rounded; ++i) list_.push_back(values_.data() + (i < count ? i * d : 0));
  }

  template <class T>
  void set(std::int64_t i, const T* x) {
    std::copy_n(x, d_, values_.data() + i * d_);
  }

  /// Calls take(i, roots, width) for each row with its distances to the panel's vectors.
  template <class Take>
  void roots(const Panels& panels, std::int64_t panel, const Take& take) const {
    alignas(kAlignment) double roots[Panels::kPanelWidth];
    panels.measure(panel, list_.data(), std::ssize(list_),
                   [&](std::int64_t i, const Panels::Vector* squares, int width) {
                     if (i >= count_) return;
                     const Panels::Tag tag;
                     for (int v = 0; v < width; ++v) hn::Store(hn::Sqrt(squares[v]), tag, roots + v * Panels::kLanes);
                     take(i, static_cast<const double*>(roots), width * Panels::kLanes);
                   });
  }

 private:
  std::int64_t count_;
  std::int64_t d_;
  AlignedVector<double> values_;
  std::vector<const double*> list_;
};

}  // namespace forja::cpu
