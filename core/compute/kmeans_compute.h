#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "forja/device_matrix.h"
#include "forja/matrix.h"

namespace forja::compute {

/// What one assignment pass found.
struct KMeansPass {
  double inertia = 0;           ///< sum of weight x ||x - c||^2 over all rows, for the centres they were assigned to
  double shift = 0;             ///< sum over centres of ||proposed - current||^2
  std::int64_t changed = 0;     ///< rows whose label is not what it was before the pass (first pass: all rows)
  std::int64_t recomputed = 0;  ///< rows whose distances were computed anew: all where no bounds are kept
  /// Clusters without weight, ascending; their proposed centre is the current one.
  std::vector<std::int32_t> empty = {};
};

/// A row proposed as the next centre by k-means++ and what the potential would be with it.
struct SeedCandidate {
  std::int64_t row = 0;
  double potential = 0;
};

/// A row far from its centre.
struct FarRow {
  std::int64_t row = 0;
  double distance = 0;  ///< squared, without the row's weight
};

/// A row given to a cluster.
struct RowToCluster {
  std::int64_t row = 0;
  std::int32_t cluster = 0;
};

/// One mini-batch step's result.
struct BatchStep {
  double inertia = 0;  ///< of the batch's rows under the centres before the step, as KMeansPass::inertia
  double weight = 0;   ///< of the batch
  double shift = 0;    ///< sum over centres of ||new - old||^2
};

/// Unweighted mean and variance (divided by n) of each column, in double.
struct ColumnMoments {
  std::vector<double> mean;
  std::vector<double> variance;
};

/// K-means over one set of rows: the seam. Built from the rows (n x d) and their weights, which stay on the device
/// until it is destroyed. Holds k centres, n labels, the clusters' sums, and the seeding's n least distances.
///
/// Contract, the same on every device (formulas/kmeans_formulas.h has the scalar parts):
/// - Rows are used as x' = (x - shift) * scale: centring_shift per column, common_scale for all; both in T. Centres are
///   held as c' in T; c = shift + c' / scale in double is what set_centers and centers speak.
/// - A row's label is the centre of least exact squared distance between x' and c'; equal ones: lowest index. Scores
///   ||c'||^2 - 2 x'c' in T decide where they differ by more than 2 score_error(); otherwise exact_distance() does.
/// - Cluster sums and weights are fixed-point integers (fixed_point_exponent per column), so they depend on the labels
///   alone. A proposed centre is the sum over the weight, rounded to T.
/// - Results of whole passes can be added up over blocks of rows; the driver never assumes it sees all rows.
template <class T>
class KMeansCompute {
 public:
  virtual ~KMeansCompute() = default;

  virtual std::int64_t rows() const = 0;
  virtual std::int64_t columns() const = 0;
  /// Computed when built.
  virtual const ColumnMoments& moments() const = 0;

  // -- seeding

  /// Forgets the seeding's distances.
  virtual void begin_seeding() = 0;
  /// Draws a row for each u in [0, 1): the first whose running sum of weight x least squared distance to the accepted
  /// candidates exceeds u x total; before the first acceptance, and where the total is 0, by weight alone. Rows of
  /// weight 0 are never drawn. Returns each row and the total there would be with it. Synchronises.
  virtual std::vector<SeedCandidate> seed_candidates(std::span<const double> u) = 0;
  /// Accepts candidate `index` of the last seed_candidates().
  virtual void seed_accept(std::int64_t index) = 0;
  /// Draws a row by weight alone for each u in [0, 1). Synchronises.
  virtual std::vector<std::int64_t> draw_rows(std::span<const double> u) = 0;

  // -- centres

  /// k x d; forgets labels, sums, bounds and counts.
  virtual void set_centers(MatrixView<const double> centers) = 0;
  /// Copies of these rows as centres; otherwise as above.
  virtual void set_centers_from_rows(std::span<const std::int64_t> rows) = 0;
  /// k x d. Synchronises.
  virtual Matrix<double> centers() = 0;

  // -- Lloyd's iteration

  /// Whether assign() may keep bounds between passes and skip what they rule out; changes no result. Default: no.
  virtual void use_bounds(bool yes) = 0;
  /// Whether the bounds would repay themselves with k centres on these rows.
  virtual bool bounds_pay(std::int64_t k) const = 0;
  /// Labels every row by its nearest centre and proposes the clusters' means as the next centres. Synchronises.
  virtual KMeansPass assign() = 0;
  /// The `count` rows of positive weight farthest from their current centre, the farthest first, equal ones: lowest
  /// row; fewer when there are not so many. Needs assign(). Synchronises.
  virtual std::vector<FarRow> farthest_rows(std::int64_t count) = 0;
  /// Moves rows into (empty) clusters: labels, sums and proposal follow; a cluster that loses its last weight keeps
  /// its current centre as the proposal. Returns the proposal's new shift. Synchronises.
  virtual double relabel(std::span<const RowToCluster> moves) = 0;
  /// The proposed centres become the current ones.
  virtual void update() = 0;
  /// Sum of weight x ||x - c||^2 for the current labels and centres, row by row in double. Synchronises.
  virtual double inertia() = 0;
  /// The n labels of the last assign(). Synchronises.
  virtual std::vector<std::int32_t> labels() = 0;

  // -- mini-batches

  /// Weight that each centre has had so far; set_centers() zeroes them.
  virtual void set_counts(std::span<const double> counts) = 0;
  /// Synchronises.
  virtual std::vector<double> counts() = 0;
  /// `steps` steps from number `first` on: step s assigns rows batch_row(seed, s, 0 .. batch_size - 1) to their
  /// nearest centres and moves each centre to the weighted mean of all it has had. batch_size = 0: each step takes all
  /// rows once. Synchronises.
  virtual std::vector<BatchStep> batch_steps(std::uint64_t seed, std::int64_t first, std::int64_t steps,
                                             std::int64_t batch_size) = 0;
  /// Puts rows in the place of centres and sets those centres' counts.
  virtual void replace_centers(std::span<const RowToCluster> rows, double count) = 0;

  /// These rows, as they were given. Synchronises.
  virtual Matrix<T> take_rows(std::span<const std::int64_t> rows) = 0;
};

/// A fitted k-means model on a device: many predictions, one upload of the centres. Labels as KMeansCompute has them.
template <class T>
class KMeansPredictor {
 public:
  virtual ~KMeansPredictor() = default;
  /// Nearest centre of each row. labels: one per row of x.
  virtual void predict(const Rows<T>& x, std::span<std::int32_t> labels) = 0;
  /// Distances from each row to each centre, by differences; distances: rows x k.
  virtual void transform(const Rows<T>& x, MatrixView<T> distances) = 0;
  /// Sum of weight x squared distance to the nearest centre, in double. sample_weight may be empty.
  virtual double inertia(const Rows<T>& x, std::span<const T> sample_weight) = 0;
};

}  // namespace forja::compute
