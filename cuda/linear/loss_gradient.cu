#include <algorithm>

#include "linear/linear_compute.h"
#include "linear/loss_kernels.cuh"
#include "linear/pieces.h"
#include "runtime/blas.h"
#include "runtime/launch.h"

namespace forja::cuda {

/// x is read once, centred into a piece that stays in the L2 cache; both products are cuBLAS's. Floor: 4 C d operations
/// a row at the peak of multiply-adds in T, or x read once.
template <class T>
compute::LossGradient CudaLinear<T>::loss_gradient(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                                                   std::span<const double> offset) {
  const std::int64_t d = view_.d;
  const std::int64_t outputs = coef.rows();
  const Matrix<T> rounded_coef(coef);
  const std::vector<T> rounded_offset(offset.begin(), offset.end());
  DeviceBuffer<T> on_device_coef(context_, outputs * d);
  DeviceBuffer<T> on_device_offset(context_, outputs);
  on_device_coef.upload(rounded_coef.values());
  on_device_offset.upload(rounded_offset);
  const std::int64_t most =
      std::min(piece_rows(std::max(d, outputs) * static_cast<std::int64_t>(sizeof(T))), groups_of(rows()) * kGroupRows);
  const std::int64_t most_groups = most / kGroupRows;
  DeviceBuffer<T> centred(context_, most * d);
  DeviceBuffer<T> margins(context_, most * outputs);
  DeviceBuffer<double> losses(context_, most);
  DeviceBuffer<T> products(context_, most_groups * outputs * d);
  DeviceBuffer<double> sum_groups(context_, most_groups * (outputs + 1));
  DeviceBuffer<double> result(context_, outputs * d + outputs + 1);  // the gradient; by the offsets; the loss
  double* sums = result.data() + outputs * d;
  result.fill_bytes(0);
  for_each_piece(most, [&](const LinearView<T>& piece, std::int64_t) {
    const std::int64_t groups = groups_of(piece.rows);
    const std::int64_t padded = groups * kGroupRows;
    launch(centre_rows<T>, dim3(pieces(padded, kLinearWarps)), dim3(kLinearThreads), 0, context_.stream(), piece,
           padded, centred.data());
    gemm<T>(context_, CUBLAS_OP_T, CUBLAS_OP_N, outputs, padded, d, 1, on_device_coef.data(), d, centred.data(), d, 0,
            margins.data(), outputs);
    launch(take_losses<T>, dim3(pieces(padded, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(), piece,
           loss, outputs, on_device_offset.data(), padded, margins.data(), losses.data());
    launch(sum_losses<T>, dim3(static_cast<unsigned>(groups), static_cast<unsigned>(outputs + 1)), dim3(kLinearThreads),
           0, context_.stream(), margins.data(), losses.data(), outputs, sum_groups.data());
    gemm_batch<T>(context_, CUBLAS_OP_N, CUBLAS_OP_T, d, outputs, kGroupRows, 1, centred.data(), d, kGroupRows * d,
                  margins.data(), outputs, kGroupRows * outputs, 0, products.data(), d, outputs * d, groups);
    launch(add_groups<T>, dim3(pieces(outputs * d, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(),
           products.data(), groups, outputs * d, result.data());
    launch(add_groups<double>, dim3(pieces(outputs + 1, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(),
           sum_groups.data(), groups, outputs + 1, sums);
  });
  std::vector<double> values(static_cast<std::size_t>(result.size()));
  result.download(values);
  for (double& value : values) value *= weight_unit_;
  const auto offsets = values.begin() + outputs * d;
  return {
      values.back(), Matrix<double>(MatrixView<const double>(values.data(), outputs, d)), {offsets, offsets + outputs}};
}

template compute::LossGradient CudaLinear<float>::loss_gradient(const formulas::RowLoss<float>&,
                                                                MatrixView<const double>, std::span<const double>);
template compute::LossGradient CudaLinear<double>::loss_gradient(const formulas::RowLoss<double>&,
                                                                 MatrixView<const double>, std::span<const double>);

}  // namespace forja::cuda
