#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "compute/backend.h"
#include "kmeans/bounds.h"
#include "kmeans/centers.h"
#include "kmeans/mini_batch.h"
#include "kmeans/seeding.h"
#include "kmeans/training_rows.h"
#include "runtime/pinned_buffer.h"

namespace forja::cuda {

/// K-means on a GPU, on a stream of its own. The rows lie there as far as they fit, and the others stream through it,
/// block by block: the same results to the bit.
template <class T>
class CudaKMeans final : public compute::KMeansCompute<T> {
 public:
  /// Throws as TrainingRows does. Rows and weights of the host outlive it.
  CudaKMeans(int device, const Rows<T>& x, std::span<const T> sample_weight);
  ~CudaKMeans() override;
  CudaKMeans(const CudaKMeans&) = delete;
  CudaKMeans& operator=(const CudaKMeans&) = delete;

  std::int64_t rows() const override { return rows_.rows(); }
  std::int64_t columns() const override { return rows_.columns(); }
  const compute::ColumnMoments& moments() const override { return rows_.moments(); }

  void begin_seeding() override { seeding_.begin(); }
  std::vector<compute::SeedCandidate> seed_candidates(std::span<const double> u) override;
  void seed_accept(std::int64_t index) override;
  std::vector<std::int64_t> draw_rows(std::span<const double> u) override;

  void set_centers(MatrixView<const double> centers) override;
  void set_centers_from_rows(std::span<const std::int64_t> rows) override;
  Matrix<double> centers() override { return centers_.download(rows_.centring()); }

  void use_bounds(bool yes) override { bounds_.use(yes); }
  bool bounds_pay(std::int64_t k) const override { return Bounds<T>::pay(rows(), columns(), k); }
  compute::KMeansPass assign() override;
  std::vector<compute::FarRow> farthest_rows(std::int64_t count) override;
  double relabel(std::span<const compute::RowToCluster> moves) override;
  void update() override;
  double inertia() override;
  std::vector<std::int32_t> labels() override;

  void set_counts(std::span<const double> counts) override { counts_.upload(counts); }
  std::vector<double> counts() override;
  std::vector<compute::BatchStep> batch_steps(std::uint64_t seed, std::int64_t first, std::int64_t steps,
                                              std::int64_t batch_size) override;
  void replace_centers(std::span<const compute::RowToCluster> rows, double count) override;

  Matrix<T> take_rows(std::span<const std::int64_t> rows) override;

 private:
  /// Forgets labels, sums and counts, and makes room for k centres.
  void start(std::int64_t k);
  double square_unit() const { return rows_.centring().square_unit(); }
  /// Enqueues the squared distance of each row to its own centre, -1 where it has no weight (null: not wanted), and the
  /// weighted sums by chunk.
  void measure_distances(double* distances, double* chunk_sums);
  /// Enqueues the proposal from these sums; its numbers summed go to `sum`.
  void propose(unsigned long long* sums, double* counts, ClusterRecord* sum);
  void enqueue_batch_step(std::uint64_t seed, std::int64_t step, std::int64_t batch_size, double* square,
                          ClusterRecord* sum);

  /// Keeps rows that were there before alive until the stream has ended.
  std::shared_ptr<const compute::DeviceRows<T>> lent_;
  Context context_;
  TrainingRows<T> rows_;
  Seeding<T> seeding_;
  Centers<T> centers_;
  Centers<T> proposed_;
  DeviceBuffer<std::int32_t> labels_;            ///< of the last pass, -1 before the first
  DeviceBuffer<std::int32_t> fresh_;             ///< of the pass that runs
  DeviceBuffer<unsigned long long> sums_;        ///< k x d sums and k weights of labels_
  DeviceBuffer<unsigned long long> batch_sums_;  ///< of one mini-batch
  Bounds<T> bounds_;
  DeviceBuffer<unsigned long long> counters_;  ///< rows that changed their label; rows searched, in all and of a block
  DeviceBuffer<ClusterRecord> records_;        ///< k, and their sum
  DeviceBuffer<double> counts_;
  MiniBatch<T> batch_;
  PinnedBuffer<ClusterRecord> host_records_;
  PinnedBuffer<unsigned long long> host_counters_;
  PinnedBuffer<double> host_step_squares_;  ///< of steps of mini-batches
  PinnedBuffer<ClusterRecord> host_step_records_;
};

}  // namespace forja::cuda
