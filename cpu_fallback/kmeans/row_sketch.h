#pragma once

#include <cstdint>

#include "kmeans/training_rows.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// Steps from 0 to a sketched row's greatest entry.
inline constexpr int kSketchSteps = 127;

/// The least step, so that the product of two does not vanish in T.
template <class T>
constexpr T least_sketch_step() {
  return sizeof(T) == 4 ? T(0x1.0p-60) : T(0x1.0p-240);
}

/// A sketch's entries fill whole vectors, of 16 bits each at the widest; those beyond d are zero.
inline constexpr std::int64_t kSketchGranule = 32;
constexpr std::int64_t sketch_stride(std::int64_t d) {
  return (d + kSketchGranule - 1) / kSketchGranule * kSketchGranule;
}

template <class T>
T largest_entry(const T* x, std::int64_t d);

/// The rows x' in eight bits an entry: a quarter of the bytes, or an eighth, for passes that wait for memory. A
/// sketched row is near x' by a known distance, so bounds settle most labels without a look at x' itself.
template <class T>
class RowSketch {
 public:
  /// Room for this many rows, none of them sketched yet.
  void resize(std::int64_t rows, std::int64_t columns);
  void clear();

  /// Sketches row x'.
  void set(std::int64_t i, const T* x);
  void prefetch(std::int64_t i) const {
    constexpr auto kLine = static_cast<std::int64_t>(kAlignment);
    for (std::int64_t j = 0; j < columns_; j += kLine) __builtin_prefetch(values(i) + j);
  }
  /// At least the distance between the sketched row and c.
  T distance_at_most(std::int64_t i, const T* c) const;

  /// The sketched row in its steps, sketch_stride(d) numbers.
  const std::int8_t* values(std::int64_t i) const { return values_.data() + i * sketch_stride(columns_); }
  T step(std::int64_t i) const { return facts_[static_cast<std::size_t>(i)].step; }
  /// The sketched row's norm, rounded up.
  T norm(std::int64_t i) const { return facts_[static_cast<std::size_t>(i)].norm; }
  /// At least the distance between x' and the sketched row.
  T apart(std::int64_t i) const { return facts_[static_cast<std::size_t>(i)].apart; }

 private:
  struct Facts {
    T step;
    T norm;
    T apart;
  };

  AlignedVector<std::int8_t> values_;  // in steps of the row's own
  AlignedVector<Facts> facts_;
  std::int64_t columns_ = 0;
};

}  // namespace forja::cpu
