#pragma once

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "runtime/aligned.h"

/// Products of rows with many packed vectors, or the squares of their distances, a tile at a time in registers: the
/// inner kernel of k-means, and the twin of the CUDA tile. What a tile finds goes to an epilogue and is never stored.
namespace forja::cpu {

namespace hn = hwy::HWY_NAMESPACE;

/// `count` vectors of d numbers, side by side in the lanes of panels of kPanelVectors machine vectors; the lanes beyond
/// count are zero. The last panel may be narrower.
template <class T>
class PackedPanels {
 public:
  using Tag = hn::ScalableTag<T>;
  using Vector = hn::Vec<Tag>;
  static constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));
  static constexpr std::int64_t kPanelVectors = 2;
  /// How many of the packed vectors a panel holds.
  static constexpr std::int64_t kPanelWidth = kPanelVectors * kLanes;
  /// Rows of a tile: with two vectors each they leave registers for the operands (of 32 with AVX-512, else of 16), and
  /// hide the latency of the additions.
  static constexpr int kTileRows = HWY_MAX_BYTES >= 64 ? 8 : 6;

  /// row(i) points to vector i's d numbers, which T represents.
  template <class Row>
  void pack(std::int64_t count, std::int64_t d, const Row& row) {
    d_ = d;
    vectors_ = (count + kLanes - 1) / kLanes;
    values_.assign(static_cast<std::size_t>(vectors_ * kLanes * d), T(0));
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t panel = i / kPanelWidth;
      const std::int64_t width = panel_vectors(panel) * kLanes;
      const auto* from = row(i);
      T* to = values_.data() + panel * kPanelWidth * d + i % kPanelWidth;
      for (std::int64_t j = 0; j < d; ++j) to[j * width] = static_cast<T>(from[j]);
    }
  }

  std::int64_t vectors() const { return vectors_; }
  std::int64_t panels() const { return (vectors_ + kPanelVectors - 1) / kPanelVectors; }

  /// Calls epilogue(i, products, vectors) for each of `count` rows, a multiple of kTileRows, with its products with the
  /// panel's vectors.
  template <class Epilogue>
  void multiply(std::int64_t panel, const T* const* rows, std::int64_t count, const Epilogue& epilogue) const {
    tiles<Product>(panel, rows, count, epilogue);
  }

  /// Likewise with the squares of the distances to the panel's vectors, from differences summed in the order of the
  /// columns: in double they are formulas::exact_distance() to the bit.
  template <class Epilogue>
  void measure(std::int64_t panel, const T* const* rows, std::int64_t count, const Epilogue& epilogue) const {
    tiles<SquaredDifference>(panel, rows, count, epilogue);
  }

 private:
  std::int64_t panel_vectors(std::int64_t panel) const {
    return std::min(kPanelVectors, vectors_ - panel * kPanelVectors);
  }

  struct Product {
    static HWY_INLINE Vector add(Vector sum, Vector a, Vector b) { return hn::MulAdd(a, b, sum); }
  };
  struct SquaredDifference {
    static HWY_INLINE Vector add(Vector sum, Vector a, Vector b) {
      const Vector difference = hn::Sub(a, b);
      return hn::MulAdd(difference, difference, sum);
    }
  };

  template <class Term, class Epilogue>
  void tiles(std::int64_t panel, const T* const* rows, std::int64_t count, const Epilogue& epilogue) const {
    const T* packed = values_.data() + panel * kPanelWidth * d_;
    for (std::int64_t first = 0; first < count; first += kTileRows) {
      if (panel_vectors(panel) == kPanelVectors) {
        tile<Term, kPanelVectors>(packed, rows, first, epilogue);
      } else {
        tile<Term, 1>(packed, rows, first, epilogue);
      }
    }
  }

  template <class Term, int kWidth, class Epilogue>
  HWY_INLINE void tile(const T* packed, const T* const* rows, std::int64_t first, const Epilogue& epilogue) const {
    const Tag tag;
    Vector sum[kTileRows][kWidth];
    const T* row[kTileRows];
    for (int r = 0; r < kTileRows; ++r) {
      row[r] = rows[first + r];
      for (Vector& value : sum[r]) value = hn::Zero(tag);
    }
    for (std::int64_t j = 0; j < d_; ++j, packed += kWidth * kLanes) {
      Vector operand[kWidth];
      for (int v = 0; v < kWidth; ++v) operand[v] = hn::Load(tag, packed + v * kLanes);
      for (int r = 0; r < kTileRows; ++r) {
        const Vector entry = hn::Set(tag, row[r][j]);
        for (int v = 0; v < kWidth; ++v) sum[r][v] = Term::add(sum[r][v], entry, operand[v]);
      }
    }
    // Through memory: an epilogue that is not inlined would keep all sums there, at every column.
    HWY_ALIGN T found[kTileRows * kWidth * kLanes];
    for (int r = 0; r < kTileRows; ++r) {
      for (int v = 0; v < kWidth; ++v) hn::Store(sum[r][v], tag, found + (r * kWidth + v) * kLanes);
    }
    for (int r = 0; r < kTileRows; ++r) {
      Vector complete[kWidth];
      for (int v = 0; v < kWidth; ++v) complete[v] = hn::Load(tag, found + (r * kWidth + v) * kLanes);
      epilogue(first + r, complete, kWidth);
    }
  }

  AlignedVector<T> values_;
  std::int64_t vectors_ = 0;
  std::int64_t d_ = 0;
};

}  // namespace forja::cpu
