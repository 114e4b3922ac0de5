#include "linear/dual.h"

#include <algorithm>
#include <limits>

#include "linear/descent_kernels.cuh"
#include "linear/dual_kernels.cuh"
#include "linear/pieces.h"
#include "runtime/device_rows.h"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// What there is beside x: a few numbers for each row, and sums of a piece's groups.
RowStreamOptions stream_options(std::int64_t n, std::int64_t d, std::int64_t outputs) {
  constexpr auto kSum = static_cast<std::int64_t>(sizeof(double));
  return {.granule = kGroupRows,
          .needed_beside = n * (4 * kSum + outputs * (kSum + 1)) + 2 * kPieceBytes + 4 * outputs * (d + 1) * kSum};
}

}  // namespace

template <class T>
CudaDual<T>::CudaDual(int device, const Rows<T>& x, MatrixView<const T> y, std::span<const T> factors,
                      const compute::DualPlan& plan)
    : context_(device),
      plan_(plan),
      y_(context_, y.rows() * y.columns()),
      factors_(context_, std::ssize(factors)),
      stream_(context_, x, stream_options(row_count(x), column_count(x), plan.outputs)),
      zeros_(context_, columns()),
      rows_(context_, stream_.rows()),
      squares_(context_, stream_.rows()),
      b_(context_, stream_.rows() * plan.outputs),
      held_(context_, b_.size()),
      weights_(context_, plan.outputs * (columns() + 1)),
      targets_(y.columns()) {
  upload_rows(context_, y, y_.data());
  factors_.upload(factors);
  zeros_.fill_bytes(0);
  b_.fill_bytes(0);
  weights_.fill_bytes(0);
  stream_.for_each_block([&](const RowBlock<T>& block) {
    launch(measure_squares<T>, dim3(pieces(block.rows, kLinearWarps)), dim3(kLinearThreads), 0, context_.stream(),
           block.x, block.first, block.rows, columns(), plan_.bias, squares_.data());
  });
  context_.synchronize();  // y may be gone afterwards
}

template <class T>
DualRows<T> CudaDual<T>::all_rows() const {
  return {stream_.kept(), y_.data(),     factors_.data(), squares_.data(), columns(),
          targets_,       plan_.outputs, plan_.bias,      plan_.loss};
}

