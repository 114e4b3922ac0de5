#pragma once

#include <cstdint>

#include "formulas/row_loss.h"
#include "linear/linear_kernels.cuh"
#include "linear/linear_view.h"
#include "runtime/portability.h"

/// What passes for a loss and its gradient do beside cuBLAS.
namespace forja::cuda {

// A warp per row: x', zeros beyond the last row. Floor: x read, as much written to the L2 cache.
template <class T>
__global__ void __launch_bounds__(kLinearThreads) centre_rows(LinearView<T> data, std::int64_t padded, T* centred) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kLinearWarps + threadIdx.x / kWarp;
  if (row >= padded) return;
  for (std::int64_t j = threadIdx.x % kWarp; j < data.d; j += kWarp) {
    T value = 0;
    if (row < data.rows) value = (data.x[row * data.d + j] - data.shift[j]) * data.scale[j];
    centred[row * data.d + j] = value;
  }
}

// A thread per row turns its `outputs` margins, without their offsets, into derivatives and writes its loss, both times
// its weight; zeros beyond the last row. Floor: margins read and written in the L2 cache, an exponential each.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    take_losses(LinearView<T> data, formulas::RowLoss<T> loss, std::int64_t outputs, const T* offset,
                std::int64_t padded, T* margins, double* losses) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kLinearThreads + threadIdx.x;
  if (row >= padded) return;
  T* const own = margins + row * outputs;
  const bool there = row < data.rows;
  for (std::int64_t c = 0; c < outputs; ++c) own[c] = there ? own[c] + offset[c] : T(0);
  double value = 0;
  if (there) {
    const auto target = [&](std::int64_t t) {
      return (data.y[row * data.t + t] - data.shift[data.d + t]) * data.scale[data.d + t];
    };
    value = loss(target, weight_of(data, row) * data.weight_inverse, own, outputs);
  }
  losses[row] = value;
}

// A thread per row adds the offsets to its `outputs` margins and writes its weight times the loss's second derivative
// by the outputs a and b. Floor: margins read and written in the L2 cache, an exponential each.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    take_curvatures(LinearView<T> data, formulas::LossKind loss, std::int64_t outputs, const T* offset, std::int64_t a,
                    std::int64_t b, T* margins, T* weights) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kLinearThreads + threadIdx.x;
  if (row >= data.rows) return;
  T* const own = margins + row * outputs;
  for (std::int64_t c = 0; c < outputs; ++c) own[c] += offset[c];
  const auto bend = static_cast<double>(formulas::row_curvature(loss, own, outputs, a, b));
  weights[row] = static_cast<T>(weight_of(data, row) * data.weight_inverse * bend);
}

// Block (x: group of rows, y: output; one more: the losses): the group's sum in double, outputs + 1 of each group.
// Floor: derivatives and losses read once from the L2 cache.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    sum_losses(const T* derivatives, const double* losses, std::int64_t outputs, double* groups) {
  FORJA_SHARED(of_warp, double[kLinearWarps]);
  const std::int64_t begin = std::int64_t{blockIdx.x} * kGroupRows;
  const std::int64_t output = blockIdx.y;
  double sum = 0;
  for (std::int64_t row = begin + threadIdx.x; row < begin + kGroupRows; row += kLinearThreads) {
    sum += output < outputs ? static_cast<double>(derivatives[row * outputs + output]) : losses[row];
  }
  sum = warp_sum(sum);
  if (threadIdx.x % kWarp == 0) of_warp[threadIdx.x / kWarp] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  double all = 0;
  for (const double part : of_warp) all += part;
  groups[std::int64_t{blockIdx.x} * (outputs + 1) + output] = all;
}

}  // namespace forja::cuda
