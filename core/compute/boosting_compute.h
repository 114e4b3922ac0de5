#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "forja/device_matrix.h"
#include "forja/matrix.h"
#include "formulas/boosting_loss.h"
#include "formulas/split_gain.h"

namespace forja::compute {

/// How values become bins: 0 .. n_bins(f) - 1 by value, n_bins(f) where a value is missing (NaN, or of a categorical
/// feature any that is not listed). At most 255 bins of values, at least 1.
struct BinTable {
  std::int64_t features() const { return static_cast<std::int64_t>(categorical.size()); }
  /// Numeric: the bounds; a value belongs to the first bin whose bound is >= it, the last bin has none. Categorical:
  /// the category of each bin. Ascending.
  std::span<const double> values(std::int64_t f) const {
    return std::span(entries).subspan(static_cast<std::size_t>(first[f]),
                                      static_cast<std::size_t>(first[f + 1] - first[f]));
  }
  std::int64_t n_bins(std::int64_t f) const {
    const std::int64_t listed = first[f + 1] - first[f];
    return categorical[f] != 0 ? listed : listed + 1;
  }

  std::vector<double> entries;
  std::vector<std::int64_t> first = {0};  ///< d + 1 places in entries
  std::vector<std::uint8_t> categorical;  ///< d flags
};

/// Rows as bins, n x d bytes, on a device of the backend that made them. Only that backend looks inside.
class BinnedRows {
 public:
  virtual ~BinnedRows() = default;
  virtual std::int64_t rows() const = 0;
  virtual const BinTable& table() const = 0;
  /// The bins of rows [first, first + out.rows()), for tests; out: as many rows x d.
  virtual void download(std::int64_t first, MatrixView<std::uint8_t> out) const = 0;
};

/// What a fit is made of. Spans outlive the compute object.
struct BoostingPlan {
  std::span<const double> y;               ///< n; of multinomial a class, 0 .. outputs - 1
  std::span<const double> sample_weight;   ///< n or empty (all one); rows of weight 0 do not count
  std::span<const std::uint8_t> held_out;  ///< n or empty: rows that are scored but not learned from
  std::int64_t outputs = 1;                ///< trees of a round
  formulas::BoostingLoss loss;
  formulas::SplitRules rules;
  std::vector<std::int8_t> monotonic;  ///< d or empty: 1 rising, -1 falling, 0 free
  bool exact = false;                  ///< 31-bit gradients rather than quantised ones
  std::uint64_t seed = 0;
};

/// Weighted sums of the loss.
struct BoostingLosses {
  double learned = 0;
  double held_out = 0;
};

/// What a node may do.
struct NodeRule {
  formulas::ValueBounds bounds;
  std::vector<std::uint64_t> features;  ///< a bit for each feature that it may split by; empty: all
};

/// The best split of a node.
struct BoostingSplit {
  double gain = -1;  ///< above 0, or there is no split
  std::int32_t feature = -1;
  std::int32_t bin = 0;       ///< numeric: the last bin on the left
  bool missing_left = false;  ///< where no row of the node misses the value: whether the left side has more rows
  /// Categorical: the bins on the left; that of missing values is among them when missing_left.
  std::array<std::uint64_t, 4> left_bins = {};
  formulas::NodeSums left;  ///< of the integer gradients
  formulas::NodeSums right;
};

/// A node to be split in two; the children get these numbers, not used before in this opening.
struct NodeToSplit {
  std::int64_t node = 0;
  BoostingSplit split;
  std::int64_t left = 0;
  std::int64_t right = 0;
  NodeRule left_rule;
  NodeRule right_rule;
  bool search = true;  ///< whether the children's best splits are asked for; where not, they are never split
};

struct LeafValue {
  std::int64_t node = 0;
  double value = 0;
};

/// A node of a tree that rows walk down by their bins; children stand behind their parent.
struct BinnedNode {
  std::array<std::uint64_t, 4> left_bins = {};  ///< bits of the bins on the left, that of missing values among them
  double value = 0;                             ///< leaf: what it adds
  std::int32_t feature = -1;                    ///< below 0: a leaf
  std::int32_t left = 0;                        ///< the left child's place in all nodes; the right one is next
};

struct BinnedTree {
  std::int32_t root = 0;  ///< a place in all nodes
  std::int32_t output = 0;
};

/// Histogram gradient boosting over binned rows: the seam. Scores (n x outputs, double), gradients, integer gradients
/// and the order of rows by nodes stay on the device.
///
/// Contract, the same bits on every device and for any number of threads:
/// - gradient and hessian of a row: formulas/boosting_loss.h in double (custom: as given), times the weight, rounded to
///   float. A row held out, out of the bag or of weight 0 takes no part in sums and searches, but belongs to nodes and
///   is scored.
/// - integers of a row: formulas/gradient_packing.h, with level_scale and level_unit by the greatest |gradient| and the
///   greatest hessian of each output over the rows that take part; key round_key(seed, kRoundingStream, round).
/// - candidates: numeric, for each bin b: left the bins <= b, with missing values on the right (b up to the last bin of
///   values), and, where the node has missing values, on the left (b below the last). Categorical: bins (that of
///   missing values too) with rows of the node, ordered by category_rank; left the first c of them, 1 <= c < all. The
///   number of such a candidate is c. Both sides have rows. The best is by better_candidate.
/// - sums of losses: over chunks of 256 rows in order, then over chunks in order.
class BoostingCompute {
 public:
  virtual ~BoostingCompute() = default;