template <class T>
void CudaDual<T>::run(std::int64_t first, std::int64_t epochs, std::span<const std::int64_t> outputs) {
  const std::int64_t n = stream_.rows();
  DeviceBuffer<std::int64_t> taking_part(context_, std::ssize(outputs));
  taking_part.upload(outputs);
  // Row e has the limits of epoch e, and what it finds goes to the next row.
  DeviceBuffer<double> violations(context_, (epochs + 1) * plan_.outputs);
  violations.fill_bytes(0);
  const std::vector<double> none(static_cast<std::size_t>(plan_.outputs), std::numeric_limits<double>::infinity());
  violations.upload(none);
  held_.fill_bytes(0);
  for (std::int64_t e = 0; e < epochs; ++e) {
    const formulas::RowOrder order(plan_.seed, static_cast<std::uint64_t>(first + e), n);
    launch(list_rows, dim3(pieces(n, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(), order, true, n,
           rows_.data());
    const auto work = [&](const T* x, bool in_order, std::int64_t place, std::int64_t places) {
      DualRows<T> data = all_rows();
      data.x = x;
      double* const limits = violations.data() + e * plan_.outputs;
      const DualEpoch<T> epoch{in_order,       rows_.data() + place,   places,    taking_part.data(),
                               limits,         limits + plan_.outputs, b_.data(), held_.data(),
                               weights_.data()};
      launch(take_epoch<T>, blocks(std::ssize(outputs)), dim3(kLinearThreads), 0, context_.stream(), data, epoch);
    };
    if (stream_.kept() != nullptr) {
      work(stream_.kept(), false, 0, n);
      continue;
    }
    host_rows_.clear();
    for (std::int64_t place = 0; place < n; ++place) host_rows_.push_back(order.row(place));
    stream_.for_each_picked(host_rows_,
                            [&](const RowBlock<T>& block) { work(block.x, true, block.first, block.rows); });
  }
}

template <class T>
template <class Work>
void CudaDual<T>::for_each_piece(const Work& work) {
  const std::int64_t most = piece_rows(std::max(columns(), plan_.outputs) * static_cast<std::int64_t>(sizeof(double)));
  stream_.for_each_block([&](const RowBlock<T>& block) {
    for (std::int64_t first = 0; first < block.rows; first += most) {
      work(summed(block.x + first * columns(), std::min(most, block.rows - first)), block.first + first);
    }
  });
}

template <class T>
LinearView<T> CudaDual<T>::summed(const T* x, std::int64_t rows) const {
  return {.x = x, .shift = zeros_.data(), .rows = rows, .d = columns(), .t = plan_.outputs};
}

template <class T>
void CudaDual<T>::add_weights(double* weights, double* sums) {
  const std::int64_t size = plan_.outputs * columns();
  for_each_piece([&](const LinearView<T>& piece, std::int64_t first) {
    const std::int64_t groups = groups_of(piece.rows);
    const auto group_blocks = static_cast<unsigned>(groups);
    const auto outputs = static_cast<unsigned>(plan_.outputs);
    DeviceBuffer<double> weight_groups(context_, groups * size);
    DeviceBuffer<double> sum_groups(context_, groups * 2 * plan_.outputs);
    const double* b = b_.data() + first * plan_.outputs;
    launch(sum_residuals<T>, dim3(group_blocks, outputs), dim3(kLinearThreads), 0, context_.stream(), piece, b, b,
           sum_groups.data());
    launch(measure_gradient<T>, dim3(group_blocks, pieces(columns(), kWarp), outputs), dim3(kWarp, kLinearWarps), 0,
           context_.stream(), piece, b, weight_groups.data());
    launch(add_groups<double>, dim3(pieces(2 * plan_.outputs, kLinearThreads)), dim3(kLinearThreads), 0,
           context_.stream(), sum_groups.data(), groups, 2 * plan_.outputs, sums);
    launch(add_groups<double>, dim3(pieces(size, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(),
           weight_groups.data(), groups, size, weights);
  });
}

template <class T>
void CudaDual<T>::add_losses(const double* weights, double* sums) {
  for_each_piece([&](const LinearView<T>& piece, std::int64_t first) {
    const std::int64_t groups = groups_of(piece.rows);
    DeviceBuffer<double> losses(context_, piece.rows * plan_.outputs);
    DeviceBuffer<double> values(context_, losses.size());
    DeviceBuffer<double> sum_groups(context_, groups * 2 * plan_.outputs);
    launch(measure_duals<T>, dim3(pieces(piece.rows, kLinearWarps)), dim3(kLinearThreads), 0, context_.stream(),
           all_rows(), piece.x, first, piece.rows, weights, sums, b_.data(), losses.data(), values.data());
    launch(sum_residuals<T>, dim3(static_cast<unsigned>(groups), static_cast<unsigned>(plan_.outputs)),
           dim3(kLinearThreads), 0, context_.stream(), piece, losses.data(), values.data(), sum_groups.data());
    launch(add_groups<double>, dim3(pieces(2 * plan_.outputs, kLinearThreads)), dim3(kLinearThreads), 0,
           context_.stream(), sum_groups.data(), groups, 2 * plan_.outputs, sums + 2 * plan_.outputs);
  });
}

template <class T>
compute::DualState CudaDual<T>::measure() {
  const std::int64_t c = plan_.outputs;
  const std::int64_t d = columns();
  DeviceBuffer<double> result(context_, c * d + 4 * c);  // weights; sums of variables, twice; losses; dual values
  double* const sums = result.data() + c * d;
  result.fill_bytes(0);
  add_weights(result.data(), sums);
  add_losses(result.data(), sums);
  launch(round_weights<T>, dim3(pieces(d + 1, kLinearThreads), static_cast<unsigned>(c)), dim3(kLinearThreads), 0,
         context_.stream(), result.data(), sums, c, d, plan_.bias, weights_.data());
  std::vector<double> values(static_cast<std::size_t>(result.size()));
  result.download(values);
  const auto at = values.begin() + c * d;
  compute::DualState state{Matrix<double>(c, d + 1), {at + 2 * c, at + 3 * c}, {at + 3 * c, at + 4 * c}};
  for (std::int64_t output = 0; output < c; ++output) {
    std::copy_n(values.data() + output * d, d, state.weights.row(output).data());
    state.weights(output, d) = plan_.bias * at[output];
  }
  return state;
}

template class CudaDual<float>;
template class CudaDual<double>;

}  // namespace forja::cuda
