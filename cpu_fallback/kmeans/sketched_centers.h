#pragma once

#include <cstdint>

#include "kmeans/centers.h"
#include "kmeans/row_sketch.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// The centres rounded to 16-bit multiples of one step: their products with sketched rows are exact integers,
/// thirty-two columns to an operation of 512 bits.
template <class T>
class SketchedCenters {
 public:
  void set(const Centers<T>& centers);

  /// Bounds on the distance between x' and a centre.
  struct Distance {
    T least;
    T most;
  };
  Distance distance(const RowSketch<T>& rows, std::int64_t i, std::int32_t center) const;

 private:
  AlignedVector<std::int16_t> values_;
  AlignedVector<T> squares_;  // ||c||^2 of the rounded centres, rounded to T
  T step_ = 0;
  T apart_ = 0;         // at least the distance between any centre and what it was rounded to
  T largest_norm_ = 0;  // of the rounded centres, rounded up
  std::int64_t stride_ = 0;
  std::int64_t d_ = 0;
};

}  // namespace forja::cpu