  /// scores: n x outputs, or 1 x outputs for all rows.
  virtual void set_scores(MatrixView<const double> scores) = 0;
  /// out: n x outputs. Synchronises.
  virtual void scores(MatrixView<double> out) = 0;
  /// At the scores; not of a custom loss. Synchronises.
  virtual BoostingLosses losses() = 0;

  /// Gradients (custom: both n x outputs; else empty, and from the loss at the scores), the bag of the round
  /// (formulas::in_bag with round_key(seed, kBagStream, round); subsample 1: all rows) and integers.
  virtual void begin_round(std::uint64_t round, double subsample, MatrixView<const double> gradients = {},
                           MatrixView<const double> hessians = {}) = 0;
  /// How many trees it is best to grow side by side, and how many leaves to split at once, where there are enough.
  virtual std::int64_t trees_at_once() const = 0;
  virtual std::int64_t splits_at_once() const = 0;
  /// Begins trees of these outputs, one node for each, numbered from 0; nodes of the opening before are forgotten.
  /// Returns their best splits. Synchronises.
  virtual std::vector<BoostingSplit> open(std::span<const std::int64_t> outputs, std::span<const NodeRule> rules) = 0;
  /// Splits nodes. Returns two splits for each of those that are to be searched, left and right, in order.
  /// Synchronises when any is.
  virtual std::vector<BoostingSplit> split(std::span<const NodeToSplit> nodes) = 0;

  /// Sums of the gradients as they are (float, added as fixed point by fixed_point_exponent of the greatest, as above,
  /// and n) over the rows of these nodes that take part; nodes that have been split may be among them.
  /// Synchronises.
  virtual std::vector<formulas::NodeSums> leaf_sums(std::span<const std::int64_t> nodes) = 0;
  /// The weighted quantile of y - score over the rows of these nodes that take part: the least value at which the
  /// weights (fixed point by fixed_point_exponent of the greatest of all and n) up to it reach q of their sum, as
  /// doubles; 0 of no rows. One output. Synchronises.
  virtual std::vector<double> leaf_quantiles(std::span<const std::int64_t> nodes, double q) = 0;
  /// Adds to the score of every row the value of its leaf; the leaves of a tree cover all rows.
  virtual void add(std::span<const LeafValue> leaves) = 0;
  /// Adds trees that were not grown here to the scores of all rows, one after the other.
  virtual void add_trees(std::span<const BinnedNode> nodes, std::span<const BinnedTree> trees) = 0;
};

/// A node of a flattened tree, in an order in which children stand beside each other behind their parent.
struct ForestNode {
  double threshold = 0;          ///< numeric: left where x <= threshold; representable in T
  double value = 0;              ///< leaf: what it adds
  std::int32_t feature = -1;     ///< below 0: a leaf
  std::int32_t left = 0;         ///< the left child's place in the tree; the right one is next
  std::int32_t categories = -1;  ///< at or above 0: a place in `Forest::left_bins`
  bool missing_left = false;
};

/// Trees in the order of rounds, `outputs` a round. Spans outlive the call only.
struct Forest {
  std::span<const ForestNode> nodes;
  std::span<const std::int64_t> first;  ///< trees + 1 places in nodes
  std::span<const std::array<std::uint64_t, 4>> left_bins;
  std::span<const double> baseline;  ///< outputs
  const BinTable* table = nullptr;   ///< for categories
};

/// Sums of trees.
template <class T>
class BoostingPredictor {
 public:
  virtual ~BoostingPredictor() = default;
  /// out(i, k) = baseline_k (where first_round is 0; else out as it is) + the trees of output k of rounds first_round
  /// .. end_round - 1, added in order. x: m x d, NaN is missing; out: m x outputs. Synchronises.
  virtual void sum(const Rows<T>& x, std::int64_t first_round, std::int64_t end_round, MatrixView<double> out) = 0;
};

}  // namespace forja::compute
