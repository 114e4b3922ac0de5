#pragma once

#include <cmath>
#include <cstdint>

#include "boosting/block_tools.cuh"
#include "formulas/fixed_point.h"
#include "formulas/gradient_packing.h"

/// Scores, losses, gradients and their integers, a thread for each row.
namespace forja::cuda {

/// Such blocks that a multiprocessor holds at least: room for 64 registers a thread, which keeps them from memory.
inline constexpr int kBlocksOfMath = 4;

__device__ inline double row_weight(const TargetsView& targets, std::int64_t i) {
  return targets.weight == nullptr ? 1.0 : targets.weight[i];
}

__device__ inline double row_loss(const TargetsView& targets, const double* scores, std::int64_t i) {
  const double* const own = scores + i * targets.outputs;
  if (targets.loss.kind != formulas::BoostingLossKind::multinomial) {
    return formulas::boosting_loss(targets.loss, targets.y[i], own[0]);
  }
  const auto label = static_cast<std::int64_t>(targets.y[i]);
  return formulas::multinomial_loss(formulas::softmax_terms(own, targets.outputs), own[label]);
}

// The scores that all rows have. Floor: 8 bytes a score written.
__global__ void __launch_bounds__(kBoostThreads)
    repeat_scores(const double* row, std::int64_t n, std::int64_t outputs, double* scores) {
  const std::int64_t place = std::int64_t{blockIdx.x} * kBoostThreads + threadIdx.x;
  if (place < n * outputs) scores[place] = row[place % outputs];
}

// A block for each chunk of kBoostThreads rows, whose losses two threads add up in order. Floor: a score, a target, a
// weight a row read; bound by the sums' latency, kBoostThreads additions.
__global__ void __launch_bounds__(kBoostThreads, kBlocksOfMath)
    sum_chunk_losses(TargetsView targets, const double* scores, double* sums) {
  FORJA_SHARED(losses, double[kBoostThreads]);
  FORJA_SHARED(held_out, std::uint8_t[kBoostThreads]);
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t first = std::int64_t{blockIdx.x} * kBoostThreads;
  const std::int64_t i = first + thread;
  if (i < targets.n) {
    losses[thread] = row_loss(targets, scores, i) * row_weight(targets, i);
    held_out[thread] = targets.held_out != nullptr && targets.held_out[i] != 0 ? 1 : 0;
  }
  __syncthreads();
  if (thread % kWarp == 0 && thread < 2 * kWarp) {
    const int which = thread / kWarp;
    const int rows = targets.n - first < kBoostThreads ? static_cast<int>(targets.n - first) : kBoostThreads;
    double sum = 0;
    for (int k = 0; k < rows; ++k) sum += held_out[k] == which ? losses[k] : 0.0;
    sums[2 * std::int64_t{blockIdx.x} + which] = sum;
  }
}

// One block: sums of chunks in order, both at once. Floor: bound by the latency of an addition a chunk.
__global__ void __launch_bounds__(kBoostThreads) sum_losses(const double* sums, std::int64_t chunks, double* out) {
  FORJA_SHARED(tile, double[kBoostThreads]);
  const int thread = static_cast<int>(threadIdx.x);
  double sum = 0;
  for (std::int64_t first = 0; first < 2 * chunks; first += kBoostThreads) {
    const std::int64_t left = 2 * chunks - first;
    const int count = left < kBoostThreads ? static_cast<int>(left) : kBoostThreads;
    __syncthreads();
    if (thread < count) tile[thread] = sums[first + thread];
    __syncthreads();
    for (int k = thread; k < count && thread < 2; k += 2) sum += tile[k];
  }
  if (thread < 2) out[thread] = sum;
}

/// The greatest of a warp's values, into a word that all warps update.
__device__ inline void put_greatest(float value, unsigned* greatest) {
  unsigned bits = __float_as_uint(value);
  for (int step = kWarp / 2; step > 0; step /= 2) {
    const unsigned other = __shfl_xor_sync(kAllLanes, bits, step);
    bits = other > bits ? other : bits;
  }
  if (threadIdx.x % kWarp == 0 && bits != 0) atomicMax(greatest, bits);
}

// Gradients; 0 of rows that take no part. given: of a custom loss, n x outputs, else null. Floor: of each row a target
// and a weight read, of each output a score read, 8 bytes written; bound by memory where there is no exponential, else
// by some 40 operations in double for each.
__global__ void __launch_bounds__(kBoostThreads)
    find_gradients(TargetsView targets, const double* scores, const double* given_gradient, const double* given_hessian,
                   std::uint64_t bag_key, double subsample, GradientsView out) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kBoostThreads + threadIdx.x;
  const bool here = i < targets.n;
  const double weight = here ? row_weight(targets, i) : 0.0;
  const double y = here && targets.y != nullptr ? targets.y[i] : 0.0;
  const bool part = here && weight != 0 && (targets.held_out == nullptr || targets.held_out[i] == 0) &&
                    (subsample >= 1 || formulas::in_bag(bag_key, i, subsample));
  const bool softmax = targets.loss.kind == formulas::BoostingLossKind::multinomial;
  formulas::SoftmaxTerms terms;
  if (part && softmax) terms = formulas::softmax_terms(scores + i * targets.outputs, targets.outputs);
  for (std::int64_t k = 0; k < targets.outputs; ++k) {
    float gradient = 0;
    float hessian = 0;
    if (part) {
      const std::int64_t place = i * targets.outputs + k;
      formulas::GradientPair pair;
      if (given_gradient != nullptr) {
        pair = {given_gradient[place], given_hessian[place]};
      } else if (softmax) {
        pair = formulas::multinomial_gradient(terms, scores[place], static_cast<std::int64_t>(y) == k);
      } else {
        pair = formulas::boosting_gradient(targets.loss, y, scores[place]);
      }
      gradient = static_cast<float>(pair.gradient * weight);
      hessian = static_cast<float>(pair.hessian * weight);
    }
    if (here) {
      out.row[k * targets.n + i] = {gradient, hessian};
    }
    put_greatest(std::fabs(gradient), out.greatest + 2 * k);
    put_greatest(hessian > 0 ? hessian : 0.0F, out.greatest + 2 * k + 1);
  }
}

