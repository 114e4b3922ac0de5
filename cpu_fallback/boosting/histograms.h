#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "boosting/binned_rows.h"
#include "boosting/node_rows.h"
#include "formulas/gradient_packing.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Features of one panel whose bins are added together.
struct FeatureBlock : FeatureRange {
  std::size_t panel = 0;
  std::int64_t place = 0;  ///< of the first in the panel
};

/// Where the bins of each feature lie in a histogram, and the blocks of features: panels, or parts of them where there
/// are fewer than threads.
struct HistogramLayout {
  HistogramLayout(const CpuBinnedRows& x, int threads);

  std::int64_t size() const { return begin.back(); }
  std::int64_t first_bin(std::int64_t f) const { return begin[static_cast<std::size_t>(f)]; }
  /// With that of missing values.
  std::int64_t bins(std::int64_t f) const { return first_bin(f + 1) - first_bin(f); }

  std::vector<std::int64_t> begin;  ///< d + 1
  std::vector<FeatureBlock> blocks;
};

/// Sums by bins over the rows of a node. Those of few rows stay packed.
struct Histogram {
  explicit Histogram(bool is_packed, std::int64_t bins);

  bool packed;
  AlignedVector<std::uint64_t> words;     ///< packed
  AlignedVector<std::int64_t> gradients;  ///< not packed
  AlignedVector<std::int64_t> hessians;
  AlignedVector<std::int64_t> counts;
};

/// Whether a histogram of so many rows stays packed.
inline bool stays_packed(std::int64_t rows, bool exact) { return !exact && rows <= formulas::kRowsPerWord; }

/// Histograms that are given back are given out again.
class HistogramPool {
 public:
  explicit HistogramPool(std::int64_t bins) : bins_(bins) {}
  std::unique_ptr<Histogram> take(bool packed);
  void give_back(std::unique_ptr<Histogram> histogram);

 private:
  std::int64_t bins_;
  std::vector<std::unique_ptr<Histogram>> packed_;
  std::vector<std::unique_ptr<Histogram>> wide_;
};

/// The rows that a histogram is made of.
struct HistogramRows {
  const CpuBinnedRows* x = nullptr;
  SegmentRows rows;
  const std::uint64_t* words = nullptr;  ///< integers of all rows of x
  bool exact = false;
};

/// Fills the bins of a block. Rows are added to sums at a fixed distance from feature to feature, in `room`, which
/// keeps its size from call to call; those go to `out` when a word has taken all the rows it can.
///
/// Floor: a load, an add and a store for each row and feature; 8 bytes and a byte for each feature read for each row.
void fill_block(const HistogramLayout& layout, const FeatureBlock& block, const HistogramRows& rows,
                AlignedVector<std::uint64_t>& room, Histogram& out);

/// The bins of a feature of the other child. out may be the parent.
void subtract_feature(const HistogramLayout& layout, std::int64_t f, const Histogram& parent, const Histogram& child,
                      Histogram& out);

/// Adds the bins of a block of a histogram that is not packed to another.
void add_block(const HistogramLayout& layout, const FeatureBlock& block, const Histogram& part, Histogram& out);

/// What the bins of a feature come to.
formulas::IntegerSums total_of(const HistogramLayout& layout, std::int64_t f, const Histogram& histogram);

}  // namespace forja::cpu
