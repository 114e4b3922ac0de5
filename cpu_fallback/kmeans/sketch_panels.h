#pragma once

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include "kmeans/centers.h"
#include "kmeans/row_sketch.h"
#include "runtime/aligned.h"
#include "runtime/floating.h"
#include "runtime/packed_tile.h"

namespace forja::cpu {

/// The centres rounded to 16-bit multiples of one step, packed as PackedPanels<T> packs them: their products with
/// sketched rows are exact integers, two columns to an operation.
template <class T>
class SketchPanels {
 public:
  using Panels = PackedPanels<T>;
  using Vector = typename Panels::Vector;

  /// order[place]: which centre is packed at a place.
  void set(const Centers<T>& centers, std::span<const std::int32_t> order);

  /// At least the distance between any centre and what it was rounded to.
  T apart() const { return apart_; }
  /// Of the rounded centres, as of Centers.
  T largest_norm() const { return largest_norm_; }
  T step() const { return step_; }
  /// ||c||^2 of the rounded centres by place, rounded to T; infinite where there is none.
  const T* squares() const { return squares_.data(); }

  /// As PackedPanels::multiply() for sketched rows: `rows` point to what RowSketch::load() wrote, step(i) is row i's.
  template <class Step, class Epilogue>
  void multiply(std::int64_t panel, const std::int16_t* const* rows, std::int64_t count, const Step& step,
                const Epilogue& epilogue) const {
    for (std::int64_t first = 0; first < count; first += Panels::kTileRows) {
      if (panel_width(panel) > kLanes) {
        tile<2>(panel, rows, first, step, epilogue);
      } else {
        tile<1>(panel, rows, first, step, epilogue);
      }
    }
  }

 private:
  using Sums = hn::ScalableTag<std::int32_t>;
  using Entries = hn::ScalableTag<std::int16_t>;
  static constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Sums()));

  std::int64_t vectors() const { return (places_ + Panels::kLanes - 1) / Panels::kLanes; }
  /// Centres that a panel has room for.
  std::int64_t panel_width(std::int64_t panel) const {
    return std::min(Panels::kPanelWidth, (places_ - panel * Panels::kPanelWidth + kLanes - 1) / kLanes * kLanes);
  }

  template <int kVectors, class Step, class Epilogue>
  HWY_INLINE void tile(std::int64_t panel, const std::int16_t* const* rows, std::int64_t first, const Step& step,
                       const Epilogue& epilogue) const;

  AlignedVector<std::int16_t> values_;
  AlignedVector<T> squares_;
  T step_ = 0;
  T apart_ = 0;
  T largest_norm_ = 0;
  std::int64_t places_ = 0;
  std::int64_t pairs_ = 0;  // of columns
};

template <class T>
void SketchPanels<T>::set(const Centers<T>& centers, std::span<const std::int32_t> order) {
  const std::int64_t d = centers.columns();
  places_ = centers.count();
  pairs_ = sketch_pairs(d);
  const double steps = std::min(32767.0, std::floor(2147483647.0 / static_cast<double>(kSketchSteps * 2 * pairs_)));
  T largest = 0;
  for (std::int64_t c = 0; c < places_; ++c) largest = std::max(largest, largest_entry(centers.row(c), d));
  step_ = std::max(static_cast<T>(static_cast<double>(largest) / steps * (1 + 0x1.0p-20)), least_sketch_step<T>());
  const double step = static_cast<double>(step_);

  const std::int64_t panels = (places_ + Panels::kPanelWidth - 1) / Panels::kPanelWidth;
  values_.assign(static_cast<std::size_t>(panels * Panels::kPanelWidth * 2 * pairs_), 0);
  squares_.assign(static_cast<std::size_t>(panels * Panels::kPanelWidth), std::numeric_limits<T>::infinity());
  double most_square = 0;
  double most_apart = 0;
  for (std::int64_t place = 0; place < places_; ++place) {
    const T* c = centers.row(order[static_cast<std::size_t>(place)]);
    const std::int64_t panel = place / Panels::kPanelWidth;
    const std::int64_t width = panel_width(panel);
    std::int16_t* to = values_.data() + panel * Panels::kPanelWidth * 2 * pairs_ + place % Panels::kPanelWidth * 2;
    double square = 0;
    double apart = 0;
    for (std::int64_t j = 0; j < d; ++j) {
      const double rounded = std::rint(static_cast<double>(c[j]) / step);
      to[j / 2 * width * 2 + j % 2] = static_cast<std::int16_t>(rounded);
      square += rounded * step * (rounded * step);
      const double difference = static_cast<double>(c[j]) - rounded * step;
      apart += difference * difference;
    }
    squares_[static_cast<std::size_t>(place)] = static_cast<T>(square);
    most_square = std::max(most_square, square);
    most_apart = std::max(most_apart, apart);
  }
  largest_norm_ = norm_above<T>(most_square);
  apart_ = formulas::length_above<T>(most_apart, d);
}

template <class T>
template <int kVectors, class Step, class Epilogue>
HWY_INLINE void SketchPanels<T>::tile(std::int64_t panel, const std::int16_t* const* rows, std::int64_t first,
                                      const Step& step, const Epilogue& epilogue) const {
  constexpr int kRows = Panels::kTileRows;
  const Sums sums;
  const Entries entries;
  hn::Vec<Sums> sum[kRows][kVectors];
  hn::Vec<Sums> more[kRows][kVectors];  // what some machines sum apart
  const std::int16_t* row[kRows];
  for (int r = 0; r < kRows; ++r) {
    row[r] = rows[first + r];
    for (int v = 0; v < kVectors; ++v) sum[r][v] = more[r][v] = hn::Zero(sums);
  }
  const std::int16_t* packed = values_.data() + panel * Panels::kPanelWidth * 2 * pairs_;
  for (std::int64_t pair = 0; pair < pairs_; ++pair, packed += kVectors * 2 * kLanes) {
    hn::Vec<Entries> operand[kVectors];
    for (int v = 0; v < kVectors; ++v) operand[v] = hn::Load(entries, packed + v * 2 * kLanes);
    for (int r = 0; r < kRows; ++r) {
      std::int32_t both;
      std::memcpy(&both, row[r] + 2 * pair, sizeof both);
      const auto entry = hn::BitCast(entries, hn::Set(sums, both));
      for (int v = 0; v < kVectors; ++v) {
        sum[r][v] = hn::ReorderWidenMulAccumulate(sums, entry, operand[v], sum[r][v], more[r][v]);
      }
    }
  }
  const typename Panels::Tag tag;
  constexpr int kProducts = static_cast<int>(kVectors * kLanes / Panels::kLanes);
  // A vector of sums may fill two of products, of which the last panel has but one.
  const auto width = static_cast<int>(std::min<std::int64_t>(kProducts, vectors() - panel * Panels::kPanelVectors));
  for (int r = 0; r < kRows; ++r) {
    alignas(kAlignment) std::int32_t exact[kVectors * kLanes];
    for (int v = 0; v < kVectors; ++v) {
      hn::Store(hn::RearrangeToOddPlusEven(sum[r][v], more[r][v]), sums, exact + v * kLanes);
    }
    const Vector unit = hn::Set(tag, step(first + r) * step_);
    Vector products[kProducts];
    for (int v = 0; v < width; ++v) {
      const auto integers = hn::Load(IntegersFor<typename Panels::Tag>(), exact + v * Panels::kLanes);
      products[v] = hn::Mul(unit, to_floating(tag, integers));
    }
    epilogue(first + r, products, width);
  }
}

}  // namespace forja::cpu
