#include "kmeans/training_rows.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "formulas/fixed_point.h"
#include "kmeans/cluster_kernels.cuh"
#include "kmeans/column_kernels.cuh"
#include "kmeans/row_kernels.cuh"
#include "kmeans/seeding_kernels.cuh"
#include "runtime/device_rows.h"
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

/// How n rows stream: by chunks of the summary, leaving room for what is held of each row: its norm, weight and least
/// distance in T, two labels, its distance as one of the farthest, and a little for sums by kRowBlock rows. Where the
/// distances of a seeding's candidates find room in half of what is free, accepting one takes no pass of its own.
template <class T>
RowStreamOptions stream_options(std::int64_t n, bool weighted) {
  constexpr auto kNumber = static_cast<std::int64_t>(sizeof(T));
  constexpr auto kLabel = static_cast<std::int64_t>(sizeof(std::int32_t));
  constexpr auto kDistance = static_cast<std::int64_t>(sizeof(double));
  constexpr std::int64_t kCandidates = 8;  // of a k-means++ with 400 centres
  return {.granule = summary_chunk(n),
          .needed_beside = n * ((weighted ? 3 : 2) * kNumber + 2 * kLabel + kDistance + 1),
          .keep_some = true,
          .wanted_beside = n * 2 * kCandidates * kNumber};
}

}  // namespace

template <class T>
TrainingRows<T>::TrainingRows(const Context& context, const Rows<T>& x, std::span<const T> sample_weight)
    : context_(&context), stream_(context, x, stream_options<T>(row_count(x), !sample_weight.empty())) {
  view_.x = stream_.kept();
  view_.n = stream_.rows();
  view_.d = stream_.columns();
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
RowsView<T> TrainingRows<T>::view_of(const RowBlock<T>& block, const T* weights) const {
  RowsView<T> view = view_;
  view.x = block.x;
  view.weight = weights;
  view.n = block.rows;
  return view;
}

template <class T>
void TrainingRows<T>::for_each_block(const std::function<void(const RowsView<T>&, std::int64_t)>& work) {
  stream_.for_each_block([&](const RowBlock<T>& block) {
    work(view_of(block, view_.weight == nullptr ? nullptr : view_.weight + block.first), block.first);
  });
}

template <class T>
DeviceBuffer<T> TrainingRows<T>::gather(const T* numbers, const DeviceBuffer<std::int64_t>& index) {
  DeviceBuffer<T> result(*context_, numbers == nullptr ? 0 : index.size());
  launch(gather_numbers<T>, blocks(row_blocks(result.size())), kBlock, 0, context_->stream(), numbers, index.data(),
         result.size(), result.data());
  return result;
}

template <class T>
void TrainingRows<T>::for_each_picked(std::span<const std::int64_t> index,
                                      const std::function<void(const RowsView<T>&, const T*, std::int64_t)>& work) {
  DeviceBuffer<std::int64_t> on_device(*context_, std::ssize(index));
  on_device.upload(index);
  const DeviceBuffer<T> norms = gather(norms_.data(), on_device);
  const DeviceBuffer<T> weights = gather(view_.weight, on_device);
  stream_.for_each_picked(index, [&](const RowBlock<T>& block) {
    work(view_of(block, view_.weight == nullptr ? nullptr : weights.data() + block.first), norms.data() + block.first,
         block.first);
  });
}

template <class T>
PickedRows<T> TrainingRows<T>::pick(const DeviceBuffer<std::int64_t>& index) {
  if (stream_.kept() == nullptr) {
    std::vector<std::int64_t> on_host(static_cast<std::size_t>(index.size()));
    index.download(on_host);
    return pick(on_host);
  }
  PickedRows<T> picked{DeviceBuffer<T>(*context_, index.size() * view_.d), gather(view_.weight, index), {}};
  launch(gather_rows<T>, blocks(index.size()), kBlock, 0, context_->stream(), view_, index.data(),
         picked.values.data());
  picked.view = view_of({picked.values.data(), 0, index.size()}, picked.weights.data());
  return picked;
}

template <class T>
PickedRows<T> TrainingRows<T>::pick(std::span<const std::int64_t> index) {
  DeviceBuffer<std::int64_t> on_device(*context_, std::ssize(index));
  on_device.upload(index);
  if (stream_.kept() != nullptr) return pick(on_device);
  PickedRows<T> picked{DeviceBuffer<T>(*context_, std::ssize(index) * view_.d), gather(view_.weight, on_device), {}};
  stream_.for_each_picked(index, [&](const RowBlock<T>& block) {
    FORJA_CUDA_CHECK(cudaMemcpyAsync(picked.values.data() + block.first * view_.d, block.x,
                                     static_cast<std::size_t>(block.rows * view_.d) * sizeof(T),
                                     cudaMemcpyDeviceToDevice, context_->stream()));
  });
  picked.view = view_of({picked.values.data(), 0, std::ssize(index)}, picked.weights.data());
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
    launch(join_chunks<T>, blocks(row_blocks(d)), kBlock, 0, context_->stream(), rows, chunk_rows, parts.data(), first,
           columns.data());
  });
  Summary all(static_cast<std::size_t>(d));
  columns.download(all);
  return all;
}

template <class T>
void TrainingRows<T>::set_centring(const Summary& summary, std::span<const T> sample_weight) {
  std::vector<compute::ColumnExtent> columns;
  for (const ColumnSummary<T>& column : summary) {
    moments_.mean.push_back(column.mean);
    moments_.variance.push_back(column.spread / static_cast<double>(view_.n));
    columns.push_back({column.mean, static_cast<double>(column.lowest), static_cast<double>(column.highest)});
  }
  centring_ = compute::centring_of<T>(columns);
  shift_ = DeviceBuffer<T>(*context_, view_.d);
  shift_.upload(centring_.shift);
  view_.shift = shift_.data();
  view_.scale = centring_.scale;

  const compute::FixedPointExponents exponents =
      compute::fixed_point_exponents<T>(centring_, columns, view_.n, sample_weight);
  std::vector<double> scales;
  for (const int exponent : exponents.columns) scales.push_back(std::ldexp(1.0, exponent));
  for (const int exponent : exponents.columns) scales.push_back(std::ldexp(1.0, -exponent));
  scales_ = DeviceBuffer<double>(*context_, 2 * view_.d);
  scales_.upload(scales);
  fixed_view_ = {scales_.data(), scales_.data() + view_.d, std::ldexp(1.0, exponents.weight),
                 std::ldexp(1.0, -exponents.weight)};
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
    launch(measure_rows<T>, blocks(row_blocks(rows.n)), block, 0, context_->stream(), rows, norms_.data() + first,
           chunk_squares.data() + first / kRowBlock);
  });
  launch(sum_weights<T>, blocks(chunks), block, 0, context_->stream(), without_entries(), chunk_weights_.data());
  launch(sum_numbers<double>, blocks(1), dim3(kSumThreads), 0, context_->stream(), chunk_squares.data(), chunks,
         total.data());
  total.download(&total_square_, 1);
}

template class TrainingRows<float>;
template class TrainingRows<double>;

}  // namespace forja::cuda
