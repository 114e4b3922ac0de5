#include "linear/descent_batches.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "formulas/row_order.h"
#include "runtime/aligned.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

template <class T>
class Batches {
 public:
  Batches(const DescentData<T>& data, const compute::DescentPlan<T>& plan, compute::DescentState& state,
          std::span<const std::int64_t> list)
      : data_(data),
        plan_(plan),
        state_(state),
        list_(list),
        d_(data.x.columns()),
        width_(d_ + 1),
        count_(std::ssize(list)),
        chunk_rows_(std::max<std::int64_t>(256, (std::min(plan.batch_size, data.x.rows()) + 63) / 64)),
        weights_(static_cast<std::size_t>(count_ * width_)),
        gradient_(weights_.size()) {
    for (std::int64_t k = 0; k < count_; ++k) {
      const std::span<const double> w = state.weights.row(output(k));
      for (std::int64_t j = 0; j < width_; ++j) weights_[at(k, j)] = static_cast<T>(w[static_cast<std::size_t>(j)]);
    }
    const std::int64_t rows = std::min(plan.batch_size, data.x.rows());
    parts_.resize(static_cast<std::size_t>((rows + chunk_rows_ - 1) / chunk_rows_));
    for (Part& part : parts_) {
      part.gradient.resize(weights_.size());
      part.margins.resize(list.size());
      part.losses.resize(list.size());
    }
  }

