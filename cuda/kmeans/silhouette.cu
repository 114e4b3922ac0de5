#include "kmeans/silhouette.h"

#include <algorithm>

#include "kmeans/block.cuh"
#include "runtime/launch.h"
#include "runtime/row_stream.h"

namespace forja::cuda {
namespace {

constexpr int kOthers = 8;

/// Places in the order of clusters: cluster c has starts[c] .. starts[c + 1] - 1.
struct ClusterOrder {
  const std::int64_t* starts;
  const double* inverse_sizes;
  const std::int32_t* labels;  ///< of places
  std::int64_t k;
};

/// What a row has seen of the clusters so far.
struct SilhouetteSums {
  double sum;      ///< of the distances to the cluster that is under way
  double inside;   ///< of those to its own one
  double outside;  ///< least mean of those to another
};

/// Rows to be measured and others to be measured against, both by place: row index[place], or dense from their first
/// place on where index is null.
template <class T>
struct SilhouetteTask {
  RowsView<T> mine;
  const T* others;
  const std::int64_t* index;
  std::int64_t first_mine;
  std::int64_t first_other;
  std::int64_t last_other;  ///< behind the last one
  ClusterOrder order;
  SilhouetteSums* so_far;  ///< of `mine`, read but for the first others, written but for the last
  double* samples;         ///< of all places
};

/// The root within two units in the last place, without the call that keeps its loop from its registers; rounded before
/// it is added, wherever in a group of others it stands.
__device__ double root(double square) { return square > 0 ? __dmul_rn(square, rsqrt(square)) : 0; }

// A row per thread, past the others in the order of their clusters, 8 at a time: a cluster's mean distance is done when
// its last row is. Floor for n rows and m others: 2 n m d operations of double, and n m d / 128 values read from the
// cache: bound by double arithmetic.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce) measure_silhouettes(SilhouetteTask<T> task) {
  using Tile = DifferenceTile<T, kOthers>;
  FORJA_SHARED(tile, Tile);
  const ClusterOrder& order = task.order;
  const std::int64_t first = std::int64_t{blockIdx.x} * kRowBlock;
  const std::int64_t mine = first + threadIdx.x;
  const bool exists = mine < task.mine.n;
  const std::int64_t place = task.first_mine + mine;
  const std::int32_t own = exists ? order.labels[place] : 0;
  SilhouetteSums seen{0, 0, kInfinity<double>};
  if (exists && task.first_other > 0) seen = task.so_far[mine];
  for (std::int64_t c = 0; c < order.k; ++c) {
    const std::int64_t start = order.starts[c];
    const std::int64_t end = order.starts[c + 1];
    const std::int64_t last = end < task.last_other ? end : task.last_other;
    std::int64_t other = start > task.first_other ? start : task.first_other;
    if (other >= last) continue;
    for (; other < last; other += kOthers) {
      const int count = last - other < kOthers ? static_cast<int>(last - other) : kOthers;
      double squares[kOthers] = {};
      add_squares(task.mine, task.index, first, {task.others, other - task.first_other, count, task.index}, tile,
                  squares);
      FORJA_UNROLL
      for (int t = 0; t < kOthers; ++t) seen.sum += t < count ? root(squares[t]) : 0;
    }
    if (end > last) break;
    if (c == own) {
      seen.inside = seen.sum;
    } else if (seen.sum * order.inverse_sizes[c] < seen.outside) {
      seen.outside = seen.sum * order.inverse_sizes[c];
    }
    seen.sum = 0;
  }
  if (!exists) return;
  if (task.last_other < order.starts[order.k]) {
    task.so_far[mine] = seen;
    return;
  }
  const auto others = static_cast<double>(order.starts[own + 1] - order.starts[own] - 1);
  if (others > 0) seen.inside /= others;
  const double larger = seen.inside > seen.outside ? seen.inside : seen.outside;
  task.samples[place] = others > 0 && larger > 0 ? (seen.outside - seen.inside) / larger : 0;
}

template <class T>
void measure(const Context& context, const SilhouetteTask<T>& task) {
  launch(measure_silhouettes<T>, blocks(row_blocks(task.mine.n)), kBlock, 0, context.stream(), task);
}

/// Some of the rows stay, as many as half of the free memory has room for, and all pass by them; then the next ones.
/// Floor: n d sizeof(T) bytes over PCIe each time, hidden behind the arithmetic where thousands of rows stay.
template <class T>
void measure_streamed(const Context& context, RowStream<T>& rows, std::span<const std::int64_t> order,
                      SilhouetteTask<T> task) {
  const std::int64_t n = rows.rows();
  const std::int64_t d = rows.columns();
  const std::int64_t row_bytes =
      d * static_cast<std::int64_t>(sizeof(T)) + static_cast<std::int64_t>(sizeof(SilhouetteSums));
  const std::int64_t room = memory(context.device()).free / 2 / row_bytes / kRowBlock * kRowBlock;
  const std::int64_t most = std::clamp<std::int64_t>(room, kRowBlock, row_blocks(n) * kRowBlock);
  DeviceBuffer<T> mine(context, most * d);
  DeviceBuffer<SilhouetteSums> so_far(context, most);
  task.mine.x = mine.data();
  task.so_far = so_far.data();
  for (std::int64_t first = 0; first < n; first += most) {
    task.first_mine = first;
    task.mine.n = std::min(most, n - first);
    const auto here = order.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(task.mine.n));
    rows.for_each_picked(here, [&](const RowBlock<T>& block) {
      FORJA_CUDA_CHECK(cudaMemcpyAsync(mine.data() + block.first * d, block.x,
                                       static_cast<std::size_t>(block.rows * d) * sizeof(T), cudaMemcpyDeviceToDevice,
                                       context.stream()));
    });
    rows.for_each_picked(order, [&](const RowBlock<T>& block) {
      task.others = block.x;
      task.first_other = block.first;
      task.last_other = block.first + block.rows;
      measure(context, task);
    });
  }
}

