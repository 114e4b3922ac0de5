#pragma once

#include <cstdint>

#include "formulas/row_loss.h"

namespace forja::cuda {

/// The rows of some steps, as the kernel takes them.
template <class T>
struct StepRows {
  const T* x = nullptr;
  bool in_order = false;               ///< x has the rows by places, else by their numbers
  const std::int64_t* rows = nullptr;  ///< the row at each place
  const T* y = nullptr;                ///< by row
  const T* weight = nullptr;           ///< by row; null: all one
  std::int64_t places = 0;
  std::int64_t d = 0;
  std::int64_t t = 0;
};

/// The plan, as the kernel takes it.
template <class T>
struct StepRules {
  formulas::RowLoss<T> loss;
  std::int64_t outputs = 1;
  std::int64_t batch = 1;
  std::int64_t averaged_from = 0;  ///< the first of the launch's steps, from 0, that is averaged
  bool coupled = false;
  bool intercept = true;
  T l2 = 0;
  double l1 = 0;
  double clip_value = 0;
  double clip_norm = 0;  ///< 0: none
};

/// Where the descent stands. Weights: C x (d + 1), and the others likewise.
template <class T>
struct StepState {
  T* weights = nullptr;
  T* slots = nullptr;
  double* sums = nullptr;
  T* paid = nullptr;
  double* due = nullptr;            ///< C
  double* losses = nullptr;         ///< C
  const double* factors = nullptr;  ///< C
  T* partial = nullptr;             ///< C x max(batch, warps of a block): parts of margins
  T* derivatives = nullptr;         ///< C x batch
  T* gradient = nullptr;            ///< C x (d + 1)
};

}  // namespace forja::cuda
