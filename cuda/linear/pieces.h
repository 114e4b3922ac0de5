#pragma once

#include <algorithm>
#include <cstdint>

#include "linear/linear_kernels.cuh"

/// Passes take rows in pieces, and sums in groups of kGroupRows rows.
namespace forja::cuda {

/// Intermediate results of a piece, in bytes: a part of the L2 cache.
inline constexpr std::int64_t kPieceBytes = std::int64_t{16} << 20;

inline std::int64_t groups_of(std::int64_t rows) { return (rows + kGroupRows - 1) / kGroupRows; }

/// How many pieces of this size cover `count`.
inline unsigned pieces(std::int64_t count, std::int64_t size) {
  return static_cast<unsigned>((count + size - 1) / size);
}

/// Rows of a piece with so many bytes a row.
inline std::int64_t piece_rows(std::int64_t row_bytes) {
  return std::max<std::int64_t>(kPieceBytes / row_bytes / kGroupRows, 1) * kGroupRows;
}

}  // namespace forja::cuda
