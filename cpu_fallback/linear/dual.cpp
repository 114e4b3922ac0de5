#include "linear/dual.h"

#include <algorithm>
#include <limits>

#include "formulas/row_order.h"
#include "runtime/threads.h"

namespace forja::cpu {

/// What some rows come to.
template <class T>
struct CpuDual<T>::Part {
  Matrix<double> weights;
  std::vector<double> losses;
  std::vector<double> dual_values;
};

template <class T>
CpuDual<T>::CpuDual(MatrixView<const T> x, MatrixView<const T> y, std::span<const T> factors,
                    const compute::DualPlan& plan, int threads)
    : x_(x),
      y_(y),
      factors_(factors),
      plan_(plan),
      threads_(threads),
      squares_(static_cast<std::size_t>(x.rows())),
      own_(static_cast<std::size_t>(plan.outputs)) {
  for (Own& own : own_) {
    own.weights.resize(static_cast<std::size_t>(x.columns()), T(0));
    own.b.resize(squares_.size());
    own.held.resize(squares_.size());
  }
  const Chunks chunks = pass_chunks(x.rows(), x.columns(), 64);
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      T square = 0;
      row_products<1>(row(i), x_.columns(), row(i), 0, &square);
      squares_[static_cast<std::size_t>(i)] = static_cast<double>(square) + plan_.bias * plan_.bias;
    }
  });
}

template <class T>
formulas::DualRow CpuDual<T>::dual_row(std::int64_t i, std::int64_t output) const {
  const T lone = formulas::lone_target(plan_.loss.kind, y_.data() + i * y_.stride(), output, plan_.outputs);
  const double y = formulas::of_classes(plan_.loss.kind) ? (lone > 0 ? 1 : -1) : static_cast<double>(lone);
  return formulas::dual_row(plan_.loss, y, static_cast<double>(factors_[static_cast<std::size_t>(i)]));
}

template <class T>
void CpuDual<T>::run(std::int64_t first, std::int64_t epochs, std::span<const std::int64_t> outputs) {
  const std::int64_t parts = std::min<std::int64_t>(threads_, std::ssize(outputs));
  const auto begin = [&](std::int64_t part) { return static_cast<std::size_t>(part * std::ssize(outputs) / parts); };
  for_each_chunk(threads_, parts, [&](std::int64_t part, int) {
    const auto some = outputs.subspan(begin(part), begin(part + 1) - begin(part));
    for (std::int64_t e = 0; e < epochs; ++e) epoch(first + e, e == 0, some);
  });
}

template <class T>
void CpuDual<T>::epoch(std::int64_t number, bool all, std::span<const std::int64_t> outputs) {
  constexpr std::int64_t kLine = kAlignment / sizeof(T);
  const std::int64_t n = x_.rows();
  const formulas::RowOrder order(plan_.seed, static_cast<std::uint64_t>(number), n);
  std::vector<double> limits;
  std::vector<double> worst(outputs.size());
  for (const std::int64_t output : outputs) {
    Own& own = own_[static_cast<std::size_t>(output)];
    limits.push_back(all ? std::numeric_limits<double>::infinity() : own.worst);
    if (all) std::fill(own.held.begin(), own.held.end(), 0);
  }
  const auto takes_part = [&](std::int64_t i) {
    return std::any_of(outputs.begin(), outputs.end(), [&](std::int64_t output) {
      return own_[static_cast<std::size_t>(output)].held[static_cast<std::size_t>(i)] == 0;
    });
  };
  std::int64_t next = order.row(0);
  for (std::int64_t place = 0; place < n; ++place) {
    const std::int64_t i = next;
    if (place + 1 < n) {
      next = order.row(place + 1);
      if (takes_part(next)) {
        for (std::int64_t j = 0; j < x_.columns(); j += kLine) __builtin_prefetch(row(next) + j);
      }
    }
    for (std::size_t k = 0; k < outputs.size(); ++k) move(i, outputs[k], limits[k], worst[k]);
  }
  for (std::size_t k = 0; k < outputs.size(); ++k) own_[static_cast<std::size_t>(outputs[k])].worst = worst[k];
}

