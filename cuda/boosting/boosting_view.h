#pragma once

#include <cstdint>

#include "formulas/boosting_loss.h"
#include "formulas/split_gain.h"

namespace forja::cuda {

/// Rows as bins on the device: n x stride bytes, zero from d on. The stride is a multiple of kFeatureGroup.
struct BinsView {
  const std::uint8_t* bins = nullptr;
  const std::int64_t* first_bin = nullptr;    ///< d + 1 places in a histogram; a feature's last bin is the missing one
  const std::uint8_t* categorical = nullptr;  ///< d
  std::int64_t n = 0;
  std::int64_t d = 0;
  std::int64_t stride = 0;
};

/// What rows are learned by.
struct TargetsView {
  const double* y = nullptr;
  const double* weight = nullptr;          ///< null: all one
  const std::uint8_t* held_out = nullptr;  ///< null: none
  std::int64_t n = 0;
  std::int64_t outputs = 1;
  formulas::BoostingLoss loss;
};

/// What the greatest gradient and hessian of an output make of its numbers.
struct OutputScales {
  double gradient_scale;  ///< to levels
  double hessian_scale;
  double gradient_unit;  ///< what a level is worth
  double hessian_unit;
  double gradient_fixed;  ///< a power of two, to fixed point
  double hessian_fixed;
};

/// Of a row and an output; side by side, as they are read together.
struct RowGradient {
  float gradient;
  float hessian;
};

/// Gradients of a round, output by output.
struct GradientsView {
  RowGradient* row = nullptr;     ///< outputs x n
  std::uint64_t* word = nullptr;  ///< outputs x n: their integers
  unsigned* greatest = nullptr;   ///< outputs x 2: bits of the greatest |gradient| and hessian
  OutputScales* scales = nullptr;
};

/// A bin of a histogram, or a leaf's sum: updated by atomics.
struct BinSums {
  unsigned long long gradient;
  unsigned long long hessian;
  unsigned long long count;
};

/// Bins as bits.
struct BinMask {
  std::uint64_t words[4];
};

/// Rows to be split in two, each side in the order it has.
struct PartitionTask {
  std::uint32_t* rows = nullptr;   ///< the node's segment
  std::uint32_t* spare = nullptr;  ///< as many
  std::int64_t count = 0;
  std::int64_t left_count = 0;
  std::int64_t first_piece = 0;  ///< of kPieceRows, over all tasks
  std::int64_t feature = 0;
  BinMask left;
};

/// A node whose histogram is built from its rows.
struct HistogramTask {
  const std::uint32_t* rows = nullptr;
  std::int64_t count = 0;
  std::int64_t first_chunk = 0;  ///< over all tasks
  const std::uint64_t* word = nullptr;
  BinSums* sums = nullptr;
};

/// A node whose best split is looked for.
struct SearchTask {
  BinSums* sums = nullptr;                  ///< its histogram, or that of its parent
  const BinSums* sibling = nullptr;         ///< not null: to be taken away from the parent's first
  const std::uint64_t* features = nullptr;  ///< bits; null: all
  const OutputScales* scales = nullptr;
  formulas::ValueBounds bounds;
};

/// A split as the search finds it.
struct FoundSplit {
  double gain;
  std::int32_t feature;
  std::int32_t number;        ///< of the candidate
  std::int64_t missing_left;  ///< 0 or 1; so wide that no gap is left, as copies take all bytes
  BinMask left_bins;          ///< categorical
  formulas::NodeSums left;
  formulas::NodeSums right;
};

/// Rows of a node that a statistic is taken of.
struct LeafTask {
  const std::uint32_t* rows = nullptr;
  std::int64_t count = 0;
  std::int64_t first_piece = 0;
  std::int64_t output = 0;
};

/// A node of a tree that rows walk down by bins.
struct WalkNode {
  BinMask left;
  double value;
  std::int32_t feature;   ///< below 0: a leaf
  std::int32_t children;  ///< the left one's place; the right one is next
};

/// A tree that rows walk down, and the output that its leaves add to.
struct WalkTree {
  std::int32_t root;
  std::int32_t output;
};

}  // namespace forja::cuda
