#pragma once

#include <cstdint>

#include "formulas/kernel_functions.h"

namespace forja::cuda {

/// Rows as kernels take them, dense on the device.
template <class T>
struct KernelRowsView {
  const T* x = nullptr;        ///< n x d, moved where the kernel allows it
  const T* squares = nullptr;  ///< n: their squared norms
  std::int64_t d = 0;
};

/// Some rows of a and some of b, and where what comes of them goes. Rows: null: all, as they are.
struct KernelTask {
  const std::int64_t* rows_a = nullptr;
  std::int64_t count_a = 0;
  const std::int64_t* rows_b = nullptr;
  const std::int64_t* ends = nullptr;  ///< of the segments of rows_b; on the device
  std::int64_t segments = 1;
};

/// sums(i, s w + r) += sum over the v of segment s of weights(r, v) K(a_i, b_v).
struct SumTask {
  KernelTask rows;
  const double* weights = nullptr;  ///< w x the stride
  std::int64_t weight_stride = 0;
  std::int64_t w = 1;
  double* sums = nullptr;  ///< rows of a x (segments w)
};

/// out(i, v) = K(a_i, b_v).
template <class T>
struct FillTask {
  KernelTask rows;
  T* out = nullptr;
  std::int64_t stride = 0;
  bool square = false;  ///< rows_a are rows_b, as many as the end says
};

/// One problem's variables, in arrays of its own.
struct VariablesView {
  const std::int64_t* row = nullptr;
  const double* linear = nullptr;
  const double* lower = nullptr;
  const double* upper = nullptr;
  double* b = nullptr;
  double* gradient = nullptr;
  double* slope = nullptr;          ///< scratch
  std::int32_t* at_work = nullptr;  ///< 1: in the working set
  std::int64_t count = 0;
  std::int64_t first_group = 0;
  double epsilon = 0;
};

/// A problem's working set.
template <class T>
struct WorkingSetView {
  std::int32_t* variables = nullptr;  ///< up to kWorkingSet, oldest first
  std::int64_t* rows = nullptr;       ///< theirs
  std::int64_t* size = nullptr;
  T* kernel = nullptr;                 ///< kWorkingSet x kWorkingSet
  std::int64_t* moved_rows = nullptr;  ///< of the variables that moved
  double* moved_by = nullptr;
  std::int64_t* moved = nullptr;  ///< how many
};

/// What a problem's round came to.
struct RoundState {
  double violation;
  std::int64_t steps;
};

/// A problem in a launch.
template <class T>
struct RoundTask {
  VariablesView variables;
  WorkingSetView<T> work;
  RoundState* state = nullptr;
  std::int64_t most_steps = 0;
};

}  // namespace forja::cuda
