#include "kmeans/training_rows.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "formulas/fixed_point.h"
#include "kmeans/cluster_kernels.cuh"
#include "kmeans/column_kernels.cuh"
#include "kmeans/row_kernels.cuh"
#include "kmeans/seeding_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Rows of one chunk of a column's summary: many chunks to keep a GPU busy, not so many that joining them takes long.
std::int64_t summary_chunk(std::int64_t n) {
  constexpr std::int64_t kChunks = 256;
  constexpr std::int64_t kLeast = 256;
  constexpr std::int64_t kMost = 4096;
  return std::clamp((n / kChunks + kLeast - 1) / kLeast * kLeast, kLeast, kMost);
}

}  // namespace

template <class T>
TrainingRows<T>::TrainingRows(const Context& context, const Rows<T>& x, std::span<const T> sample_weight)
    : context_(&context) {
  view_.n = row_count(x);
  view_.d = column_count(x);
  if (x.host() != nullptr) {
    values_ = DeviceBuffer<T>(context, view_.n * view_.d);
    upload_rows(context, *x.host(), values_.data());
    view_.x = values_.data();
  } else {
    view_.x = rows_on_device(x);
  }
  if (!sample_weight.empty()) {
    weights_ = DeviceBuffer<T>(context, view_.n);
    weights_.upload(sample_weight);
    view_.weight = weights_.data();
  }
  set_centring(summarise_columns(), sample_weight);
  measure();
}

template <class T>
RowsView<T> TrainingRows<T>::without_entries() const {
  RowsView<T> view = view_;
  view.x = nullptr;
  return view;
}

template <class T>
void TrainingRows<T>::for_each_block(const std::function<void(const RowsView<T>&, std::int64_t)>& work) {
  work(view_, 0);
}

template <class T>
PickedRows<T> TrainingRows<T>::pick(std::span<const std::int64_t> index) {
  DeviceBuffer<std::int64_t> on_device(*context_, std::ssize(index));
  on_device.upload(index);
  return pick(on_device);
}

template <class T>
PickedRows<T> TrainingRows<T>::pick(const DeviceBuffer<std::int64_t>& index) {
  PickedRows<T> picked{DeviceBuffer<T>(*context_, index.size() * view_.d),
                       DeviceBuffer<T>(*context_, view_.weight != nullptr ? index.size() : 0), view_};
  launch(gather_rows<T>, dim3(static_cast<unsigned>(index.size())), dim3(kRowBlock), 0, context_->stream(), view_,
         index.data(), picked.values.data(), picked.weights.data());
  picked.view.x = picked.values.data();
  picked.view.weight = picked.weights.data();
  picked.view.n = index.size();
  return picked;
}

template <class T>
auto TrainingRows<T>::summarise_columns() -> Summary {
  const std::int64_t d = view_.d;
  const std::int64_t chunk_rows = summary_chunk(view_.n);
  unsigned width = 1;
  while (width < kWarp && width < d) width *= 2;
  DeviceBuffer<ColumnSummary<T>> columns(*context_, d);
  for_each_block([&](const RowsView<T>& rows, std::int64_t first) {
    const std::int64_t chunks = (rows.n + chunk_rows - 1) / chunk_rows;
    DeviceBuffer<ColumnSummary<T>> parts(*context_, chunks * d);
    const dim3 grid(static_cast<unsigned>(chunks), static_cast<unsigned>((d + width - 1) / width));
    launch(summarise_chunk<T>, grid, dim3(width, kRowBlock / width), 0, context_->stream(), rows, chunk_rows,
           parts.data());
    launch(join_chunks<T>, dim3(static_cast<unsigned>(row_blocks(d))), dim3(kRowBlock), 0, context_->stream(), rows,
           chunk_rows, parts.data(), first, columns.data());
  });
  Summary all(static_cast<std::size_t>(d));
  columns.download(all);
  return all;
}

template <class T>
void TrainingRows<T>::set_centring(const Summary& summary, std::span<const T> sample_weight) {
  const std::size_t d = summary.size();
  double largest = 0;
  for (const ColumnSummary<T>& column : summary) {
    moments_.mean.push_back(column.mean);
    moments_.variance.push_back(column.spread / static_cast<double>(view_.n));
    const T shift = formulas::centring_shift<T>(column.mean, static_cast<double>(column.lowest),
                                                static_cast<double>(column.highest));
    centring_.shift.push_back(shift);
    for (const T edge : std::array<T, 2>{column.lowest, column.highest}) {
      largest = std::max(largest, std::abs(static_cast<double>(edge - shift)));
    }
  }
  centring_.scale = static_cast<T>(formulas::common_scale(largest));
  shift_ = DeviceBuffer<T>(*context_, view_.d);
  shift_.upload(centring_.shift);
  view_.shift = shift_.data();
  view_.scale = centring_.scale;

  const double heaviest =
      sample_weight.empty() ? 1.0 : static_cast<double>(*std::max_element(sample_weight.begin(), sample_weight.end()));
  std::vector<double> scales(2 * d);
  for (std::size_t j = 0; j < d; ++j) {
    double limit = 0;
    for (const T edge : std::array<T, 2>{summary[j].lowest, summary[j].highest}) {
      const T inside = formulas::centred(edge, centring_.shift[j], centring_.scale);
      limit = std::max(limit, std::abs(static_cast<double>(inside)));
    }
    const int exponent = formulas::fixed_point_exponent(limit * heaviest, view_.n);
    scales[j] = std::ldexp(1.0, exponent);
    scales[d + j] = std::ldexp(1.0, -exponent);
  }
  scales_ = DeviceBuffer<double>(*context_, 2 * view_.d);
  scales_.upload(scales);
  const int exponent = formulas::fixed_point_exponent(heaviest, view_.n);
  fixed_view_ = {scales_.data(), scales_.data() + view_.d, std::ldexp(1.0, exponent), std::ldexp(1.0, -exponent)};
}

template <class T>
void TrainingRows<T>::measure() {
  const std::int64_t chunks = row_blocks(view_.n);
  norms_ = DeviceBuffer<T>(*context_, view_.n);
  chunk_weights_ = DeviceBuffer<double>(*context_, chunks);
  DeviceBuffer<double> chunk_squares(*context_, chunks);
  DeviceBuffer<double> total(*context_, 1);
  const dim3 block(kRowBlock);
  for_each_block([&](const RowsView<T>& rows, std::int64_t first) {
    launch(measure_rows<T>, dim3(static_cast<unsigned>(row_blocks(rows.n))), block, 0, context_->stream(), rows,
           norms_.data() + first, chunk_squares.data() + first / kRowBlock);
  });
  launch(sum_weights<T>, dim3(static_cast<unsigned>(chunks)), block, 0, context_->stream(), without_entries(),
         chunk_weights_.data());
  launch(sum_numbers<double>, dim3(1), block, 0, context_->stream(), chunk_squares.data(), chunks, total.data());
  total.download(&total_square_, 1);
}

template class TrainingRows<float>;
template class TrainingRows<double>;

}  // namespace forja::cuda
