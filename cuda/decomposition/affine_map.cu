#include "decomposition/affine_map.h"

#include <algorithm>

#include "decomposition/centred_rows.h"
#include "decomposition/decomposition_kernels.cuh"
#include "runtime/blas.h"
#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "runtime/row_stream.h"

namespace forja::cuda {
namespace {

/// Numbers of a block of rows or of results: enough to keep a GPU busy, little of its memory.
constexpr std::int64_t kBlockNumbers = std::int64_t{1} << 24;
/// Bytes of host rows that are sent at once: more is worth the two page-locked buffers of a stream.
constexpr std::int64_t kMostKept = std::int64_t{64} << 20;
constexpr std::int64_t kKeptUnasked = std::int64_t{1} << 20;

}  // namespace

template <class T>
CudaAffineMap<T>::CudaAffineMap(int device, std::span<const double> shift, MatrixView<const double> w,
                                std::span<const double> offset)
    : context_(device),
      shift_(context_, w.rows()),
      w_(context_, w.rows() * w.columns()),
      offset_(context_, w.columns()) {
  shift_.upload(shift);
  w_.upload(Matrix<T>(w).values());
  offset_.upload(offset);
}

template <class T>
void CudaAffineMap<T>::apply(const Rows<T>& x, MatrixView<T> y) {
  const std::int64_t d = shift_.size();
  const std::int64_t k = offset_.size();
  const std::int64_t most = std::min(std::max<std::int64_t>(kBlockNumbers / std::max(d, k), 1), row_count(x));
  RowStream<T> stream(context_, x, {.most_rows = most, .most_kept = kMostKept, .kept_unasked = kKeptUnasked});
  DeviceBuffer<T> shifted(context_, most * d);
  DeviceBuffer<T> result(context_, most * k);
  stream.for_each_block([&](const RowBlock<T>& block) {
    launch(centre<T, T>, element_blocks(context_, block.rows * d), dim3(kElementBlock), 0, context_.stream(), block.x,
           d, shift_.data(), block.rows, d, shifted.data(), d, 1);
    gemm(context_, CUBLAS_OP_N, CUBLAS_OP_N, k, block.rows, d, 1, w_.data(), k, shifted.data(), d, 0, result.data(), k);
    launch(add_offset<T>, element_blocks(context_, block.rows * k), dim3(kElementBlock), 0, context_.stream(),
           block.rows, k, offset_.data(), result.data());
    download_rows(context_, result.data(), y.middle_rows(block.first, block.rows));
  });
}

template class CudaAffineMap<float>;
template class CudaAffineMap<double>;

}  // namespace forja::cuda
