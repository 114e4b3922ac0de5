#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kmeans/training_rows.h"

namespace forja::cuda {

template <class T>
struct TrialsView;

/// The seeding's least squared distances, in T, and its draws. Where rows stream, each draw waits twice: the host has
/// to know the rows drawn to send them, before it waits for what the pass with them finds. The first wait takes tens of
/// microseconds, of the milliseconds at least that the pass takes to stream.
template <class T>
class Seeding {
 public:
  void begin();
  /// See compute::KMeansCompute. Synchronises.
  std::vector<compute::SeedCandidate> candidates(const Context& context, TrainingRows<T>& rows,
                                                 std::span<const double> u);
  void accept(const Context& context, TrainingRows<T>& rows, std::int64_t index);
  /// Draws by weight alone. Synchronises.
  static std::vector<std::int64_t> draw(const Context& context, TrainingRows<T>& rows, std::span<const double> u);

  /// Gives back what the candidates hold; accept() does without it.
  void drop_trials() { trials_ = {}; }

 private:
  /// For `count` candidates on n rows. Their least distances are kept where they take at most half of the free memory.
  void make_room(const Context& context, std::int64_t count, std::int64_t n);
  /// Enqueues the least distances that there would be with each of the candidates.
  void measure(const Context& context, TrainingRows<T>& rows, const T* candidates, std::int64_t count,
               const TrialsView<T>& trials);

  DeviceBuffer<T> least_;              ///< n; empty before the first acceptance
  DeviceBuffer<double> chunk_masses_;  ///< weighted sums of least_ by chunk
  DeviceBuffer<T> candidates_;         ///< the last ones, x'
  DeviceBuffer<T> trials_;             ///< candidates x n; empty: accept() measures again
  DeviceBuffer<double> trial_masses_;  ///< candidates x chunks
  bool accepted_ = false;
};

}  // namespace forja::cuda
