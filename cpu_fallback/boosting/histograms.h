#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "boosting/binned_rows.h"
#include "boosting/node_rows.h"
#include "formulas/gradient_packing.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Where the bins of each feature lie in a histogram, and which features are added together: as many as fit the
/// first-level cache with packed sums.
struct HistogramLayout {
  struct Block {
    std::int64_t first = 0;  ///< features
    std::int64_t last = 0;
  };

  HistogramLayout(const compute::BinTable& table, int threads);
  std::int64_t size() const { return begin.back(); }

  std::vector<std::int32_t> begin;  ///< d + 1
  std::vector<Block> blocks;
  std::int64_t widest = 0;  ///< bins of a block at the most
};

/// Sums by bins over the rows of a node. Few rows' sums stay packed.
struct Histogram {
  bool packed = false;
  AlignedVector<std::uint64_t> words;
  AlignedVector<formulas::IntegerSums> sums;

  /// Of bins first .. first + out.size() - 1.
  void read(std::int64_t first, std::span<formulas::IntegerSums> out) const;
};

/// Histograms that are given back are given out again.
class HistogramPool {
 public:
  explicit HistogramPool(std::int64_t size) : size_(size) {}
  std::unique_ptr<Histogram> take(bool packed);
  void give_back(std::unique_ptr<Histogram> histogram);

 private:
  std::int64_t size_;
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

/// Whether a histogram of so many rows stays packed.
inline bool stays_packed(std::int64_t rows, bool exact) { return !exact && rows <= formulas::kRowsPerWord; }

/// Fills the bins of a block.
void fill_block(const HistogramLayout& layout, const HistogramLayout::Block& block, const HistogramRows& rows,
                Histogram& out);

/// The bins of a block of the other child. out may be the parent.
void subtract_block(const HistogramLayout& layout, const HistogramLayout::Block& block, const Histogram& parent,
                    const Histogram& child, Histogram& out);

}  // namespace forja::cpu
