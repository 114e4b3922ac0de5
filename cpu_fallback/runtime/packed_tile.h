#pragma once

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "runtime/aligned.h"

/// Products of a block of rows with many packed vectors, a tile at a time in registers: the inner kernel of k-means,
/// and the twin of the CUDA tile. A tile's products go to an epilogue and are never stored.
namespace forja::cpu {

namespace hn = hwy::HWY_NAMESPACE;

/// `count` vectors of d numbers, side by side in the lanes of panels of up to kVectors machine vectors; the lanes
/// beyond count are zero.
template <class T>
class PackedPanels {
 public:
  using Tag = hn::ScalableTag<T>;
  using Vector = hn::Vec<Tag>;
  static constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));
  /// Accumulators of a tile: 6 rows x kVectors leave registers for the operands (16 registers, or 32 with AVX-512).
  static constexpr int kVectors = HWY_MAX_BYTES >= 64 ? 4 : 2;
  /// Rows come in multiples of this: 6 with a full panel, 12 with a narrower one.
  static constexpr std::int64_t kRowMultiple = 12;

  struct Panel {
    int vectors = 0;
    std::int64_t first_vector = 0;
    std::int64_t offset = 0;
  };

  /// row(i) points to vector i's d numbers.
  template <class Row>
  void pack(std::int64_t count, std::int64_t d, const Row& row) {
    d_ = d;
    panels_.clear();
    const std::int64_t vectors = (count + kLanes - 1) / kLanes;
    for (std::int64_t first = 0; first < vectors;) {
      int width = kVectors;
      while (width > vectors - first) width /= 2;
      panels_.push_back({width, first, first * kLanes * d});
      first += width;
    }
    values_.assign(static_cast<std::size_t>(vectors * kLanes * d), T(0));
    for (const Panel& panel : panels_) {
      const std::int64_t lanes = panel.vectors * kLanes;
      const std::int64_t begin = panel.first_vector * kLanes;
      for (std::int64_t lane = 0; lane < std::min(lanes, count - begin); ++lane) {
        const T* from = row(begin + lane);
        T* to = values_.data() + panel.offset + lane;
        for (std::int64_t j = 0; j < d; ++j) to[j * lanes] = from[j];
      }
    }
  }

  std::int64_t vectors() const { return panels_.empty() ? 0 : panels_.back().first_vector + panels_.back().vectors; }

  /// Calls epilogue(row, first_vector, products, vectors) for each row 0 .. rows - 1, rounded up to kRowMultiple, and
  /// each panel. x: the rows, `stride` apart. Panels outside, so that one stays in the cache while the rows pass.
  template <class Epilogue>
  void multiply(const T* x, std::int64_t stride, std::int64_t rows, const Epilogue& epilogue) const {
    for (const Panel& panel : panels_) {
      switch (panel.vectors) {
        case 4:
          rows_by_panel<6, 4>(panel, x, stride, rows, epilogue);
          break;
        case 2:
          rows_by_panel<kVectors == 2 ? 6 : 12, 2>(panel, x, stride, rows, epilogue);
          break;
        default:
          rows_by_panel<12, 1>(panel, x, stride, rows, epilogue);
      }
    }
  }

 private:
  template <int kRows, int kWidth, class Epilogue>
  void rows_by_panel(const Panel& panel, const T* x, std::int64_t stride, std::int64_t rows,
                     const Epilogue& epilogue) const {
    for (std::int64_t row = 0; row < rows; row += kRows) {
      tile<kRows, kWidth>(panel, x + row * stride, stride, row, epilogue);
    }
  }

  template <int kRows, int kWidth, class Epilogue>
  HWY_INLINE void tile(const Panel& panel, const T* x, std::int64_t stride, std::int64_t first_row,
                       const Epilogue& epilogue) const {
    const Tag tag;
    Vector product[kRows][kWidth];
    for (auto& row : product) {
      for (Vector& value : row) value = hn::Zero(tag);
    }
    const T* packed = values_.data() + panel.offset;
    for (std::int64_t j = 0; j < d_; ++j, packed += kWidth * kLanes) {
      Vector operand[kWidth];
      for (int v = 0; v < kWidth; ++v) operand[v] = hn::Load(tag, packed + v * kLanes);
      for (int r = 0; r < kRows; ++r) {
        const Vector entry = hn::Set(tag, x[r * stride + j]);
        for (int v = 0; v < kWidth; ++v) product[r][v] = hn::MulAdd(entry, operand[v], product[r][v]);
      }
    }
    for (int r = 0; r < kRows; ++r) epilogue(first_row + r, panel.first_vector, product[r], kWidth);
  }

  AlignedVector<T> values_;
  std::vector<Panel> panels_;
  std::int64_t d_ = 0;
};

}  // namespace forja::cpu
