#include "decomposition/sparse_map.h"

#include <algorithm>

#include "decomposition/sparse_kernels.cuh"
#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "runtime/row_stream.h"

namespace forja::cuda {
namespace {

/// Numbers of a block of rows or of results, and bytes of host rows that are sent at once, as an affine map's.
constexpr std::int64_t kSparseNumbers = std::int64_t{1} << 24;
constexpr std::int64_t kSparseMostKept = std::int64_t{64} << 20;
constexpr std::int64_t kSparseKeptUnasked = std::int64_t{1} << 20;

unsigned tiles(std::int64_t count) {
  constexpr std::int64_t kMostTiles = 65535;
  return static_cast<unsigned>(std::min((count + kSparseTile - 1) / kSparseTile, kMostTiles));
}

}  // namespace

template <class T>
CudaSparseMap<T>::CudaSparseMap(int device, const compute::SparseRows<T>& w)
    : context_(device),
      width_(w.width),
      starts_(context_, std::ssize(w.starts)),
      columns_(context_, std::ssize(w.columns)),
      values_(context_, std::ssize(w.values)) {
  starts_.upload(w.starts);
  columns_.upload(w.columns);
  values_.upload(w.values);
}

template <class T>
void CudaSparseMap<T>::apply(const Rows<T>& x, MatrixView<T> y) {
  const std::int64_t k = starts_.size() - 1;
  const std::int64_t most = std::min(std::max<std::int64_t>(kSparseNumbers / std::max(width_, k), 1), row_count(x));
  RowStream<T> stream(context_, x,
                      {.most_rows = most, .most_kept = kSparseMostKept, .kept_unasked = kSparseKeptUnasked});
  DeviceBuffer<T> turned(context_, most * width_);
  DeviceBuffer<T> result(context_, most * k);
  stream.for_each_block([&](const RowBlock<T>& block) {
    launch(transpose_rows<T>, dim3(tiles(width_), tiles(block.rows)), dim3(kSparseBlock), 0, context_.stream(), block.x,
           block.rows, width_, turned.data());
    launch(sparse_product<T>, dim3(tiles(block.rows), tiles(k)), dim3(kSparseBlock), 0, context_.stream(),
           turned.data(), block.rows, starts_.data(), columns_.data(), values_.data(), k, result.data());
    download_rows(context_, result.data(), y.middle_rows(block.first, block.rows));
  });
}

template class CudaSparseMap<float>;
template class CudaSparseMap<double>;

}  // namespace forja::cuda
