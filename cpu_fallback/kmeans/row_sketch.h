#pragma once

#include <cstdint>

#include "kmeans/training_rows.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// The rows x' in eight bits an entry: a quarter of the bytes, or an eighth, for passes that wait for memory. A
/// sketched row is near x' by a known distance, so bounds settle most labels without a look at x' itself.
template <class T>
class RowSketch {
 public:
  /// Room for this many rows, none of them sketched yet.
  void resize(std::int64_t rows, std::int64_t columns);
  void clear();

  /// Sketches row x'. sketched: room for d numbers.
  void set(std::int64_t i, const T* x, T* sketched);
  /// The sketched row.
  void load(std::int64_t i, T* x) const;
  void prefetch(std::int64_t i) const {
    constexpr auto kLine = static_cast<std::int64_t>(kAlignment);
    for (std::int64_t j = 0; j < columns_; j += kLine) __builtin_prefetch(values_.data() + i * columns_ + j);
  }

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