// A thread for each output.
__global__ void __launch_bounds__(kWarp)
    set_scales(GradientsView own, std::int64_t n, std::int64_t outputs, bool exact) {
  const std::int64_t k = std::int64_t{blockIdx.x} * kWarp + threadIdx.x;
  if (k < outputs) {
    const auto gradient = static_cast<double>(__uint_as_float(own.greatest[2 * k]));
    const auto hessian = static_cast<double>(__uint_as_float(own.greatest[2 * k + 1]));
    const int gradient_levels = exact ? formulas::kExactLevels : formulas::kGradientLevels;
    const int hessian_levels = exact ? formulas::kExactLevels : formulas::kHessianLevels;
    OutputScales& scales = own.scales[k];
    scales.gradient_scale = formulas::level_scale(gradient, gradient_levels);
    scales.hessian_scale = formulas::level_scale(hessian, hessian_levels);
    scales.gradient_unit = formulas::level_unit(gradient, gradient_levels);
    scales.hessian_unit = formulas::level_unit(hessian, hessian_levels);
    scales.gradient_fixed = std::ldexp(1.0, formulas::fixed_point_exponent(gradient, n));
    scales.hessian_fixed = std::ldexp(1.0, formulas::fixed_point_exponent(hessian, n));
  }
}

// Floor: 8 bytes read and 8 written of each row and output; some 30 operations.
__global__ void __launch_bounds__(kBoostThreads)
    make_words(GradientsView own, std::int64_t n, std::int64_t outputs, bool exact, std::uint64_t rounding_key) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kBoostThreads + threadIdx.x;
  for (std::int64_t k = 0; k < outputs; ++k) {
    if (i < n) {
      const OutputScales& scales = own.scales[k];
      const auto [gradient, hessian] = own.row[k * n + i];
      own.word[k * n + i] =
          exact ? formulas::exactly_scaled_row(gradient, hessian, scales.gradient_scale, scales.hessian_scale)
                : formulas::quantised_row(gradient, hessian, scales.gradient_scale, scales.hessian_scale, rounding_key,
                                          i, k, outputs);
    }
  }
}

}  // namespace forja::cuda
