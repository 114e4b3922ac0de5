#include "kmeans/silhouette.h"

#include "kmeans/block.cuh"
#include "runtime/device_rows.h"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

constexpr int kOthers = 8;

/// Rows in the order of their clusters: cluster c has places starts[c] .. starts[c + 1] - 1.
struct ClusterOrder {
  const std::int64_t* rows;
  const std::int64_t* starts;
  const double* inverse_sizes;
  const std::int32_t* labels;
  std::int64_t k;
};

template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    sort_rows(const T* x, const std::int64_t* order, std::int64_t d, T* out) {
  for (std::int64_t j = threadIdx.x; j < d; j += kRowBlock) {
    out[std::int64_t{blockIdx.x} * d + j] = x[order[blockIdx.x] * d + j];
  }
}

/// The root within two units in the last place, without the call that keeps its loop from its registers.
__device__ double root(double square) { return square > 0 ? square * rsqrt(square) : 0; }

// A row per thread, past all rows in the order of their clusters, 8 at a time: a cluster's mean distance is done when
// its last row is. Floor: 2 n^2 d operations of double, and n^2 d / 128 values read from the cache: bound by double
// arithmetic.
template <class T>
__global__ void __launch_bounds__(kRowBlock, kBlocksAtOnce)
    measure_silhouettes(RowsView<T> sorted, ClusterOrder order, double* samples) {
  using Tile = DifferenceTile<T, kOthers>;
  FORJA_SHARED(tile, Tile);
  const std::int64_t first = std::int64_t{blockIdx.x} * kRowBlock;
  const std::int64_t place = first + threadIdx.x;
  const std::int64_t row = place < sorted.n ? order.rows[place] : 0;
  const std::int32_t own = place < sorted.n ? order.labels[row] : 0;
  double inside = 0;
  double outside = kInfinity<double>;
  for (std::int64_t c = 0; c < order.k; ++c) {
    const std::int64_t end = order.starts[c + 1];
    double sum = 0;
    for (std::int64_t other = order.starts[c]; other < end; other += kOthers) {
      const int count = end - other < kOthers ? static_cast<int>(end - other) : kOthers;
      double squares[kOthers] = {};
      add_squares(sorted, first, sorted.x + other * sorted.d, count, tile, squares);
      FORJA_UNROLL
      for (int t = 0; t < kOthers; ++t) sum += t < count ? root(squares[t]) : 0;
    }
    if (c == own) {
      inside = sum;
    } else if (sum * order.inverse_sizes[c] < outside) {
      outside = sum * order.inverse_sizes[c];
    }
  }
  if (place >= sorted.n) return;
  const auto others = static_cast<double>(order.starts[own + 1] - order.starts[own] - 1);
  if (others > 0) inside /= others;
  const double larger = inside > outside ? inside : outside;
  samples[row] = others > 0 && larger > 0 ? (outside - inside) / larger : 0;
}

}  // namespace

template <class T>
std::vector<double> silhouette_samples(int device, const Rows<T>& x, std::span<const std::int32_t> labels,
                                       std::int64_t k) {
  const Context context(device);
  const std::int64_t n = row_count(x);
  const std::int64_t d = column_count(x);
  std::vector<std::int64_t> starts(static_cast<std::size_t>(k + 1));
  for (const std::int32_t label : labels) ++starts[static_cast<std::size_t>(label) + 1];
  for (std::size_t c = 1; c < starts.size(); ++c) starts[c] += starts[c - 1];
  std::vector<double> inverses;
  for (std::size_t c = 0; c + 1 < starts.size(); ++c) {
    inverses.push_back(1 / static_cast<double>(starts[c + 1] - starts[c]));
  }
  std::vector<std::int64_t> order(labels.size());
  std::vector<std::int64_t> next = starts;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    order[static_cast<std::size_t>(next[static_cast<std::size_t>(labels[i])]++)] = static_cast<std::int64_t>(i);
  }
  DeviceBuffer<std::int64_t> on_device_order(context, n);
  DeviceBuffer<std::int64_t> on_device_starts(context, k + 1);
  DeviceBuffer<std::int32_t> on_device_labels(context, n);
  DeviceBuffer<double> inverse_sizes(context, k);
  inverse_sizes.upload(inverses);
  on_device_order.upload(order);
  on_device_starts.upload(starts);
  on_device_labels.upload(labels);
  DeviceBuffer<T> no_shift(context, d);
  no_shift.fill_bytes(0);
  DeviceBuffer<T> given(context, x.host() != nullptr ? n * d : 0);
  if (x.host() != nullptr) upload_rows(context, *x.host(), given.data());
  DeviceBuffer<T> sorted(context, n * d);
  launch(sort_rows<T>, blocks(n), kBlock, 0, context.stream(), x.host() != nullptr ? given.data() : rows_on_device(x),
         on_device_order.data(), d, sorted.data());
  const RowsView<T> view{sorted.data(), no_shift.data(), nullptr, n, d, T(1)};
  const ClusterOrder clusters{on_device_order.data(), on_device_starts.data(), inverse_sizes.data(),
                              on_device_labels.data(), k};
  DeviceBuffer<double> samples(context, n);
  launch(measure_silhouettes<T>, blocks(row_blocks(n)), kBlock, 0, context.stream(), view, clusters, samples.data());
  std::vector<double> result(labels.size());
  samples.download(result);
  return result;
}

template std::vector<double> silhouette_samples(int, const Rows<float>&, std::span<const std::int32_t>, std::int64_t);
template std::vector<double> silhouette_samples(int, const Rows<double>&, std::span<const std::int32_t>, std::int64_t);

}  // namespace forja::cuda
