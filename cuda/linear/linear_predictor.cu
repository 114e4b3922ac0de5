#include "linear/linear_predictor.h"

#include <algorithm>

#include "linear/linear_kernels.cuh"
#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "runtime/row_stream.h"

namespace forja::cuda {
namespace {

/// Numbers of x or of predictions that a block of rows has.
constexpr std::int64_t kBlockNumbers = std::int64_t{1} << 24;
/// Host rows up to so many bytes are on the device at once; more stream, beside the computation.
constexpr std::int64_t kMostKept = std::int64_t{64} << 20;

}  // namespace

template <class T>
CudaLinearPredictor<T>::CudaLinearPredictor(int device, MatrixView<const double> coef,
                                            std::span<const double> intercept)
    : context_(device),
      coef_(context_, coef.rows() * coef.columns()),
      intercept_(context_, static_cast<std::int64_t>(intercept.size())) {
  upload_rows(context_, coef, coef_.data());
  intercept_.upload(intercept);
  context_.synchronize();
}

template <class T>
void CudaLinearPredictor<T>::predict(const Rows<T>& x, MatrixView<T> out) {
  const std::int64_t d = column_count(x);
  const std::int64_t targets = intercept_.size();
  const std::int64_t most = std::max<std::int64_t>(kBlockNumbers / std::max(d, targets) / kWarp, 1) * kWarp;
  RowStream<T> stream(context_, x,
                      {.granule = kWarp, .most_rows = most, .most_kept = kMostKept, .kept_unasked = kMostKept});
  stream.for_each_block([&](const RowBlock<T>& block) {
    DeviceBuffer<T> found(context_, block.rows * targets);
    launch(predict_rows<T>, blocks((block.rows + kLinearWarps - 1) / kLinearWarps), dim3(kLinearThreads), 0,
           context_.stream(), block.x, block.rows, d, coef_.data(), intercept_.data(), targets, found.data());
    download_rows(context_, found.data(), out.middle_rows(block.first, block.rows));
  });
}

template class CudaLinearPredictor<float>;
template class CudaLinearPredictor<double>;

}  // namespace forja::cuda
