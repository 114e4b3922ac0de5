#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/matrix.h"
#include "formulas/dual_step.h"

namespace forja::compute {

/// Which linear support vector machines.
struct DualPlan {
  formulas::RowLoss<double> loss;  ///< hinge, squared_hinge or an epsilon-insensitive one
  std::int64_t outputs = 1;        ///< of numbers each has a column of y; of classes y has one, as in RowLoss
  double bias = 0;                 ///< one more entry of each row, whose weight is the last one; 0: none
  std::uint64_t seed = 0;          ///< of formulas::RowOrder
};

/// Where the outputs stand; all in double from x and the dual variables b.
struct DualState {
  Matrix<double> weights;           ///< C x (d + 1): sum of b (x, bias)
  std::vector<double> losses;       ///< C: sum of c loss under these weights
  std::vector<double> dual_values;  ///< C: sum of formulas::DualRow::value(b)
};

/// Dual coordinate descent over one set of rows: the seam. Built from x (n x d), y (n x t) and the rows' factors c,
/// which stay on the device with the n C dual variables, all zero at first.
///
/// Contract, the same on every device: an epoch takes each row once, in the order of formulas::RowOrder, and moves each
/// output's variable of it by formulas::dual_step(), and its weights along. A variable whose slack is greater than the
/// output's worst violation of the epoch before stays where it is in the epochs that follow (Joachims 1999). Rows,
/// weights and their products are T, variables double.
template <class T>
class DualCompute {
 public:
  virtual ~DualCompute() = default;

  /// `epochs` epochs, numbered from `first` on, of these outputs. All variables take part again in the first one, and
  /// none is held back in it.
  virtual void run(std::int64_t first, std::int64_t epochs, std::span<const std::int64_t> outputs) = 0;
  /// Takes the weights anew from the variables, for what comes as well. Synchronises.
  virtual DualState measure() = 0;
};

}  // namespace forja::compute
