#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "forja/matrix.h"
#include "formulas/descent_step.h"
#include "formulas/row_loss.h"

namespace forja::compute {

/// What a descent does in every step.
template <class T>
struct DescentPlan {
  formulas::RowLoss<T> loss;  ///< of numbers each output has a column of y; of classes y has one, as in RowLoss
  formulas::OptimizerChoice optimizer;
  std::int64_t outputs = 1;
  std::int64_t batch_size = 1;  ///< rows of a step, > 0; an epoch's last step has what is left
  bool intercept = true;
  bool shuffle = true;  ///< the rows of an epoch in the order of formulas::RowOrder, else in their own
  std::uint64_t seed = 0;
  double l2 = 0;                  ///< the penalty l2 w^2 / 2 of each weight but the intercept
  double l1 = 0;                  ///< the penalty l1 |w|
  std::int64_t average_from = 0;  ///< the first step, from 1, whose weights are summed; 0: none
  double clip_value = std::numeric_limits<double>::infinity();
  double clip_norm = std::numeric_limits<double>::infinity();
};

/// Where a descent stands: all that the next step depends on. Rows of d + 1 numbers end with the intercept's. All but
/// sums and due are T.
struct DescentState {
  Matrix<double> weights;              ///< C x (d + 1)
  Matrix<double> slots;                ///< (states of the optimiser x C) x (d + 1)
  Matrix<double> sums;                 ///< C x (d + 1): of the weights after the steps that are averaged
  std::vector<std::int64_t> averaged;  ///< C: how many those are
  Matrix<double> paid;                 ///< C x (d + 1), of the l1 penalty
  std::vector<double> due;             ///< C: of the l1 penalty, the sum of rate x l1
  std::int64_t steps = 0;              ///< taken so far

  /// Before the first step.
  DescentState(std::int64_t outputs, std::int64_t columns, std::int64_t states)
      : weights(outputs, columns + 1),
        slots(states * outputs, columns + 1),
        sums(outputs, columns + 1),
        averaged(static_cast<std::size_t>(outputs)),
        paid(outputs, columns + 1),
        due(static_cast<std::size_t>(outputs)) {}
};

/// The steps of one call.
struct DescentRun {
  std::int64_t epoch = 0;           ///< which order of the rows
  std::span<const double> rates;    ///< of each step from the epoch's first one on; at most an epoch's steps
  std::span<const double> factors;  ///< C: what an output's rates are multiplied by; where it is 0 the output rests.
                                    ///< multinomial: one for all
};

/// Mini-batch descent over one set of rows: the seam. Built from x (n x d), y (n x t) and weights, which stay on the
/// device with the descent's state.
///
/// Contract, the same on every device: step s of an epoch takes the rows at places s b to (s + 1) b - 1 of its order.
/// With margins p = x w + intercept before the step, an output's gradient is the mean over these rows of weight x
/// derivative x (x, 1); its entries are clipped to clip_value, then the whole to the norm clip_norm; and
/// formulas::stepped() and drawn_to_zero() move the weights, the intercept without penalties. Margins, derivatives and
/// weights are T. Outputs depend on each other in the multinomial loss only.
template <class T>
class DescentCompute {
 public:
  virtual ~DescentCompute() = default;

  /// Takes the steps; returns for each output the sum of weight x loss over the rows as they were met, 0 of those that
  /// rest; multinomial: all in the first. Synchronises.
  virtual std::vector<double> run(const DescentRun& steps) = 0;
  /// Synchronises.
  virtual DescentState state() = 0;
  /// Goes on from there. At first all is zero.
  virtual void set_state(const DescentState& state) = 0;
};

}  // namespace forja::compute
