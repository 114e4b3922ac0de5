#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kmeans/centers.h"
#include "kmeans/cluster_sums.h"
#include "kmeans/distance_bounds.h"
#include "kmeans/nearest_centers.h"
#include "kmeans/row_sketch.h"
#include "kmeans/sketched_centers.h"
#include "kmeans/training_rows.h"
#include "runtime/threads.h"

namespace forja::cpu {

/// The labels of all rows, and the passes that set them. With bounds, a pass measures only the rows that these leave
/// open; where reading rows is what takes the time, it looks at their sketches first, and at a row itself only where
/// its sketch does not tell.
template <class T>
class Assignment {
 public:
  explicit Assignment(const TrainingRows<T>& rows) : rows_(rows) {}

  /// There are other centres: no row has a label.
  void start();
  void use_bounds(bool yes);
  /// Bounds are to be found anew: centres or their grouping are not what they were.
  void forget_bounds() { bounds_.forget(); }
  void forget_grouping();
  void follow(const Centers<T>& from, const Centers<T>& to) { bounds_.move(from, to); }

  struct Found {
    std::int64_t changed = 0;    ///< rows with another label than before
    std::int64_t measured = 0;   ///< rows whose distances were computed
    std::int64_t unsettled = 0;  ///< rows that their sketch did not settle
  };
  /// Labels every row by its nearest centre. sums: one per thread; they take what changed.
  Found pass(const Centers<T>& centers, std::span<ClusterSums> sums);
  /// Gives row i to a cluster that need not be its nearest.
  void relabel(std::int64_t i, std::int32_t cluster);

  const std::vector<std::int32_t>& labels() const { return labels_; }
  std::int32_t label(std::int64_t i) const { return labels_[static_cast<std::size_t>(i)]; }
  /// Sum of weight x ||x'||^2; known after a pass.
  double total_square() const { return total_square_; }

 private:
  struct Scratch {
    NearestScratch<T> nearest;
    std::vector<std::int64_t> open;     // rows of a chunk that are to be measured
    std::vector<std::int64_t> numbers;  // of the rows in `nearest`
    std::vector<T> row;
    ClusterSums* sums = nullptr;
  };

  void begin_pass(const Centers<T>& centers, std::span<ClusterSums> sums);
  /// For what a pass keeps of every row.
  void make_room();
  Chunks chunks() const;
  std::int64_t group_size() const;
  bool sketches_pay() const;
  Found chunk(std::int64_t first, std::int64_t last, Scratch& scratch);
  /// Puts row i at place `at` of the scratch; false when its bounds rule out all other centres after all.
  bool put(std::int64_t i, std::int64_t at, Scratch& scratch);
  /// Labels what the scratch holds.
  void measure(std::int64_t count, Scratch& scratch, Found& found);
  /// Labels row i by its sketch; false where that does not tell.
  bool settle(std::int64_t i, Scratch& scratch, Found& found);
  void change(std::int64_t i, const T* x, std::int32_t label, Scratch& scratch, Found& found);

  const TrainingRows<T>& rows_;
  const Centers<T>* centers_ = nullptr;
  std::vector<std::int32_t> labels_;
  NearestCenters<T> nearest_;
  std::vector<Scratch> scratch_;  // one per thread

  AlignedVector<T> norms_;  // of x', rounded up; empty before the first pass
  std::vector<double> squares_;
  double total_square_ = 0;

  bool use_bounds_ = false;
  bool all_ = true;  // the pass measures every row
  DistanceBounds<T> bounds_;
  std::vector<std::int32_t> order_;  // how the bounds group the centres; empty: to be found
  RowSketch<T> sketch_;
  SketchedCenters<T> sketched_centers_;
  bool sketched_ = false;  // all rows are
  bool sketches_tell_ = true;
  bool sketching_ = false;  // what the pass does with sketches: makes them,
  bool by_sketch_ = false;  // looks at them first
};

}  // namespace forja::cpu
