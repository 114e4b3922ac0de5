#pragma once

#include <cmath>
#include <cstdint>

#include "formulas/descent_step.h"
#include "formulas/row_order.h"
#include "linear/descent_view.h"
#include "linear/linear_kernels.cuh"
#include "runtime/portability.h"

/// Many steps of descent in one launch.
namespace forja::cuda {

// The row at each place of an epoch. Floor: as many numbers written, some 100 integer operations each.
static __global__ void __launch_bounds__(kLinearThreads)
    list_rows(formulas::RowOrder order, bool shuffle, std::int64_t places, std::int64_t* rows) {
  const std::int64_t place = std::int64_t{blockIdx.x} * kLinearThreads + threadIdx.x;
  if (place < places) rows[place] = shuffle ? order.row(place) : place;
}

/// Some outputs and rows of one step, by one block.
template <class T>
class BlockStep {
 public:
  __device__ BlockStep(const StepRows<T>& data, const StepRules<T>& rules, const StepState<T>& state)
      : data_(data),
        rules_(rules),
        state_(state),
        first_(rules.coupled ? 0 : std::int64_t{blockIdx.x}),
        count_(rules.coupled ? rules.outputs : 1),
        width_(data.d + 1),
        most_(rules.batch > kLinearWarps ? rules.batch : kLinearWarps) {}

  __device__ std::int64_t first() const { return first_; }
  __device__ std::int64_t count() const { return count_; }
  __device__ T* weights(std::int64_t k) const { return state_.weights + (first_ + k) * width_; }
  __device__ T* gradient(std::int64_t k) const { return state_.gradient + (first_ + k) * width_; }
  __device__ const T* x(std::int64_t place) const {
    return data_.x + (data_.in_order ? place : data_.rows[place]) * data_.d;
  }

  /// Parts of margins: a warp each, `parts` for a row where there are few rows; a power of two. Here and below no index
  /// is divided: 64-bit quotients are function calls, which spill.
  __device__ void multiply(std::int64_t begin, std::int64_t rows, int parts) const {
    const int warp = static_cast<int>(threadIdx.x) / kWarp;
    const int part = warp % parts;
    for (std::int64_t k = 0; k < count_; ++k) {
      const T* w = weights(k);
      for (std::int64_t b = warp / parts; b < rows; b += kLinearWarps / parts) {
        const T* row = x(begin + b);
        T sum = 0;
        for (std::int64_t j = part * kWarp + static_cast<int>(threadIdx.x) % kWarp; j < data_.d; j += parts * kWarp) {
          sum = std::fma(row[j], w[j], sum);
        }
        const double all = warp_sum(static_cast<double>(sum));
        if (threadIdx.x % kWarp == 0)
          state_.partial[first_ * most_ + (b * count_ + k) * parts + part] = static_cast<T>(all);
      }
    }
  }

  /// Derivatives of the rows' margins, a thread for a row; returns what this thread's rows lose.
  __device__ double differentiate(std::int64_t begin, std::int64_t rows, int parts) const {
    double lost = 0;
    for (std::int64_t b = threadIdx.x; b < rows; b += kLinearThreads) {
      const std::int64_t row = data_.rows[begin + b];
      const double weight = data_.weight == nullptr ? 1.0 : static_cast<double>(data_.weight[row]);
      const T* target = data_.y + row * data_.t;
      T* own = state_.derivatives + first_ * rules_.batch + b * count_;
      for (std::int64_t k = 0; k < count_; ++k) {
        const T* partial = state_.partial + first_ * most_ + (b * count_ + k) * parts;
        T sum = 0;
        for (int p = 0; p < parts; ++p) sum += partial[p];
        own[k] = sum + weights(k)[data_.d];
      }
      const T lone =
          rules_.coupled ? target[0] : formulas::lone_target(rules_.loss.kind, target, first_, rules_.outputs);
      lost += rules_.loss([&](std::int64_t) { return lone; }, weight, own, count_);
    }
    return lost;
  }

  /// The mean gradient, entries clipped, a thread for a weight: columns side by side read x side by side.
  __device__ void average(std::int64_t begin, std::int64_t rows) const {
    constexpr std::int64_t kInOneSum = 256;
    const T* derivative = state_.derivatives + first_ * rules_.batch;
    for (std::int64_t k = 0; k < count_; ++k) {
      for (std::int64_t j = threadIdx.x; j < width_; j += kLinearThreads) {
        double all = 0;
        for (std::int64_t from = 0; from < rows; from += kInOneSum) {
          const std::int64_t to = from + kInOneSum < rows ? from + kInOneSum : rows;
          T sum = 0;
          for (std::int64_t b = from; b < to; ++b) {
            sum = std::fma(derivative[b * count_ + k], j < data_.d ? x(begin + b)[j] : T(1), sum);
          }
          all += static_cast<double>(sum);
        }
        const double mean = j < data_.d || rules_.intercept ? all / static_cast<double>(rows) : 0;
        gradient(k)[j] = static_cast<T>(formulas::clipped(mean, rules_.clip_value));
      }
    }
  }

