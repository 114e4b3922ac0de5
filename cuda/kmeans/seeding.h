#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kmeans/training_rows.h"

namespace forja::cuda {

/// The seeding's least squared distances, in T, and its draws.
template <class T>
class Seeding {
 public:
  void begin();
  /// See compute::KMeansCompute. Synchronises.
  std::vector<compute::SeedCandidate> candidates(const Context& context, const TrainingRows<T>& rows,
                                                 std::span<const double> u);
  void accept(const Context& context, const TrainingRows<T>& rows, std::int64_t index);
  /// Draws by weight alone. Synchronises.
  static std::vector<std::int64_t> draw(const Context& context, const TrainingRows<T>& rows, std::span<const double> u);

 private:
  DeviceBuffer<T> least_;              ///< n; empty before the first acceptance
  DeviceBuffer<double> chunk_masses_;  ///< weighted sums of least_ by chunk
  DeviceBuffer<T> trials_;             ///< candidates x n
  DeviceBuffer<double> trial_masses_;  ///< candidates x chunks
  bool accepted_ = false;
};

}  // namespace forja::cuda
