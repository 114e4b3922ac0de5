#include "svm/svm_predictor.h"

#include <algorithm>

#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "runtime/row_stream.h"
#include "svm/kernel_tiles.cuh"

namespace forja::cuda {
namespace {

/// Numbers of x or of results that a block of rows has.
constexpr std::int64_t kBlockNumbers = std::int64_t{1} << 24;
/// Host rows up to so many bytes are on the device at once; more stream, beside the computation.
constexpr std::int64_t kMostKept = std::int64_t{64} << 20;

RowStreamOptions blocks_of(std::int64_t width) {
  return {
      .granule = kSvmTile,
      .most_rows = std::max<std::int64_t>(kBlockNumbers / std::max<std::int64_t>(width, 1) / kSvmTile, 1) * kSvmTile,
      .most_kept = kMostKept,
      .kept_unasked = kMostKept};
}

}  // namespace

template <class T>
CudaSvmPredictor<T>::CudaSvmPredictor(int device, const compute::SvmSupport<T>& support,
                                      const formulas::KernelFunction<T>& kernel)
    : context_(device),
      kernel_(kernel),
      given_(context_, support.vectors.rows() * support.vectors.columns()),
      picks_(context_, kernel.kind == formulas::KernelKind::precomputed ? std::ssize(support.picks) : 0),
      ends_(context_, std::ssize(support.ends)),
      weights_(context_, support.weights.rows() * support.weights.columns()),
      w_(support.weights.rows()) {
  upload_rows(context_, support.vectors, given_.data());
  shift_ = kernel_shift(context_, kernel, given_.data(), support.vectors.rows(), support.vectors.columns());
  vectors_ = KernelRows<T>(context_, given_.data(), support.vectors.rows(), support.vectors.columns(), shift_);
  if (picks_.size() > 0) picks_.upload(support.picks);
  ends_.upload(support.ends);
  upload_rows(context_, support.weights, weights_.data());
  context_.synchronize();
}

template <class T>
void CudaSvmPredictor<T>::sum(const Rows<T>& x, MatrixView<double> out) {
  const std::int64_t d = column_count(x);
  RowStream<T> stream(context_, x, blocks_of(std::max(d, out.columns())));
  stream.for_each_block([&](const RowBlock<T>& block) {
    const KernelRows<T> rows(context_, block.x, block.rows, d, shift_);
    DeviceBuffer<double> sums(context_, block.rows * out.columns());
    DeviceBuffer<SumTask> task(context_, 1);
    sums.fill_bytes(0);
    const SumTask work{{nullptr, block.rows, picks_.data(), ends_.data(), ends_.size()},
                       weights_.data(),
                       weights_.size() / w_,
                       w_,
                       sums.data()};
    task.upload(&work, 1);
    launch(sum_kernels<T>, dim3(static_cast<unsigned>((block.rows + kSvmTile - 1) / kSvmTile), 1), dim3(kSvmThreads), 0,
           context_.stream(), rows.view(), vectors_.view(), kernel_, task.data());
    download_rows(context_, sums.data(), out.middle_rows(block.first, block.rows));
  });
}

template <class T>
void kernel_matrix(int device, const formulas::KernelFunction<T>& kernel, const Rows<T>& a, const Rows<T>& b,
                   MatrixView<T> out) {
  const Context context(device);
  const std::int64_t d = column_count(b);
  const std::int64_t columns = row_count(b);
  DeviceBuffer<T> given;
  const T* dense = dense_rows(context, b, given);
  const DeviceBuffer<T> shift = kernel_shift(context, kernel, dense, columns, d);
  const KernelRows<T> rows_b(context, dense, columns, d, shift);
  DeviceBuffer<std::int64_t> ends(context, 1);
  ends.upload(&columns, 1);
  RowStream<T> stream(context, a, blocks_of(std::max(d, columns)));
  stream.for_each_block([&](const RowBlock<T>& block) {
    const KernelRows<T> rows_a(context, block.x, block.rows, d, shift);
    DeviceBuffer<T> values(context, block.rows * columns);
    DeviceBuffer<FillTask<T>> task(context, 1);
    const FillTask<T> work{{nullptr, block.rows, nullptr, ends.data(), 1}, values.data(), columns};
    task.upload(&work, 1);
    launch(fill_kernels<T>,
           dim3(static_cast<unsigned>((block.rows + kSvmTile - 1) / kSvmTile),
                static_cast<unsigned>((columns + kSvmTile - 1) / kSvmTile), 1),
           dim3(kSvmThreads), 0, context.stream(), rows_a.view(), rows_b.view(), kernel, task.data());
    download_rows(context, values.data(), out.middle_rows(block.first, block.rows));
  });
}

#define FORJA_INSTANTIATE(T)          \
  template class CudaSvmPredictor<T>; \
  template void kernel_matrix(int, const formulas::KernelFunction<T>&, const Rows<T>&, const Rows<T>&, MatrixView<T>);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::cuda