  /// Shortens gradients to the norm that is allowed, a warp each.
  __device__ void shorten() const {
    for (std::int64_t k = threadIdx.x / kWarp; k < count_; k += kLinearWarps) {
      T* const own = gradient(k);
      double square = 0;
      for (std::int64_t j = threadIdx.x % kWarp; j < width_; j += kWarp) {
        square += static_cast<double>(own[j]) * static_cast<double>(own[j]);
      }
      const auto factor = static_cast<T>(formulas::norm_clip(std::sqrt(warp_sum(square)), rules_.clip_norm));
      for (std::int64_t j = threadIdx.x % kWarp; j < width_; j += kWarp) own[j] *= factor;
    }
  }

  template <class Optimizer>
  __device__ void move(Optimizer optimizer, double due, bool averaged) const {
    const std::int64_t moved = rules_.intercept ? width_ : data_.d;
    for (std::int64_t k = 0; k < count_; ++k) {
      for (std::int64_t j = threadIdx.x; j < moved; j += kLinearThreads) {
        const std::int64_t at = (first_ + k) * width_ + j;
        T own[Optimizer::kStates + 1];
        for (int s = 0; s < Optimizer::kStates; ++s) own[s] = state_.slots[s * rules_.outputs * width_ + at];
        T w =
            formulas::stepped(optimizer, state_.weights[at], state_.gradient[at], j < data_.d ? rules_.l2 : T(0), own);
        for (int s = 0; s < Optimizer::kStates; ++s) state_.slots[s * rules_.outputs * width_ + at] = own[s];
        if (rules_.l1 > 0 && j < data_.d) w = formulas::drawn_to_zero(w, static_cast<T>(due), state_.paid[at]);
        state_.weights[at] = w;
        if (averaged) state_.sums[at] += static_cast<double>(w);
      }
    }
  }

 private:
  const StepRows<T>& data_;
  const StepRules<T>& rules_;
  const StepState<T>& state_;
  std::int64_t first_;
  std::int64_t count_;
  std::int64_t width_;
  std::int64_t most_;
};

// A block per output, one for all where they depend on each other, takes all steps. optimizers: one per step. Floor: an
// epoch is bound by latency, three barriers and two reads of a row from the L2 cache a step, some microseconds;
// so few blocks are better off with many registers each.
template <class T, class Optimizer>
__global__ void __launch_bounds__(kLinearThreads, 1)
    descend(StepRows<T> data, StepRules<T> rules, StepState<T> state, const Optimizer* optimizers) {
  FORJA_SHARED(of_warp, double[kLinearWarps]);
  const BlockStep<T> block(data, rules, state);
  const double factor = state.factors[block.first()];
  if (factor == 0) return;
  double due = state.due[block.first()];
  double lost = 0;
  std::int64_t step = 0;
  for (std::int64_t begin = 0; begin < data.places; begin += rules.batch, ++step) {
    const std::int64_t left = data.places - begin;
    const std::int64_t rows = left < rules.batch ? left : rules.batch;
    const int parts = rows > 4 ? 1 : (rows > 2 ? 2 : (rows == 2 ? 4 : 8));
    block.multiply(begin, rows, parts);
    __syncthreads();
    lost += block.differentiate(begin, rows, parts);
    __syncthreads();
    block.average(begin, rows);
    if (rules.clip_norm > 0) {
      __syncthreads();
      block.shorten();
      __syncthreads();
    }
    Optimizer optimizer = optimizers[step];
    optimizer.rate = static_cast<T>(factor * static_cast<double>(optimizer.rate));
    due += static_cast<double>(optimizer.rate) * rules.l1;
    block.move(optimizer, due, step >= rules.averaged_from);
    __syncthreads();
  }
  lost = warp_sum(lost);
  if (threadIdx.x % kWarp == 0) of_warp[threadIdx.x / kWarp] = lost;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (const double part : of_warp) state.losses[block.first()] += part;
  for (std::int64_t k = 0; k < block.count(); ++k) state.due[block.first() + k] = due;
}

}  // namespace forja::cuda