template <class T>
void CpuDual<T>::move(std::int64_t i, std::int64_t output, double limit, double& worst) {
  const auto at = static_cast<std::size_t>(i);
  Own& own = own_[static_cast<std::size_t>(output)];
  if (own.held[at] != 0) return;
  T product = 0;
  row_products<1>(row(i), x_.columns(), own.weights.data(), 0, &product);
  const double margin = static_cast<double>(product) + plan_.bias * static_cast<double>(own.bias);
  const formulas::DualStep step = formulas::dual_step(dual_row(i, output), own.b[at], margin, squares_[at]);
  if (step.slack > limit) {
    own.held[at] = 1;
    return;
  }
  worst = std::max(worst, step.violation);
  const double change = step.next - own.b[at];
  if (change == 0) return;
  own.b[at] = step.next;
  add_multiple(static_cast<T>(change), row(i), x_.columns(), own.weights.data());
  own.bias += static_cast<T>(change * plan_.bias);
}

template <class T>
void CpuDual<T>::add_weights(std::int64_t first, std::int64_t last, Part& part) const {
  const std::int64_t d = x_.columns();
  for (std::int64_t i = first; i < last; ++i) {
    const T* x = row(i);
    for (std::int64_t c = 0; c < plan_.outputs; ++c) {
      const double b = own_[static_cast<std::size_t>(c)].b[static_cast<std::size_t>(i)];
      if (b == 0) continue;
      double* const to = part.weights.row(c).data();
#pragma omp simd
      for (std::int64_t j = 0; j < d; ++j) to[j] += b * static_cast<double>(x[j]);
      to[d] += b * plan_.bias;
    }
  }
}

template <class T>
void CpuDual<T>::add_losses(std::int64_t first, std::int64_t last, const Matrix<double>& weights, Part& part) const {
  const std::int64_t d = x_.columns();
  for (std::int64_t i = first; i < last; ++i) {
    const T* x = row(i);
    for (std::int64_t c = 0; c < plan_.outputs; ++c) {
      const auto output = static_cast<std::size_t>(c);
      const formulas::DualRow dual = dual_row(i, c);
      const double* w = weights.row(c).data();
      double product = 0;
#pragma omp simd reduction(+ : product)
      for (std::int64_t j = 0; j < d; ++j) product += w[j] * static_cast<double>(x[j]);
      double margin = product + w[d] * plan_.bias;
      part.losses[output] += plan_.loss([&](std::int64_t) { return dual.y; },
                                        static_cast<double>(factors_[static_cast<std::size_t>(i)]), &margin, 1);
      part.dual_values[output] += dual.value(own_[output].b[static_cast<std::size_t>(i)]);
    }
  }
}

template <class T>
compute::DualState CpuDual<T>::measure() {
  constexpr std::int64_t kSumsBytes = std::int64_t{256} << 20;
  const std::int64_t c = plan_.outputs;
  const std::int64_t d = x_.columns();
  // As many chunks as their sums leave memory for.
  const std::int64_t most = std::clamp<std::int64_t>(kSumsBytes / (8 * c * (d + 1)), 8, 64);
  const Chunks chunks = pass_chunks(x_.rows(), c * d, most);
  const std::vector<double> zeros(static_cast<std::size_t>(c));
  std::vector<Part> parts(static_cast<std::size_t>(chunks.number()), Part{Matrix<double>(c, d + 1), zeros, zeros});
  compute::DualState all{Matrix<double>(c, d + 1), zeros, zeros};
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    add_weights(chunks.first(chunk), chunks.last(chunk), parts[static_cast<std::size_t>(chunk)]);
  });
  for (const Part& part : parts) {
    for (std::size_t k = 0; k < part.weights.values().size(); ++k) {
      all.weights.values()[k] += part.weights.values()[k];
    }
  }
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    add_losses(chunks.first(chunk), chunks.last(chunk), all.weights, parts[static_cast<std::size_t>(chunk)]);
  });
  for (const Part& part : parts) {
    for (std::size_t output = 0; output < zeros.size(); ++output) {
      all.losses[output] += part.losses[output];
      all.dual_values[output] += part.dual_values[output];
    }
  }
  for (std::size_t output = 0; output < own_.size(); ++output) {
    const double* from = all.weights.row(static_cast<std::int64_t>(output)).data();
    std::transform(from, from + d, own_[output].weights.begin(), [](double value) { return static_cast<T>(value); });
    own_[output].bias = static_cast<T>(from[d]);
  }
  return all;
}

template class CpuDual<float>;
template class CpuDual<double>;

}  // namespace forja::cpu