/// Rows by cluster, on the host.
struct Sorted {
  Sorted(std::span<const std::int32_t> labels, std::int64_t k)
      : starts(static_cast<std::size_t>(k + 1)), rows(labels.size()), labels_of_places(labels.size()) {
    for (const std::int32_t label : labels) ++starts[static_cast<std::size_t>(label) + 1];
    for (std::size_t c = 1; c < starts.size(); ++c) starts[c] += starts[c - 1];
    std::vector<std::int64_t> next = starts;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(labels[i])]++);
      rows[place] = static_cast<std::int64_t>(i);
      labels_of_places[place] = labels[i];
    }
    for (std::size_t c = 0; c + 1 < starts.size(); ++c) {
      inverse_sizes.push_back(1 / static_cast<double>(starts[c + 1] - starts[c]));
    }
  }

  std::vector<std::int64_t> starts;
  std::vector<std::int64_t> rows;  ///< of places
  std::vector<std::int32_t> labels_of_places;
  std::vector<double> inverse_sizes;
};

}  // namespace

template <class T>
std::vector<double> silhouette_samples(int device, const Rows<T>& x, std::span<const std::int32_t> labels,
                                       std::int64_t k) {
  const Context context(device);
  const Sorted sorted(labels, k);
  const DeviceBuffer<std::int64_t> starts = to_device(context, sorted.starts);
  const DeviceBuffer<std::int32_t> of_places = to_device(context, sorted.labels_of_places);
  const DeviceBuffer<double> inverse_sizes = to_device(context, sorted.inverse_sizes);
  const DeviceBuffer<std::int64_t> index = to_device(context, sorted.rows);
  DeviceBuffer<double> samples(context, std::ssize(labels));
  RowStream<T> rows(context, x, {});
  DeviceBuffer<T> no_shift(context, rows.columns());
  no_shift.fill_bytes(0);
  const ClusterOrder order{starts.data(), inverse_sizes.data(), of_places.data(), k};
  SilhouetteTask<T> task{{rows.kept(), no_shift.data(), nullptr, rows.rows(), rows.columns(), T(1)},
                         rows.kept(),
                         index.data(),
                         0,
                         0,
                         rows.rows(),
                         order,
                         nullptr,
                         samples.data()};
  if (rows.kept() != nullptr) {
    measure(context, task);
  } else {
    task.index = nullptr;
    measure_streamed(context, rows, sorted.rows, task);
  }
  std::vector<double> by_place(labels.size());
  samples.download(by_place);
  std::vector<double> result(labels.size());
  for (std::size_t place = 0; place < by_place.size(); ++place) {
    result[static_cast<std::size_t>(sorted.rows[place])] = by_place[place];
  }
  return result;
}

template std::vector<double> silhouette_samples(int, const Rows<float>&, std::span<const std::int32_t>, std::int64_t);
template std::vector<double> silhouette_samples(int, const Rows<double>&, std::span<const std::int32_t>, std::int64_t);

}  // namespace forja::cuda
