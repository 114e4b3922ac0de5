#pragma once

#include <cstdint>

#include "formulas/dual_step.h"

namespace forja::cuda {

/// Rows of a dual, as kernels take them; all but x of all rows.
template <class T>
struct DualRows {
  const T* x = nullptr;
  const T* y = nullptr;
  const T* factors = nullptr;
  const double* squares = nullptr;
  std::int64_t d = 0;
  std::int64_t t = 0;  ///< columns of y
  std::int64_t outputs = 1;
  double bias = 0;
  formulas::RowLoss<double> loss;
};

/// Some places of an epoch, and what it moves.
template <class T>
struct DualEpoch {
  bool in_order = false;               ///< x has the rows by places, else by their numbers
  const std::int64_t* rows = nullptr;  ///< the row at each place
  std::int64_t places = 0;
  const std::int64_t* outputs = nullptr;  ///< of each block
  const double* limits = nullptr;         ///< C: the violations of the epoch before
  double* violations = nullptr;           ///< C: the worst of this one
  double* b = nullptr;                    ///< n x C
  unsigned char* held = nullptr;          ///< n x C
  T* weights = nullptr;                   ///< C x (d + 1)
};

}  // namespace forja::cuda
