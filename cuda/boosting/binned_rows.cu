#include "boosting/binned_rows.h"

#include <algorithm>
#include <vector>

#include "boosting/bin_kernels.cuh"
#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "runtime/row_stream.h"

namespace forja::cuda {
namespace {

/// Host rows up to so many bytes are on the device at once; more stream, beside the computation.
constexpr std::int64_t kMostKept = std::int64_t{64} << 20;
/// Values of a launch.
constexpr std::int64_t kBlockNumbers = std::int64_t{1} << 28;

}  // namespace

template <class T>
CudaBinnedRows::CudaBinnedRows(int device, const Rows<T>& x, const compute::BinTable& table)
    : context_(device), table_(table), n_(row_count(x)) {
  const std::int64_t d = table_.features();
  stride_ = (d + kFeatureGroup - 1) / kFeatureGroup * kFeatureGroup;
  std::vector<std::int64_t> first_bin{0};
  for (std::int64_t f = 0; f < d; ++f) first_bin.push_back(first_bin.back() + table_.n_bins(f) + 1);
  all_bins_ = first_bin.back();
  bins_ = DeviceBuffer<std::uint8_t>(context_, n_ * stride_);
  first_bin_ = DeviceBuffer<std::int64_t>(context_, d + 1);
  categorical_ = DeviceBuffer<std::uint8_t>(context_, d);
  const DeviceBinTable on_device(context_, table_);
  bins_.fill_bytes(0);
  first_bin_.upload(first_bin);
  categorical_.upload(table_.categorical);
  RowStream<T> stream(context_, x,
                      {.most_rows = std::max<std::int64_t>(kBlockNumbers / std::max<std::int64_t>(d, 1), 1),
                       .most_kept = kMostKept,
                       .kept_unasked = kMostKept});
  stream.for_each_block([&](const RowBlock<T>& block) {
    launch(bin_values<T>, blocks(boost_blocks(block.rows * d)), dim3(kBoostThreads), 0, context_.stream(), block.x,
           block.rows, d, on_device.view(), bins_.data() + block.first * stride_, stride_);
  });
  context_.synchronize();
}

BinsView CudaBinnedRows::view() const {
  return {bins_.data(), first_bin_.data(), categorical_.data(), n_, table_.features(), stride_};
}

void CudaBinnedRows::download(std::int64_t first, MatrixView<std::uint8_t> out) const {
  FORJA_CUDA_CHECK(cudaMemcpy2DAsync(out.data(), static_cast<std::size_t>(out.stride()), bins_.data() + first * stride_,
                                     static_cast<std::size_t>(stride_), static_cast<std::size_t>(out.columns()),
                                     static_cast<std::size_t>(out.rows()), cudaMemcpyDeviceToHost, context_.stream()));
  context_.synchronize();
}

template CudaBinnedRows::CudaBinnedRows(int, const Rows<float>&, const compute::BinTable&);
template CudaBinnedRows::CudaBinnedRows(int, const Rows<double>&, const compute::BinTable&);

}  // namespace forja::cuda
