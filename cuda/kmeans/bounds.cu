#include "kmeans/bounds.h"

#include <algorithm>
#include <utility>

#include "kmeans/bounds_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {

template <class T>
bool Bounds<T>::pay(std::int64_t n, std::int64_t d, std::int64_t k) {
  constexpr std::int64_t kLeastCenters = 64;
  constexpr std::int64_t kLeastProducts = 512;
  constexpr std::int64_t kRowsForCenter = 16;
  return k >= kLeastCenters && k * d >= kLeastProducts && n / kRowsForCenter >= k;
}

template <class T>
void Bounds<T>::use(bool yes) {
  if (!yes) *this = {};
  used_ = yes;
}

template <class T>
void Bounds<T>::make_room(const Context& context, std::int64_t n, std::int64_t d, std::int64_t k) {
  if (upper_.size() != n) {
    constexpr auto kBytes = static_cast<std::int64_t>(2 * sizeof(T) + sizeof(std::int64_t));
    if (n > memory(context.device()).free / 2 / kBytes) return;
    DeviceBuffer<T> upper(context, n);
    lower_ = DeviceBuffer<T>(context, n);
    left_ = DeviceBuffer<std::int64_t>(context, n);
    largest_ = DeviceBuffer<LargestDrifts<T>>(context, 1);
    no_shift_ = DeviceBuffer<T>(context, d);
    no_shift_.fill_bytes(0);
    upper_ = std::move(upper);
    d_ = d;
  }
  if (drifts_.size() != k) {
    DeviceBuffer<T> drifts(context, k);
    least_squares_ = DeviceBuffer<unsigned long long>(context, k);
    half_gaps_ = DeviceBuffer<T>(context, k);
    drifts_ = std::move(drifts);
  }
}

template <class T>
void Bounds<T>::forget_rows(const Context& context, const DeviceBuffer<std::int64_t>& rows) {
  if (!known_) return;
  launch(cuda::forget_rows<T>, blocks(row_blocks(rows.size())), kBlock, 0, context.stream(), rows.data(), rows.size(),
         BoundsView<T>{upper_.data(), lower_.data()});
}

template <class T>
void Bounds<T>::centers_moved(const Context& context, const ClusterRecord* records) {
  if (!known_) return;
  launch(add_shifts<T>, blocks(row_blocks(drifts_.size())), kBlock, 0, context.stream(), records, drifts_.size(), d_,
         drifts_.data());
}

template <class T>
void Bounds<T>::measure_centers(const Context& context, const CentersView<T>& centers) {
  constexpr std::int64_t kMostBlocksY = 65535;
  const RowsView<T> rows{centers.values, no_shift_.data(), nullptr, centers.k, centers.d, T(1)};
  const std::int64_t groups = (centers.k + kGapTargets - 1) / kGapTargets;
  const dim3 grid(static_cast<unsigned>(row_blocks(centers.k)), static_cast<unsigned>(std::min(groups, kMostBlocksY)));
  least_squares_.fill_bytes(0xFF);
  launch(measure_gaps<T>, grid, kBlock, 0, context.stream(), rows, groups, least_squares_.data());
  launch(finish_centers<T>, blocks(1), kBlock, 0, context.stream(), least_squares_.data(), drifts_.data(), centers.k,
         centers.d, half_gaps_.data(), largest_.data());
}

template <class T>
void Bounds<T>::begin_pass(const Context& context, std::int64_t n, const CentersView<T>& centers) {
  filtering_ = false;
  if (!used_) return;
  make_room(context, n, centers.d, centers.k);
  filtering_ = std::exchange(known_, false);
  if (filtering_) measure_centers(context, centers);
}

template <class T>
void Bounds<T>::narrow(const Context& context, std::int64_t first, const std::int32_t* labels,
                       unsigned long long* counts, NearestTask<T>& task) {
  if (upper_.size() == 0) return;
  task.bounds = {upper_.data() + first, lower_.data() + first};
  if (!filtering_) return;
  FORJA_CUDA_CHECK(cudaMemsetAsync(counts + 1, 0, sizeof *counts, context.stream()));
  launch(list_unsure_rows<T>, blocks(row_blocks(task.rows.n)), kBlock, 0, context.stream(),
         FilterTask<T>{task.rows, task.centers, task.bounds, labels, drifts_.data(), largest_.data(), half_gaps_.data(),
                       left_.data(), counts});
  task.index = left_.data();
  task.count = counts + 1;
}

template <class T>
void Bounds<T>::end_blocks() {
  drifts_.fill_bytes(0);
}

template class Bounds<float>;
template class Bounds<double>;

}  // namespace forja::cuda
