#include "linear/descent.h"

#include <cmath>

#include "formulas/row_order.h"
#include "linear/descent_batches.h"
#include "runtime/aligned.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

/// Plain descent row by row: w = scale v, so that the l2 penalty costs one product, and the sum of the averaged weights
/// is u + seen v, so that rows which move nothing cost nothing.
template <class T>
class RowByRow {
 public:
  RowByRow(const DescentData<T>& data, const compute::DescentPlan<T>& plan, compute::DescentState& state,
           std::span<const std::int64_t> list)
      : data_(data),
        plan_(plan),
        state_(state),
        list_(list),
        d_(data.x.columns()),
        count_(std::ssize(list)),
        v_(static_cast<std::size_t>(count_ * d_)),
        u_(plan.average_from > 0 ? v_.size() : 0, T(0)),
        own_(list.size()),
        margins_(list.size()) {
    for (std::int64_t k = 0; k < count_; ++k) {
      const std::span<const double> w = state.weights.row(list[static_cast<std::size_t>(k)]);
      for (std::int64_t j = 0; j < d_; ++j) v_[static_cast<std::size_t>(k * d_ + j)] = static_cast<T>(w[j]);
      own_[static_cast<std::size_t>(k)].offset = static_cast<T>(w[static_cast<std::size_t>(d_)]);
    }
  }

  void run(const compute::DescentRun& steps, double* losses) {
    const std::int64_t n = data_.x.rows();
    const formulas::RowOrder order(plan_.seed, static_cast<std::uint64_t>(steps.epoch), n);
    const auto row_at = [&](std::int64_t place) { return plan_.shuffle ? order.row(place) : place; };
    std::int64_t next = row_at(0);
    for (std::int64_t s = 0; s < std::ssize(steps.rates); ++s) {
      const std::int64_t i = next;
      if (s + 1 < n) next = row_at(s + 1);
      const T* x = data_.row(i);
      row_products(x, d_, v_.data(), d_, count_, margins_.data(), data_.row(next));
      for (std::size_t k = 0; k < list_.size(); ++k) margins_[k] = own_[k].scale * margins_[k] + own_[k].offset;
      data_.take_losses(i, list_, margins_.data(), losses);
      const double rate = steps.rates[static_cast<std::size_t>(s)];
      const bool averaged = plan_.average_from > 0 && state_.steps + s + 1 >= plan_.average_from;
      for (std::size_t k = 0; k < list_.size(); ++k) {
        move(k, static_cast<T>(rate * steps.factors[static_cast<std::size_t>(list_[k])]), x, averaged);
      }
    }
  }

  /// Writes the weights and sums back.
  void finish() {
    for (std::int64_t k = 0; k < count_; ++k) {
      const std::int64_t output = list_[static_cast<std::size_t>(k)];
      const Own& own = own_[static_cast<std::size_t>(k)];
      double* w = state_.weights.row(output).data();
      double* sum = state_.sums.row(output).data();
      for (std::int64_t j = 0; j < d_; ++j) {
        const auto at = static_cast<std::size_t>(k * d_ + j);
        w[j] = static_cast<double>(own.scale * v_[at]);
        if (own.averaged > 0) sum[j] += static_cast<double>(u_[at]) + own.seen * static_cast<double>(v_[at]);
      }
      w[d_] = static_cast<double>(own.offset);
      sum[d_] += own.offset_sum;
      state_.averaged[static_cast<std::size_t>(output)] += own.averaged;
    }
  }

 private:
  struct Own {
    T scale = 1;
    T offset = 0;
    double seen = 0;  ///< sum of the scales of the averaged steps
    double offset_sum = 0;
    std::int64_t averaged = 0;
  };

