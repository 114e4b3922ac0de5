#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "runtime/aligned.h"

namespace forja::cpu {

/// A row's number; boosting on the CPU takes fewer than 2^32 rows.
using RowNumber = std::uint32_t;

/// Which bins go to the left.
using LeftTable = std::array<std::uint8_t, 256>;

/// Where the rows of a node lie.
struct Segment {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  int where = 0;  ///< 0: in the list that the order began with; 1, 2: in a buffer

  std::int64_t count() const { return end - begin; }
};

/// Rows of a segment: of a list, or, where there is none, those from `first` on.
struct SegmentRows {
  const RowNumber* list = nullptr;
  std::int64_t first = 0;
  std::int64_t count = 0;

  std::int64_t operator[](std::int64_t i) const { return list != nullptr ? std::int64_t{list[i]} : first + i; }
  SegmentRows middle(std::int64_t begin, std::int64_t size) const {
    return list != nullptr ? SegmentRows{list + begin, 0, size} : SegmentRows{nullptr, first + begin, size};
  }
};

/// An order of rows by the nodes of a tree. Splitting is stable and moves a segment to the other buffer, so that a
/// node's rows are found there until its children are split.
class NodeRows {
 public:
  /// list: outlives the tree; empty: the rows 0 .. count - 1.
  Segment start(std::span<const RowNumber> list, std::int64_t count);
  SegmentRows rows(const Segment& segment) const;
  /// column: a bin for each row of the data.
  std::pair<Segment, Segment> split(const Segment& segment, const std::uint8_t* column, const LeftTable& left,
                                    int threads);

 private:
  const RowNumber* list_ = nullptr;
  AlignedVector<RowNumber> buffers_[2];
  AlignedVector<std::uint8_t> goes_left_;
  std::vector<std::int64_t> lefts_;
};

}  // namespace forja::cpu
