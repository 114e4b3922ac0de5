#include "kmeans/kmeans_predictor.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kmeans/cluster_kernels.cuh"
#include "kmeans/row_kernels.cuh"
#include "runtime/device_rows.h"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Numbers of one block of rows, or of its distances: enough to keep a GPU busy, little of its memory.
constexpr std::int64_t kBlockNumbers = std::int64_t{1} << 25;
/// Bytes of host rows that are sent at once: more is worth the two page-locked buffers of a stream.
constexpr std::int64_t kMostKept = std::int64_t{64} << 20;
/// Bytes of host rows that take less time than to ask for the free memory.
constexpr std::int64_t kKeptUnasked = std::int64_t{1} << 20;
/// As many blocks of 8 centres as a grid has in y.
constexpr std::int64_t kMostCentersAtOnce = 65535 * kTransformTargets;

/// Numbers of distances that are held at once, no more than a quarter of the free memory.
template <class T>
std::int64_t most_distances(const Context& context, std::int64_t all) {
  constexpr auto kNumber = static_cast<std::int64_t>(sizeof(T));
  if (all <= kKeptUnasked / kNumber) return all;
  return std::min(kBlockNumbers, memory(context.device()).free / 4 / kNumber);
}

}  // namespace

template <class T>
CudaKMeansPredictor<T>::CudaKMeansPredictor(int device, MatrixView<const double> centers)
    : context_(device),
      centring_(compute::centring_of<T>(centers)),
      shift_(context_, centers.columns()),
      centers_(context_, centers.rows(), centers.columns()) {
  shift_.upload(centring_.shift);
  centers_.upload(context_, centers, centring_);
  context_.synchronize();
}

template <class T>
void CudaKMeansPredictor<T>::for_each_block(const Rows<T>& x, std::int64_t most_rows,
                                            const std::function<void(const RowsView<T>&, std::int64_t)>& work) {
  const std::int64_t d = column_count(x);
  const std::int64_t most = std::max<std::int64_t>(most_rows / kRowBlock, 1) * kRowBlock;
  RowStream<T> stream(context_, x,
                      {.granule = kRowBlock, .most_rows = most, .most_kept = kMostKept, .kept_unasked = kKeptUnasked});
  stream.for_each_block([&](const RowBlock<T>& block) {
    work({block.x, shift_.data(), nullptr, block.rows, d, centring_.scale}, block.first);
  });
  context_.synchronize();
}

template <class T>
DeviceBuffer<std::int32_t> CudaKMeansPredictor<T>::label(const RowsView<T>& rows) {
  const std::int64_t chunks = row_blocks(rows.n);
  DeviceBuffer<T> norms(context_, rows.n);
  DeviceBuffer<double> squares(context_, chunks);
  DeviceBuffer<std::int32_t> labels(context_, rows.n);
  launch(measure_rows<T>, blocks(chunks), kBlock, 0, context_.stream(), rows, norms.data(), squares.data());
  find_nearest<T>(
      context_,
      {.rows = rows, .centers = centers_.view(), .norms = norms.data(), .slots = rows.n, .labels = labels.data()});
  return labels;
}

template <class T>
void CudaKMeansPredictor<T>::predict(const Rows<T>& x, std::span<std::int32_t> labels) {
  for_each_block(x, kBlockNumbers / column_count(x), [&](const RowsView<T>& rows, std::int64_t first) {
    label(rows).download(labels.data() + first, rows.n);
  });
}

template <class T>
void CudaKMeansPredictor<T>::transform(const Rows<T>& x, MatrixView<T> distances) {
  const std::int64_t k = centers_.count();
  const double unit = std::sqrt(centring_.square_unit());
  for_each_block(x, most_distances<T>(context_, row_count(x) * k) / k,
                 [&](const RowsView<T>& rows, std::int64_t first) {
                   DeviceBuffer<T> found(context_, rows.n * k);
                   for (std::int64_t center = 0; center < k; center += kMostCentersAtOnce) {
                     const std::int64_t groups =
                         (std::min(kMostCentersAtOnce, k - center) + kTransformTargets - 1) / kTransformTargets;
                     const dim3 grid(static_cast<unsigned>(row_blocks(rows.n)), static_cast<unsigned>(groups));
                     launch(measure_all_distances<T>, grid, kBlock, 0, context_.stream(), rows, centers_.view(), center,
                            unit, found.data());
                   }
                   download_rows(context_, found.data(), distances.middle_rows(first, rows.n));
                 });
}

template <class T>
double CudaKMeansPredictor<T>::inertia(const Rows<T>& x, std::span<const T> sample_weight) {
  const std::int64_t chunks = row_blocks(row_count(x));
  DeviceBuffer<double> sums(context_, chunks);
  for_each_block(x, kBlockNumbers / column_count(x), [&](RowsView<T> rows, std::int64_t first) {
    const DeviceBuffer<std::int32_t> labels = label(rows);
    DeviceBuffer<T> weights(context_, sample_weight.empty() ? 0 : rows.n);
    if (!sample_weight.empty()) {
      weights.upload(sample_weight.data() + first, rows.n);
      rows.weight = weights.data();
    }
    launch(measure_own_distances<T>, blocks(row_blocks(rows.n)), kBlock, 0, context_.stream(), rows, centers_.view(),
           labels.data(), nullptr, sums.data() + first / kRowBlock);
  });
  DeviceBuffer<double> sum(context_, 1);
  launch(sum_numbers<double>, blocks(1), dim3(kSumThreads), 0, context_.stream(), sums.data(), chunks, sum.data());
  double total = 0;
  sum.download(&total, 1);
  return total * centring_.square_unit();
}

template class CudaKMeansPredictor<float>;
template class CudaKMeansPredictor<double>;

}  // namespace forja::cuda
