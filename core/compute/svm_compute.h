#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "forja/device_matrix.h"
#include "forja/matrix.h"
#include "formulas/kernel_functions.h"

namespace forja::compute {

/// min 1/2 b'K b + q'b + epsilon |b|_1 over lower <= b <= upper, where the sum of b over each group stays what it is at
/// the start; K holds the kernel of the variables' rows. Every dual of a support vector machine, as signed multipliers
/// b = y alpha.
struct SvmProblem {
  std::vector<std::int64_t> rows;  ///< m: the row of x of each variable; several may share one
  std::vector<double> linear;      ///< m: q
  std::vector<double> lower;       ///< m
  std::vector<double> upper;       ///< m; where it is the lower one, the variable stays, and its gradient is told
  std::vector<double> start;       ///< m, within the bounds; empty: 0
  std::int64_t first_group = 0;    ///< variables from here on are a group of their own; 0: all are one
  double epsilon = 0;              ///< >= 0; above 0: lower <= 0 <= upper
};

/// Where a problem stands.
struct SvmState {
  /// The most that a pair of one group could still gain a unit of: 0 at the optimum, never below.
  double violation = 0;
  std::int64_t steps = 0;  ///< pairs that the call moved
};

struct SvmSolution {
  std::vector<double> b;
  std::vector<double> gradient;  ///< K b + q
};

/// How a fit works.
struct SvmPlan {
  double tol = 1e-3;             ///< a problem ends when its violation is no greater
  std::int64_t cache_bytes = 0;  ///< for kernel values that are kept; at least those of a working set are
  bool shrinking = true;         ///< whether variables that can form no pair may be left out where all are at work
};

/// Kernel machines over one set of rows: the seam. Built from x (n x d), which stays on its device. Kernel values are
/// T, from products of rows in T (rbf: of rows less a vector amid them); gradients and b are double.
///
/// Contract, the same on every device: each step moves a pair of one group, the one of the steepest way up and the one
/// with it that promises most by second-order information (ties: lowest index), among the variables at work. Which are
/// at work, and for how long, is the device's own choice; a problem that is not over moves in every call, unless
/// rounding keeps it from it.
template <class T>
class SvmCompute {
 public:
  virtual ~SvmCompute() = default;

  /// Takes up these problems, and forgets those before. The spans need not outlive the call.
  virtual void set_problems(std::span<const SvmProblem> problems) = 0;
  /// Works on these problems (each listed once), on each for at most `most_steps` (as many as listed) pairs; returns
  /// for each of them where it stands. Synchronises.
  virtual std::vector<SvmState> run(std::span<const std::int64_t> listed, std::span<const std::int64_t> most_steps) = 0;
  /// Gradients of these problems anew from b, without what roundings of many steps have added up. Synchronises.
  virtual std::vector<SvmState> refresh(std::span<const std::int64_t> listed) = 0;
  /// Synchronises.
  virtual SvmSolution solution(std::int64_t problem) = 0;
};

/// Sums over support vectors: out(i, s w + r) is the sum of weights(r, v) K(x_i, v) over the v of segment s.
template <class T>
class SvmPredictor {
 public:
  virtual ~SvmPredictor() = default;
  /// x: m x d (precomputed: m x the columns that support vectors are numbers of); out: m x (segments w).
  virtual void sum(const Rows<T>& x, MatrixView<double> out) = 0;
};

/// What a predictor is made of; nothing of it is kept by reference.
template <class T>
struct SvmSupport {
  MatrixView<const T> vectors;          ///< s x d; precomputed: empty
  std::span<const std::int64_t> picks;  ///< precomputed: the column of x of each support vector
  std::span<const std::int64_t> ends;   ///< where each segment of support vectors ends, ascending
  MatrixView<const double> weights;     ///< w x s
};

}  // namespace forja::compute
