#pragma once

#include <cstdint>

#include "formulas/descent_step.h"
#include "linear/dual_view.h"
#include "linear/linear_kernels.cuh"
#include "runtime/portability.h"

/// Dual coordinate descent and what it measures.
namespace forja::cuda {

template <class T>
__device__ formulas::DualRow dual_row_of(const DualRows<T>& data, std::int64_t row, std::int64_t output) {
  const T lone = formulas::lone_target(data.loss.kind, data.y + row * data.t, output, data.outputs);
  double y = static_cast<double>(lone);
  if (formulas::of_classes(data.loss.kind)) y = lone > 0 ? 1 : -1;
  return formulas::dual_row(data.loss, y, static_cast<double>(data.factors[row]));
}

// A warp per row, numbered from `first` on: x x + bias^2. Floor: x read, bound by memory.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    measure_squares(const T* x, std::int64_t first, std::int64_t rows, std::int64_t d, double bias, double* squares) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kLinearWarps + threadIdx.x / kWarp;
  if (row >= rows) return;
  T sum = 0;
  for (std::int64_t j = threadIdx.x % kWarp; j < d; j += kWarp) sum = std::fma(x[row * d + j], x[row * d + j], sum);
  const double square = warp_sum(static_cast<double>(sum)) + bias * bias;
  if (threadIdx.x % kWarp == 0) squares[first + row] = square;
}

// A block per output goes through the places; each thread has its own columns, thread 0 the bias as well. Parts of
// products lie in two places in turn, so that a row takes one barrier. Floor: bound by latency, a read of a row from
// the L2 cache and a barrier, a microsecond or so for each row that takes part; of the others a byte is read.
template <class T>
__global__ void __launch_bounds__(kLinearThreads, 1) take_epoch(DualRows<T> data, DualEpoch<T> epoch) {
  FORJA_SHARED(of_warp, double[2][kLinearWarps]);
  const bool first = threadIdx.x == 0;
  const std::int64_t output = epoch.outputs[blockIdx.x];
  T* const w = epoch.weights + output * (data.d + 1);
  const double limit = epoch.limits[output];
  double worst = first ? epoch.violations[output] : 0;
  int turn = 0;
  for (std::int64_t place = 0; place < epoch.places; ++place) {
    const std::int64_t row = epoch.rows[place];
    const std::int64_t at = row * data.outputs + output;
    if (epoch.held[at] != 0) continue;
    const T* const x = data.x + (epoch.in_order ? place : row) * data.d;
    T part = first ? static_cast<T>(data.bias) * w[data.d] : T(0);
    for (std::int64_t j = threadIdx.x; j < data.d; j += kLinearThreads) part = std::fma(x[j], w[j], part);
    const double sum = warp_sum(static_cast<double>(part));
    if (threadIdx.x % kWarp == 0) of_warp[turn][threadIdx.x / kWarp] = sum;
    const double b = epoch.b[at];
    __syncthreads();
    double margin = 0;
    for (const double own : of_warp[turn]) margin += own;
    turn = 1 - turn;
    const formulas::DualStep step = formulas::dual_step(dual_row_of(data, row, output), b, margin, data.squares[row]);
    if (step.slack > limit) {
      if (first) epoch.held[at] = 1;
      continue;
    }
    worst = step.violation > worst ? step.violation : worst;
    const double change = step.next - b;
    if (change == 0) continue;
    const T factor = static_cast<T>(change);
    for (std::int64_t j = threadIdx.x; j < data.d; j += kLinearThreads) w[j] = std::fma(factor, x[j], w[j]);
    if (!first) continue;
    w[data.d] += static_cast<T>(change * data.bias);
    epoch.b[at] = step.next;
  }
  if (first) epoch.violations[output] = worst;
}

// A warp per row, numbered from `first` on: c loss and the dual's value for each output, rows x C. weights: C x d in
// double; sums: C, of the variables. Floor: x read, bound by memory; weights come from the cache.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    measure_duals(DualRows<T> data, const T* x, std::int64_t first, std::int64_t rows, const double* weights,
                  const double* sums, const double* b, double* losses, double* values) {
  const std::int64_t row = std::int64_t{blockIdx.x} * kLinearWarps + threadIdx.x / kWarp;
  if (row >= rows) return;
  for (std::int64_t c = 0; c < data.outputs; ++c) {
    const double product = row_product<T>(x + row * data.d, nullptr, weights + c * data.d, data.d);
    if (threadIdx.x % kWarp != 0) continue;
    const formulas::DualRow dual = dual_row_of(data, first + row, c);
    double margin = product + data.bias * data.bias * sums[c];
    const std::int64_t at = row * data.outputs + c;
    losses[at] =
        data.loss([&](std::int64_t) { return dual.y; }, static_cast<double>(data.factors[first + row]), &margin, 1);
    values[at] = dual.value(b[(first + row) * data.outputs + c]);
  }
}

// A thread per weight, C x (d + 1): rounds them for the epochs. Floor: as many numbers read and written; small.
template <class T>
__global__ void __launch_bounds__(kLinearThreads)
    round_weights(const double* weights, const double* sums, std::int64_t outputs, std::int64_t d, double bias, T* to) {
  const std::int64_t output = blockIdx.y;
  const std::int64_t column = std::int64_t{blockIdx.x} * kLinearThreads + threadIdx.x;
  if (output >= outputs || column > d) return;
  to[output * (d + 1) + column] = static_cast<T>(column < d ? weights[output * d + column] : bias * sums[output]);
}

}  // namespace forja::cuda
