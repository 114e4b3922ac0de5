#include "boosting/boosting_predictor.h"

#include <algorithm>

#include "boosting/forest_kernels.cuh"
#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "runtime/row_stream.h"

namespace forja::cuda {
namespace {

/// Numbers of x or of sums that a block of rows has.
constexpr std::int64_t kBlockNumbers = std::int64_t{1} << 24;
/// Host rows up to so many bytes are on the device at once; more stream, beside the computation.
constexpr std::int64_t kMostKept = std::int64_t{64} << 20;

static_assert(sizeof(BinMask) == sizeof(std::array<std::uint64_t, 4>));

}  // namespace

template <class T>
CudaBoostingPredictor<T>::CudaBoostingPredictor(int device, const compute::Forest& forest)
    : context_(device),
      nodes_(context_, std::ssize(forest.nodes)),
      first_(context_, std::ssize(forest.first)),
      left_bins_(context_, std::ssize(forest.left_bins)),
      baseline_(context_, std::ssize(forest.baseline)) {
  nodes_.upload(forest.nodes);
  first_.upload(forest.first);
  std::vector<BinMask> masks;
  for (const auto& bins : forest.left_bins) std::copy_n(bins.begin(), bins.size(), masks.emplace_back().words);
  left_bins_.upload(masks);
  baseline_.upload(forest.baseline);
  if (forest.table != nullptr) table_ = DeviceBinTable(context_, *forest.table);
  context_.synchronize();
}

template <class T>
void CudaBoostingPredictor<T>::sum(const Rows<T>& x, std::int64_t first_round, std::int64_t end_round,
                                   MatrixView<double> out) {
  const std::int64_t d = column_count(x);
  const std::int64_t outputs = baseline_.size();
  const ForestView forest{nodes_.data(), first_.data(), left_bins_.data(), baseline_.data(), table_.view(), outputs};
  RowStream<T> stream(context_, x,
                      {.most_rows = std::max<std::int64_t>(kBlockNumbers / std::max(d, outputs), 1),
                       .most_kept = kMostKept,
                       .kept_unasked = kMostKept});
  stream.for_each_block([&](const RowBlock<T>& block) {
    const MatrixView<double> own = out.middle_rows(block.first, block.rows);
    DeviceBuffer<double> sums(context_, block.rows * outputs);
    if (first_round > 0) upload_rows<double>(context_, own, sums.data());
    launch(sum_trees<T>, blocks(boost_blocks(block.rows * outputs)), dim3(kBoostThreads), 0, context_.stream(), forest,
           block.x, block.rows, d, first_round, end_round, sums.data());
    download_rows(context_, sums.data(), own);
  });
}

template class CudaBoostingPredictor<float>;
template class CudaBoostingPredictor<double>;

}  // namespace forja::cuda