  template <class Make>
  void run(const Make& make, const compute::DescentRun& steps, int threads, double* losses) {
    const std::int64_t n = data_.x.rows();
    const formulas::RowOrder order(plan_.seed, static_cast<std::uint64_t>(steps.epoch), n);
    for (std::int64_t s = 0; s < std::ssize(steps.rates); ++s) {
      const std::int64_t first = s * plan_.batch_size;
      const Chunks chunks{std::min(plan_.batch_size, n - first), chunk_rows_};
      for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
        add_rows(order, first + chunks.first(chunk), first + chunks.last(chunk),
                 parts_[static_cast<std::size_t>(chunk)]);
      });
      combine(chunks, losses);
      ++state_.steps;
      for (std::int64_t k = 0; k < count_; ++k) {
        const double rate =
            steps.rates[static_cast<std::size_t>(s)] * steps.factors[static_cast<std::size_t>(output(k))];
        move(k, make(rate, state_.steps));
      }
    }
    state_.steps -= std::ssize(steps.rates);  // the caller counts
    for (std::int64_t k = 0; k < count_; ++k) {
      std::copy_n(weights_.data() + at(k, 0), width_, state_.weights.row(output(k)).data());
    }
  }

 private:
  /// What some rows of a batch come to.
  struct Part {
    AlignedVector<T> gradient;  ///< count x width
    std::vector<T> margins;
    std::vector<double> losses;
  };

  std::int64_t output(std::int64_t k) const { return list_[static_cast<std::size_t>(k)]; }
  std::size_t at(std::int64_t k, std::int64_t j) const { return static_cast<std::size_t>(k * width_ + j); }

  void add_rows(const formulas::RowOrder& order, std::int64_t first, std::int64_t last, Part& part) const {
    std::fill(part.gradient.begin(), part.gradient.end(), T(0));
    std::fill(part.losses.begin(), part.losses.end(), 0.0);
    T* const margins = part.margins.data();
    const auto row_at = [&](std::int64_t place) { return plan_.shuffle ? order.row(place) : place; };
    std::int64_t next = row_at(first);
    for (std::int64_t place = first; place < last; ++place) {
      const std::int64_t i = next;
      if (place + 1 < last) next = row_at(place + 1);
      const T* x = data_.row(i);
      row_products(x, d_, weights_.data(), width_, count_, margins, data_.row(next));
      for (std::int64_t k = 0; k < count_; ++k) margins[k] += weights_[at(k, d_)];
      data_.take_losses(i, list_, margins, part.losses.data());
      for (std::int64_t k = 0; k < count_; ++k) {
        if (margins[k] == 0) continue;
        add_multiple(margins[k], x, d_, part.gradient.data() + at(k, 0));
        part.gradient[at(k, d_)] += margins[k];
      }
    }
  }

  /// The mean gradient and the losses of the batch, clipped.
  void combine(const Chunks& chunks, double* losses) {
    const double share = 1 / static_cast<double>(chunks.count);
    const double limit = plan_.clip_value;
    for (std::size_t p = 0; p < gradient_.size(); ++p) {
      double sum = 0;
      for (std::int64_t chunk = 0; chunk < chunks.number(); ++chunk) {
        sum += static_cast<double>(parts_[static_cast<std::size_t>(chunk)].gradient[p]);
      }
      gradient_[p] = static_cast<T>(formulas::clipped(sum * share, limit));
    }
    for (std::int64_t chunk = 0; chunk < chunks.number(); ++chunk) {
      for (std::size_t k = 0; k < list_.size(); ++k) losses[k] += parts_[static_cast<std::size_t>(chunk)].losses[k];
    }
    if (!plan_.intercept) {
      for (std::int64_t k = 0; k < count_; ++k) gradient_[at(k, d_)] = 0;
    }
    if (std::isinf(plan_.clip_norm)) return;
    for (std::int64_t k = 0; k < count_; ++k) {
      double square = 0;
      for (std::int64_t j = 0; j < width_; ++j) {
        square += static_cast<double>(gradient_[at(k, j)]) * static_cast<double>(gradient_[at(k, j)]);
      }
      const auto factor = static_cast<T>(formulas::norm_clip(std::sqrt(square), plan_.clip_norm));
      for (std::int64_t j = 0; j < width_; ++j) gradient_[at(k, j)] *= factor;
    }
  }

  template <class Optimizer>
  void move(std::int64_t k, const Optimizer& optimizer) {
    const std::int64_t c = output(k);
    const bool averaged = plan_.average_from > 0 && state_.steps >= plan_.average_from;
    const T l2 = static_cast<T>(plan_.l2);
    double& due = state_.due[static_cast<std::size_t>(c)];
    due += static_cast<double>(optimizer.rate) * plan_.l1;
    state_.averaged[static_cast<std::size_t>(c)] += averaged ? 1 : 0;
    for (std::int64_t j = plan_.intercept ? d_ : d_ - 1; j >= 0; --j) {
      std::array<T, Optimizer::kStates + 1> own{};
      for (int s = 0; s < Optimizer::kStates; ++s) {
        own[static_cast<std::size_t>(s)] = static_cast<T>(state_.slots(s * plan_.outputs + c, j));
      }
      T& w = weights_[at(k, j)];
      w = formulas::stepped(optimizer, w, gradient_[at(k, j)], j < d_ ? l2 : T(0), own.data());
      for (int s = 0; s < Optimizer::kStates; ++s) {
        state_.slots(s * plan_.outputs + c, j) = static_cast<double>(own[static_cast<std::size_t>(s)]);
      }
      if (plan_.l1 > 0 && j < d_) {
        T paid = static_cast<T>(state_.paid(c, j));
        w = formulas::drawn_to_zero(w, static_cast<T>(due), paid);
        state_.paid(c, j) = static_cast<double>(paid);
      }
      if (averaged) state_.sums(c, j) += static_cast<double>(w);
    }
  }

  const DescentData<T>& data_;
  const compute::DescentPlan<T>& plan_;
  compute::DescentState& state_;
  std::span<const std::int64_t> list_;
  std::int64_t d_;
  std::int64_t width_;
  std::int64_t count_;
  std::int64_t chunk_rows_;
  AlignedVector<T> weights_;
  AlignedVector<T> gradient_;
  std::vector<Part> parts_;
};

}  // namespace

template <class T>
void descend_by_batches(const DescentData<T>& data, const compute::DescentPlan<T>& plan, compute::DescentState& state,
                        std::span<const std::int64_t> list, const compute::DescentRun& steps, int threads,
                        double* losses) {
  Batches<T> batches(data, plan, state, list);
  formulas::with_optimizer<T>(plan.optimizer, [&](const auto& make) { batches.run(make, steps, threads, losses); });
}

#define FORJA_INSTANTIATE(T)                                                                                      \
  template void descend_by_batches(const DescentData<T>&, const compute::DescentPlan<T>&, compute::DescentState&, \
                                   std::span<const std::int64_t>, const compute::DescentRun&, int, double*);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::cpu
