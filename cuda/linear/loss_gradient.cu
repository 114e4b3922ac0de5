#include <algorithm>
#include <vector>

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
    take_margins(piece, on_device_coef, outputs, centred, margins);
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

template <class T>
void CudaLinear<T>::take_margins(const LinearView<T>& piece, const DeviceBuffer<T>& coef, std::int64_t outputs,
                                 DeviceBuffer<T>& centred, DeviceBuffer<T>& margins) {
  const std::int64_t padded = groups_of(piece.rows) * kGroupRows;
  launch(centre_rows<T>, dim3(pieces(padded, kLinearWarps)), dim3(kLinearThreads), 0, context_.stream(), piece, padded,
         centred.data());
  gemm<T>(context_, CUBLAS_OP_T, CUBLAS_OP_N, outputs, padded, piece.d, 1, coef.data(), piece.d, centred.data(),
          piece.d, 0, margins.data(), outputs);
}

/// Floor: x read, (1 + d)^2 operations a row at the peak of multiply-adds in T.
template <class T>
Matrix<double> CudaLinear<T>::curvature(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                                        std::span<const double> offset, std::int64_t a, std::int64_t b) {
  const std::int64_t m = 1 + view_.d;
  const std::int64_t outputs = coef.rows();
  const Matrix<T> rounded_coef(coef);
  const std::vector<T> rounded_offset(offset.begin(), offset.end());
  DeviceBuffer<T> on_device_coef(context_, outputs * view_.d);
  DeviceBuffer<T> on_device_offset(context_, outputs);
  on_device_coef.upload(rounded_coef.values());
  on_device_offset.upload(rounded_offset);
  const std::int64_t most =
      std::min(piece_rows(std::max(m, outputs) * static_cast<std::int64_t>(sizeof(T))), groups_of(rows()) * kGroupRows);
  DeviceBuffer<T> centred(context_, most * view_.d);
  DeviceBuffer<T> margins(context_, most * outputs);
  DeviceBuffer<T> weights(context_, most);
  DeviceBuffer<T> z(context_, most * m);
  DeviceBuffer<T> products(context_, most / kGroupRows * m * m);
  DeviceBuffer<double> sums(context_, m * m);
  sums.fill_bytes(0);
  for_each_piece(most, [&](const LinearView<T>& piece, std::int64_t) {
    take_margins(piece, on_device_coef, outputs, centred, margins);
    launch(take_curvatures<T>, dim3(pieces(piece.rows, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(),
           piece, loss.kind, outputs, on_device_offset.data(), a, b, margins.data(), weights.data());
    LinearView<T> bent = piece;
    bent.weight = weights.data();
    bent.weight_inverse = 1;
    bent.t = 0;
    add_products(bent, nullptr, m, z, products, sums);
  });
  return symmetric(sums, m);
}

template Matrix<double> CudaLinear<float>::curvature(const formulas::RowLoss<float>&, MatrixView<const double>,
                                                     std::span<const double>, std::int64_t, std::int64_t);
template Matrix<double> CudaLinear<double>::curvature(const formulas::RowLoss<double>&, MatrixView<const double>,
                                                      std::span<const double>, std::int64_t, std::int64_t);
template void CudaLinear<float>::take_margins(const LinearView<float>&, const DeviceBuffer<float>&, std::int64_t,
                                              DeviceBuffer<float>&, DeviceBuffer<float>&);
template void CudaLinear<double>::take_margins(const LinearView<double>&, const DeviceBuffer<double>&, std::int64_t,
                                               DeviceBuffer<double>&, DeviceBuffer<double>&);
template compute::LossGradient CudaLinear<float>::loss_gradient(const formulas::RowLoss<float>&,
                                                                MatrixView<const double>, std::span<const double>);
template compute::LossGradient CudaLinear<double>::loss_gradient(const formulas::RowLoss<double>&,
                                                                 MatrixView<const double>, std::span<const double>);

}  // namespace forja::cuda