  void move(std::size_t k, T rate, const T* x, bool averaged) {
    constexpr T kLeastScale = T(1e-6);
    Own& own = own_[k];
    T* v = v_.data() + static_cast<std::int64_t>(k) * d_;
    own.scale *= formulas::shrinkage(rate, static_cast<T>(plan_.l2));
    if (own.scale < kLeastScale) rescale(k);
    const T derivative = formulas::clipped(margins_[k], static_cast<T>(plan_.clip_value));
    if (derivative != 0) {
      const T step = -rate * derivative / own.scale;
      if (own.averaged > 0) {
        add_multiple(static_cast<T>(-own.seen) * step, x, d_, u_.data() + static_cast<std::int64_t>(k) * d_);
      }
      add_multiple(step, x, d_, v);
      if (plan_.intercept) own.offset -= rate * derivative;
    }
    if (!averaged) return;
    own.seen += static_cast<double>(own.scale);
    own.offset_sum += static_cast<double>(own.offset);
    ++own.averaged;
  }

  /// Makes the scale 1 again, or what a penalty has shrunk to nothing 0.
  void rescale(std::size_t k) {
    Own& own = own_[k];
    for (std::int64_t j = static_cast<std::int64_t>(k) * d_; j < static_cast<std::int64_t>(k + 1) * d_; ++j) {
      const auto at = static_cast<std::size_t>(j);
      if (own.averaged > 0) u_[at] += static_cast<T>(own.seen) * v_[at];
      v_[at] *= own.scale;
    }
    own.seen = 0;
    own.scale = 1;
  }

  const DescentData<T>& data_;
  const compute::DescentPlan<T>& plan_;
  compute::DescentState& state_;
  std::span<const std::int64_t> list_;
  std::int64_t d_;
  std::int64_t count_;
  AlignedVector<T> v_;
  AlignedVector<T> u_;
  std::vector<Own> own_;
  std::vector<T> margins_;
};

}  // namespace

template <class T>
CpuDescent<T>::CpuDescent(MatrixView<const T> x, MatrixView<const T> y, std::span<const T> sample_weight,
                          const compute::DescentPlan<T>& plan, int threads)
    : data_{x, y, sample_weight, plan.loss, plan.outputs},
      plan_(plan),
      threads_(threads),
      state_(plan.outputs, x.columns(), formulas::optimizer_states(plan.optimizer.kind)) {}

template <class T>
std::vector<double> CpuDescent<T>::run(const compute::DescentRun& steps) {
  std::vector<std::int64_t> list;
  for (std::int64_t c = 0; c < plan_.outputs; ++c) {
    if (steps.factors[static_cast<std::size_t>(c)] != 0) list.push_back(c);
  }
  const bool row_by_row = plan_.batch_size == 1 && plan_.optimizer.kind == formulas::OptimizerKind::sgd &&
                          plan_.l1 == 0 && std::isinf(plan_.clip_value) && std::isinf(plan_.clip_norm);
  std::vector<double> found(list.size());
  if (row_by_row) {
    const std::int64_t most = data_.coupled() ? 1 : std::min<std::int64_t>(threads_, std::ssize(list));
    std::vector<RowByRow<T>> parts;
    const auto begin = [&](std::int64_t part) { return static_cast<std::size_t>(part * std::ssize(list) / most); };
    for (std::int64_t part = 0; part < most; ++part) {
      parts.emplace_back(data_, plan_, state_, std::span(list).subspan(begin(part), begin(part + 1) - begin(part)));
    }
    for_each_chunk(threads_, most, [&](std::int64_t part, int) {
      parts[static_cast<std::size_t>(part)].run(steps, found.data() + begin(part));
    });
    for (RowByRow<T>& part : parts) part.finish();
  } else {
    descend_by_batches(data_, plan_, state_, list, steps, threads_, found.data());
  }
  state_.steps += std::ssize(steps.rates);
  std::vector<double> losses(static_cast<std::size_t>(plan_.outputs));
  for (std::size_t k = 0; k < list.size(); ++k) losses[static_cast<std::size_t>(list[k])] = found[k];
  return losses;
}

template class CpuDescent<float>;
template class CpuDescent<double>;

}  // namespace forja::cpu
