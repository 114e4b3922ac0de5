#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kmeans/centers.h"
#include "kmeans/training_rows.h"
#include "runtime/aligned.h"
#include "runtime/packed_tile.h"

namespace forja::cpu {

/// One thread's working memory for blocks of rows.
template <class T>
struct NearestScratch {
  AlignedVector<T> rows;  ///< centred, block_rows() x d
  // What search() finds for each row:
  std::vector<std::int32_t> labels;
  std::vector<T> score;      ///< at least the computed score of its centre
  std::vector<T> runner_up;  ///< at most that of every other centre that was searched
  // For a search by panels:
  std::vector<std::uint8_t> wanted;  ///< in: rows x panels, which to search, 0 or 1
  AlignedVector<T> group_least;      ///< out: rows x group_stride(), the least score in each group of these panels

  // Per row and lane: the least score, the next one, and which packed vector had the least.
  AlignedVector<T> best;
  AlignedVector<T> second;
  AlignedVector<T> vector;
  // Rows that pass through one panel.
  std::vector<const T*> listed;
  std::vector<std::int32_t> listed_row;
  AlignedVector<T> scores;  ///< of one row, where too many are too close
};

/// Nearest centres for blocks of rows by the seam's contract: scores from the packed tile with their two least kept in
/// registers, exact distances for the rows where these are too close. Reads each row once; n x k numbers are never
/// stored. Per row 2 k d operations, which bound it; 4 d bytes read.
///
/// A search may leave panels of the tile out. For bounds, centres form groups: a whole panel each, or every centre one
/// of its own.
template <class T>
class NearestCenters {
 public:
  static constexpr std::int64_t kGroupSize = PackedPanels<T>::kPanelWidth;

  /// Centers outlive this or the next call. order: all centres, as they shall be grouped; empty: as they are.
  /// group_size: kGroupSize or 1.
  void set(const Centers<T>& centers, std::span<const std::int32_t> order = {}, std::int64_t group_size = kGroupSize);
  std::int64_t panels() const { return panels_.panels(); }
  std::int64_t groups() const { return (centers_->count() + group_size_ - 1) / group_size_; }
  std::int64_t groups_per_panel() const { return kGroupSize / group_size_; }
  /// From the groups of one row in the scratch to those of the next.
  std::int64_t group_stride() const { return group_size_ == 1 ? panels_.vectors() * Panels::kLanes : groups(); }
  /// That is alone in this group: where groups are of size 1.
  std::int32_t center_of(std::int64_t group) const { return order_[static_cast<std::size_t>(group)]; }
  std::int64_t group_of(std::int32_t center) const { return position_[static_cast<std::size_t>(center)] / group_size_; }

  /// Rows of one call, a multiple of the tile's: a block stays in the cache while all panels pass, in the first-level
  /// one where there is but one.
  std::int64_t block_rows() const;
  void prepare(NearestScratch<T>& scratch) const;

  /// Labels the first `rows` rows of the scratch, whose norms are bounded by norm(i).
  template <class Norm>
  void search(NearestScratch<T>& scratch, std::int64_t rows, const Norm& norm) const {
    scan(scratch, rows);
    for (std::int64_t i = 0; i < rows; ++i) decide(scratch, i, norm(i));
  }
  /// Likewise, by the panels that each row wants: at least one, and the caller knows that no other has its nearest.
  template <class Norm>
  void search_wanted(NearestScratch<T>& scratch, std::int64_t rows, const Norm& norm) const {
    scan_wanted(scratch, rows);
    for (std::int64_t i = 0; i < rows; ++i) decide(scratch, i, norm(i));
  }

 private:
  using Panels = PackedPanels<T>;
  using Tag = typename Panels::Tag;
  using Vector = typename Panels::Vector;

  void scan(NearestScratch<T>& scratch, std::int64_t rows) const;
  void scan_wanted(NearestScratch<T>& scratch, std::int64_t rows) const;
  static void forget(NearestScratch<T>& scratch, std::int64_t rows);
  /// Fills the last tile of the list with a row whose results no one reads.
  static std::int64_t round_up(NearestScratch<T>& scratch, std::int64_t listed);
  /// Takes a row's products with one panel into its least scores and returns the lanes' least of this panel.
  /// scores: where to store all of them, or null.
  Vector take(NearestScratch<T>& scratch, std::int64_t row, std::int64_t panel, const Vector* products, int width,
              T* scores = nullptr) const;
  void decide(NearestScratch<T>& scratch, std::int64_t row, T norm) const;
  std::int32_t decide_exactly(NearestScratch<T>& scratch, std::int64_t row, T least, T unsure, T norm) const;

  const Centers<T>* centers_ = nullptr;
  std::int64_t group_size_ = kGroupSize;
  Panels panels_;
  std::vector<std::int32_t> order_;     // which centre is packed at a position
  std::vector<std::int32_t> position_;  // and the inverse
  AlignedVector<T> squares_;            // of the packed centres; infinite where there is none
};

}  // namespace forja::cpu
