#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/kmeans_compute.h"
#include "kmeans/assignment.h"
#include "kmeans/centers.h"
#include "kmeans/cluster_sums.h"
#include "kmeans/nearest_centers.h"
#include "kmeans/seeding.h"
#include "kmeans/training_rows.h"

namespace forja::cpu {

/// K-means on the caller's own rows, which are not copied.
template <class T>
class CpuKMeans final : public compute::KMeansCompute<T> {
 public:
  CpuKMeans(MatrixView<const T> x, std::span<const T> sample_weight, int threads);

  std::int64_t rows() const override { return rows_.rows(); }
  std::int64_t columns() const override { return rows_.columns(); }
  const compute::ColumnMoments& moments() const override { return rows_.moments(); }

  void begin_seeding() override;
  std::vector<compute::SeedCandidate> seed_candidates(std::span<const double> u) override;
  void seed_accept(std::int64_t index) override;
  std::vector<std::int64_t> draw_rows(std::span<const double> u) override;

  void set_centers(MatrixView<const double> centers) override;
  void set_centers_from_rows(std::span<const std::int64_t> rows) override;
  Matrix<double> centers() override;

  void use_bounds(bool yes) override;
  bool bounds_pay(std::int64_t k) const override;
  compute::KMeansPass assign() override;
  std::vector<compute::FarRow> farthest_rows(std::int64_t count) override;
  double relabel(std::span<const compute::RowToCluster> moves) override;
  void update() override;
  double inertia() override;
  std::vector<std::int32_t> labels() override;

  void set_counts(std::span<const double> counts) override;
  std::vector<double> counts() override;
  std::vector<compute::BatchStep> batch_steps(std::uint64_t seed, std::int64_t first, std::int64_t steps,
                                              std::int64_t batch_size) override;
  void replace_centers(std::span<const compute::RowToCluster> rows, double count) override;

  Matrix<T> take_rows(std::span<const std::int64_t> rows) override;

 private:
  void start(std::int64_t k);
  double square_unit() const { return rows_.centring().square_unit(); }
  std::vector<T> centred_row(std::int64_t i) const;
  /// One per thread, empty.
  std::span<ClusterSums> fresh_thread_sums();

  /// Rows whose sums run side by side, to hide the latency of an addition.
  static constexpr std::int64_t kTogether = 8;
  /// formulas::exact_distance() of up to kTogether rows to their own centres.
  void own_distances(std::int64_t first, std::int64_t count, double* squares) const;

  /// Adds slots first .. first + count - 1 of a step to the thread's sums; returns their weighted squares.
  double batch_block(std::uint64_t seed, std::int64_t step, std::int64_t first, std::int64_t count, bool drawn,
                     int thread);
  compute::BatchStep batch_step(std::uint64_t seed, std::int64_t step, std::int64_t batch_size);

  TrainingRows<T> rows_;
  Centers<T> centers_;
  Centers<T> proposed_;
  ClusterSums sums_;
  std::vector<ClusterSums> thread_sums_;
  Assignment<T> assignment_;
  Seeding<T> seeding_;

  std::vector<double> counts_;
  NearestCenters<T> nearest_;  // of mini-batches
  std::vector<NearestScratch<T>> scratch_;
};

}  // namespace forja::cpu
