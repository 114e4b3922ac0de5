#include "linear/descent.h"

#include <algorithm>
#include <cmath>

#include "linear/descent_kernels.cuh"
#include "linear/pieces.h"
#include "runtime/device_rows.h"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Numbers of T on the device as numbers of double on the host, and back. Synchronises.
template <class T>
void download_matrix(const DeviceBuffer<T>& from, Matrix<double>& to) {
  std::vector<T> values(static_cast<std::size_t>(from.size()));
  from.download(values);
  std::copy(values.begin(), values.end(), to.data());
}

template <class T>
void upload_matrix(const Matrix<double>& from, DeviceBuffer<T>& to) {
  const Matrix<T> values(from.view());
  to.upload(values.values());
}

/// What descent takes beside x: its state, a few numbers for each row.
template <class T>
std::int64_t bytes_beside(std::int64_t n, std::int64_t d, const compute::DescentPlan<T>& plan) {
  return 64 * (plan.outputs * (d + 1) + n) + 4 * plan.outputs * plan.batch_size * static_cast<std::int64_t>(sizeof(T));
}

}  // namespace

template <class T>
CudaDescent<T>::CudaDescent(int device, const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight,
                            const compute::DescentPlan<T>& plan)
    : context_(device),
      plan_(plan),
      batch_(std::min(plan.batch_size, row_count(x))),
      coupled_(plan.loss.kind == formulas::LossKind::multinomial),
      y_(context_, y.rows() * y.columns()),
      weight_(context_, static_cast<std::int64_t>(sample_weight.size())),
      stream_(context_, x, {.granule = batch_, .needed_beside = bytes_beside(row_count(x), column_count(x), plan)}),
      rows_(context_, stream_.rows()),
      weights_(context_, plan.outputs * width()),
      slots_(context_, formulas::optimizer_states(plan.optimizer.kind) * weights_.size()),
      sums_(context_, weights_.size()),
      paid_(context_, weights_.size()),
      due_(context_, plan.outputs),
      losses_(context_, plan.outputs),
      factors_(context_, plan.outputs),
      partial_(context_, plan.outputs * std::max<std::int64_t>(batch_, kLinearWarps)),
      derivatives_(context_, plan.outputs * batch_),
      gradient_(context_, weights_.size()),
      averaged_(static_cast<std::size_t>(plan.outputs)),
      targets_(y.columns()) {
  upload_rows(context_, y, y_.data());
  weight_.upload(sample_weight);
  weights_.fill_bytes(0);
  slots_.fill_bytes(0);
  sums_.fill_bytes(0);
  paid_.fill_bytes(0);
  due_.fill_bytes(0);
  context_.synchronize();  // y may be gone afterwards
}

template <class T>
void CudaDescent<T>::list_places(std::int64_t epoch, std::int64_t places) {
  const formulas::RowOrder order(plan_.seed, static_cast<std::uint64_t>(epoch), stream_.rows());
  launch(list_rows, dim3(pieces(places, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(), order,
         plan_.shuffle, places, rows_.data());
  host_rows_.clear();
  if (stream_.kept() != nullptr) return;
  for (std::int64_t place = 0; place < places; ++place) {
    host_rows_.push_back(plan_.shuffle ? order.row(place) : place);
  }
}

template <class T>
template <class Make>
void CudaDescent<T>::enqueue(const Make& make, const compute::DescentRun& steps, std::int64_t places) {
  using Optimizer = decltype(make(1.0, std::int64_t{1}));
  std::vector<Optimizer> optimizers;
  for (const double rate : steps.rates) optimizers.push_back(make(rate, steps_ + 1 + std::ssize(optimizers)));
  DeviceBuffer<Optimizer> on_device(context_, std::ssize(optimizers));
  on_device.upload(optimizers);
  const StepState<T> state{weights_.data(), slots_.data(),   sums_.data(),    paid_.data(),        due_.data(),
                           losses_.data(),  factors_.data(), partial_.data(), derivatives_.data(), gradient_.data()};
  const auto work = [&](const T* x, bool in_order, std::int64_t first, std::int64_t count) {
    const StepRows<T> rows{x, in_order, rows_.data() + first, y_.data(), weight_.data(), count, width() - 1, targets_};
    const std::int64_t step = first / batch_;
    const std::int64_t averaged_from =
        plan_.average_from > 0 ? std::max<std::int64_t>(plan_.average_from - 1 - steps_, 0) : std::ssize(steps.rates);
    const StepRules<T> rules{plan_.loss,
                             plan_.outputs,
                             batch_,
                             averaged_from - step,
                             coupled_,
                             plan_.intercept,
                             static_cast<T>(plan_.l2),
                             plan_.l1,
                             plan_.clip_value,
                             std::isinf(plan_.clip_norm) ? 0 : plan_.clip_norm};
    launch(descend<T, Optimizer>, dim3(coupled_ ? 1U : static_cast<unsigned>(plan_.outputs)), dim3(kLinearThreads), 0,
           context_.stream(), rows, rules, state, on_device.data() + step);
  };
  if (stream_.kept() != nullptr) {
    work(stream_.kept(), false, 0, places);
    return;
  }
  stream_.for_each_picked(host_rows_, [&](const RowBlock<T>& block) { work(block.x, true, block.first, block.rows); });
}

template <class T>
std::vector<double> CudaDescent<T>::run(const compute::DescentRun& steps) {
  const std::int64_t count = std::ssize(steps.rates);
  const std::int64_t places = std::min(count * batch_, stream_.rows());
  losses_.fill_bytes(0);
  factors_.upload(steps.factors);
  list_places(steps.epoch, places);
  formulas::with_optimizer<T>(plan_.optimizer, [&](const auto& make) { enqueue(make, steps, places); });
  for (std::size_t c = 0; c < averaged_.size(); ++c) {
    if (steps.factors[c] == 0 || plan_.average_from == 0) continue;
    averaged_[c] += std::clamp<std::int64_t>(steps_ + count - plan_.average_from + 1, 0, count);
  }
  steps_ += count;
  std::vector<double> losses(averaged_.size());
  losses_.download(losses);
  return losses;
}

template <class T>
compute::DescentState CudaDescent<T>::state() {
  compute::DescentState found(plan_.outputs, width() - 1, formulas::optimizer_states(plan_.optimizer.kind));
  download_matrix(weights_, found.weights);
  download_matrix(slots_, found.slots);
  download_matrix(sums_, found.sums);
  download_matrix(paid_, found.paid);
  due_.download(found.due);
  found.averaged = averaged_;
  found.steps = steps_;
  return found;
}

template <class T>
void CudaDescent<T>::set_state(const compute::DescentState& state) {
  upload_matrix(state.weights, weights_);
  upload_matrix(state.slots, slots_);
  upload_matrix(state.sums, sums_);
  upload_matrix(state.paid, paid_);
  due_.upload(state.due);
  averaged_ = state.averaged;
  steps_ = state.steps;
}

template class CudaDescent<float>;
template class CudaDescent<double>;

}  // namespace forja::cuda
