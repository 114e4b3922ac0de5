#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/kmeans_compute.h"
#include "kmeans/training_rows.h"
#include "runtime/aligned.h"
#include "runtime/threads.h"

namespace forja::cpu {

/// Draws of rows for first centres: the seeding part of the seam. One pass over X for all candidates of a round, 3 d
/// double operations per row and candidate, which bound it; running sums are kept per chunk of rows, so that a draw
/// looks at few rows.
template <class T>
class Seeding {
 public:
  explicit Seeding(const TrainingRows<T>& rows);

  void begin();
  std::vector<compute::SeedCandidate> candidates(std::span<const double> u);
  void accept(std::int64_t index);
  /// The first row whose running sum of weights exceeds u x total.
  std::int64_t draw_by_weight(double u) const;

 private:
  double weight_of(std::int64_t row) const { return rows_.weight(row); }
  double mass_of(std::int64_t row) const {
    return rows_.weight(row) * static_cast<double>(least_[static_cast<std::size_t>(row)]);
  }
  template <class Mass>
  std::int64_t draw(double u, std::span<const double> chunk_mass, const Mass& mass) const;
  std::int64_t draw_candidate(double u) const;
  /// Packs the drawn rows x' in double, the candidates in the lanes.
  void pack_candidates(std::span<const compute::SeedCandidate> drawn);
  void measure_chunk(std::int64_t chunk, std::int64_t trials);

  const TrainingRows<T>& rows_;
  Chunks chunks_;
  std::vector<double> chunk_weight_;
  std::vector<double> chunk_mass_;        // of the accepted candidates; empty before the first
  std::vector<double> trial_chunk_mass_;  // trials x chunks
  AlignedVector<T> least_;
  AlignedVector<T> trial_least_;  // trials x rows
  AlignedVector<double> packed_;
};

}  // namespace forja::cpu
