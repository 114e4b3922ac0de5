#pragma once

#include <cstdint>
#include <vector>

#include "kmeans/centers.h"
#include "kmeans/training_rows.h"
#include "runtime/aligned.h"
#include "runtime/packed_tile.h"

namespace forja::cpu {

/// One thread's working memory for blocks of rows.
template <class T>
struct NearestScratch {
  AlignedVector<T> rows;    ///< centred, block_rows() x d
  AlignedVector<T> best;    ///< per row and lane: the least score,
  AlignedVector<T> second;  ///< the next one,
  AlignedVector<T> vector;  ///< and which packed vector had the least
  std::vector<std::int32_t> labels;
  AlignedVector<T> scores;  ///< of one row, where the least two are too close
};

/// Nearest centres for blocks of rows by the seam's contract: scores from the packed tile with their two least kept in
/// registers, exact distances for the rows where these are too close. Reads each row once; n x k numbers are never
/// stored. Per row 2 k d operations, which bound it; 4 d bytes read.
template <class T>
class NearestCenters {
 public:
  /// Centers outlive this or the next call.
  void set(const Centers<T>& centers);

  /// Rows of one call: a block stays in the second-level cache, and a multiple of the tile's rows.
  static std::int64_t block_rows(std::int64_t d);
  void prepare(NearestScratch<T>& scratch) const;

  /// Labels the first `rows` rows of the scratch, whose norms are bounded by norm(i).
  template <class Norm>
  void search(NearestScratch<T>& scratch, std::int64_t rows, const Norm& norm) const {
    scan(scratch, rows);
    for (std::int64_t i = 0; i < rows; ++i) scratch.labels[static_cast<std::size_t>(i)] = decide(scratch, i, norm(i));
  }

 private:
  using Panels = PackedPanels<T>;

  void scan(NearestScratch<T>& scratch, std::int64_t rows) const;
  std::int32_t decide(NearestScratch<T>& scratch, std::int64_t row, T norm) const;

  const Centers<T>* centers_ = nullptr;
  Panels panels_;
  AlignedVector<T> squares_;  // of the packed centres; infinite where there is none
};

}  // namespace forja::cpu
