#include "linear/linear_compute.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "linear/linear_kernels.cuh"
#include "linear/pieces.h"
#include "linear/triangle.h"
#include "runtime/blas.h"
#include "runtime/device_rows.h"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Leaving room for what a pass takes beside x: two pieces, and sums of the Gram matrix's size.
RowStreamOptions stream_options(std::int64_t width) {
  constexpr auto kSum = static_cast<std::int64_t>(sizeof(double));
  return {.granule = kGroupRows, .needed_beside = 2 * (kPieceBytes + width * kGroupRows * kSum) + width * width * kSum};
}

/// Rows begin .. end - 1 of a piece whose first row has the number `first`.
template <class T>
LinearView<T> rows_of(LinearView<T> piece, std::int64_t first, std::int64_t begin, std::int64_t end) {
  piece.x += (begin - first) * piece.d;
  piece.y += (begin - first) * piece.t;
  if (piece.weight != nullptr) piece.weight += begin - first;
  piece.rows = end - begin;
  return piece;
}

}  // namespace

template <class T>
CudaLinear<T>::CudaLinear(int device, const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight)
    : context_(device),
      y_(context_, y.rows() * y.columns()),
      weight_(context_, static_cast<std::int64_t>(sample_weight.size())),
      stream_(context_, x, stream_options(1 + column_count(x) + y.columns())),
      shift_(context_, column_count(x) + y.columns()),
      scale_(context_, column_count(x) + y.columns()) {
  upload_rows(context_, y, y_.data());
  weight_.upload(sample_weight);
  if (!sample_weight.empty()) {
    int exponent = 0;
    (void)std::frexp(static_cast<double>(*std::max_element(sample_weight.begin(), sample_weight.end())), &exponent);
    weight_unit_ = std::ldexp(1.0, exponent);
  }
  view_ = {.x = stream_.kept(),
           .y = y_.data(),
           .weight = weight_.data(),
           .shift = shift_.data(),
           .scale = scale_.data(),
           .rows = stream_.rows(),
           .d = stream_.columns(),
           .t = y.columns(),
           .weight_inverse = 1 / weight_unit_};
  const std::vector<T> zeros(static_cast<std::size_t>(view_.d + view_.t), T(0));
  const std::vector<T> ones(zeros.size(), T(1));
  set_columns(zeros, ones);
  context_.synchronize();  // y may be gone afterwards
}

template <class T>
void CudaLinear<T>::set_columns(std::span<const T> shift, std::span<const T> scale) {
  shift_.upload(shift);
  scale_.upload(scale);
  host_scale_.assign(scale.begin(), scale.end());
}

template <class T>
void CudaLinear<T>::for_each_piece(std::int64_t most,
                                   const std::function<void(const LinearView<T>&, std::int64_t)>& work) {
  stream_.for_each_block([&](const RowBlock<T>& block) {
    for (std::int64_t first = 0; first < block.rows; first += most) {
      const std::int64_t row = block.first + first;
      LinearView<T> piece = view_;
      piece.x = block.x + first * view_.d;
      piece.y += row * view_.t;
      if (piece.weight != nullptr) piece.weight += row;
      piece.rows = std::min(most, block.rows - first);
      work(piece, row);
    }
  });
}

template <class T>
template <class EachBlock>
void CudaLinear<T>::add_ranges(const EachBlock& each_block, std::int64_t columns, std::int64_t step,
                               compute::ColumnRanges& ranges) {
  DeviceBuffer<T> origin(context_, columns);
  DeviceBuffer<ColumnRange<T>> all(context_, columns);
  each_block([&](const T* numbers, std::int64_t count, std::int64_t first) {
    if (first == 0) {
      FORJA_CUDA_CHECK(cudaMemcpyAsync(origin.data(), numbers, static_cast<std::size_t>(columns) * sizeof(T),
                                       cudaMemcpyDeviceToDevice, context_.stream()));
    }
    const std::int64_t groups = groups_of(count);
    DeviceBuffer<ColumnRange<T>> parts(context_, groups * columns);
    launch(measure_columns<T>, dim3(static_cast<unsigned>(groups), pieces(columns, kWarp)), dim3(kWarp, kLinearWarps),
           0, context_.stream(), numbers, count, columns, first, step, origin.data(), parts.data());
    launch(join_groups<T>, dim3(pieces(columns, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(),
           parts.data(), groups, columns, first > 0, all.data());
  });
  std::vector<T> start(static_cast<std::size_t>(columns));
  std::vector<ColumnRange<T>> found(static_cast<std::size_t>(columns));
  origin.download(start);
  all.download(found);
  const std::int64_t counted = (view_.rows + step - 1) / step;
  for (std::size_t j = 0; j < found.size(); ++j) {
    ranges.mean.push_back(static_cast<double>(start[j]) + found[j].sum / static_cast<double>(counted));
    ranges.lowest.push_back(static_cast<double>(found[j].lowest));
    ranges.highest.push_back(static_cast<double>(found[j].highest));
  }
}

template <class T>
compute::ColumnRanges CudaLinear<T>::column_ranges(std::int64_t most_rows) {
  const std::int64_t step = (view_.rows + most_rows - 1) / most_rows;
  compute::ColumnRanges ranges;
  add_ranges(
      [&](const auto& work) {
        for_each_piece(piece_rows(view_.d),
                       [&](const LinearView<T>& piece, std::int64_t first) { work(piece.x, piece.rows, first); });
      },
      view_.d, step, ranges);
  add_ranges([&](const auto& work) { work(view_.y, view_.rows, 0); }, view_.t, step, ranges);
  return ranges;
}

template <class T>
std::vector<Matrix<double>> CudaLinear<T>::grams(std::span<const std::int64_t> ends) {
  return sum_products(nullptr, width(), ends);
}

template <class T>
Matrix<double> CudaLinear<T>::gram_of(std::span<const std::int64_t> columns) {
  DeviceBuffer<std::int64_t> picked(context_, std::ssize(columns));
  picked.upload(columns);
  const std::int64_t all = rows();
  return std::move(sum_products(picked.data(), 1 + picked.size() + view_.t, {&all, 1}).front());
}

template <class T>
std::vector<Matrix<double>> CudaLinear<T>::sum_products(const std::int64_t* picked, std::int64_t m,
                                                        std::span<const std::int64_t> ends) {
  const std::int64_t most =
      std::min(piece_rows(m * static_cast<std::int64_t>(sizeof(T))), groups_of(rows()) * kGroupRows);
  const std::int64_t most_groups = most / kGroupRows;
  DeviceBuffer<double> sums(context_, m * m);
  DeviceBuffer<T> z(context_, most * m);
  DeviceBuffer<T> products(context_, most_groups * m * m);
  sums.fill_bytes(0);
  std::vector<Matrix<double>> parts;
  std::int64_t begin = 0;  // of the part that is summed
  for_each_piece(most, [&](const LinearView<T>& piece, std::int64_t row) {
    const std::int64_t piece_end = row + piece.rows;
    while (row < piece_end) {
      // Groups end at multiples of their size, wherever pieces do, so that sums are the same for all pieces.
      const std::int64_t aligned = groups_of(begin) * kGroupRows;
      const std::int64_t part_end = ends[parts.size()];
      const std::int64_t end = std::min({piece_end, part_end, row < aligned ? aligned : piece_end});
      add_products(rows_of(piece, piece_end - piece.rows, row, end), picked, m, z, products, sums);
      row = end;
      if (row < part_end) continue;
      parts.push_back(symmetric(sums, m));
      sums.fill_bytes(0);
      begin = part_end;
    }
  });
  return parts;
}

template <class T>
void CudaLinear<T>::add_products(const LinearView<T>& piece, const std::int64_t* picked, std::int64_t m,
                                 DeviceBuffer<T>& z, DeviceBuffer<T>& products, DeviceBuffer<double>& sums) {
  const std::int64_t groups = groups_of(piece.rows);
  launch(fill_rows<T>, dim3(pieces(groups * kGroupRows, kLinearWarps)), dim3(kLinearThreads), 0, context_.stream(),
         piece, picked, m, groups * kGroupRows, z.data());
  gemm_batch<T>(context_, CUBLAS_OP_N, CUBLAS_OP_T, m, m, kGroupRows, 1, z.data(), m, kGroupRows * m, z.data(), m,
                kGroupRows * m, 0, products.data(), m, m * m, groups);
  launch(add_groups<T>, dim3(pieces(m * m, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(),
         products.data(), groups, m * m, sums.data());
}

template <class T>
Matrix<double> CudaLinear<T>::symmetric(const DeviceBuffer<double>& sums, std::int64_t m) const {
  Matrix<double> result(m, m);
  sums.download(result.values());
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) result(i, j) = result(j, i) = weight_unit_ * result(i, j);
  }
  return result;
}

template <class T>
compute::Residuals CudaLinear<T>::residuals(MatrixView<const double> coef, std::span<const double> offset) {
  const std::int64_t d = view_.d;
  const std::int64_t t = view_.t;
  std::vector<double> scaled;
  for (std::int64_t target = 0; target < t; ++target) {
    for (std::int64_t j = 0; j < d; ++j) {
      scaled.push_back(coef(target, j) * static_cast<double>(host_scale_[static_cast<std::size_t>(j)]));
    }
  }
  DeviceBuffer<double> on_device_coef(context_, t * d);
  DeviceBuffer<double> on_device_offset(context_, t);
  on_device_coef.upload(scaled);
  on_device_offset.upload(offset);
  const std::int64_t most =
      std::min(piece_rows(d * static_cast<std::int64_t>(sizeof(T))), groups_of(rows()) * kGroupRows);
  DeviceBuffer<double> weighted(context_, most * t);
  DeviceBuffer<double> squares(context_, most * t);
  DeviceBuffer<double> gradient_groups(context_, most / kGroupRows * t * d);
  DeviceBuffer<double> sum_groups(context_, most / kGroupRows * 2 * t);
  DeviceBuffer<double> result(context_, t * d + 2 * t);  // the gradient; sums; sums of squares
  double* sums = result.data() + t * d;
  result.fill_bytes(0);
  for_each_piece(most, [&](const LinearView<T>& piece, std::int64_t) {
    const std::int64_t groups = groups_of(piece.rows);
    const auto group_blocks = static_cast<unsigned>(groups);
    launch(measure_residuals<T>, dim3(pieces(piece.rows, kLinearWarps)), dim3(kLinearThreads), 0, context_.stream(),
           piece, on_device_coef.data(), on_device_offset.data(), weighted.data(), squares.data());
    launch(sum_residuals<T>, dim3(group_blocks, static_cast<unsigned>(t)), dim3(kLinearThreads), 0, context_.stream(),
           piece, weighted.data(), squares.data(), sum_groups.data());
    launch(measure_gradient<T>, dim3(group_blocks, pieces(d, kWarp), static_cast<unsigned>(t)),
           dim3(kWarp, kLinearWarps), 0, context_.stream(), piece, weighted.data(), gradient_groups.data());
    launch(add_groups<double>, dim3(pieces(2 * t, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(),
           sum_groups.data(), groups, 2 * t, sums);
    launch(add_groups<double>, dim3(pieces(t * d, kLinearThreads)), dim3(kLinearThreads), 0, context_.stream(),
           gradient_groups.data(), groups, t * d, result.data());
  });
  std::vector<double> values(static_cast<std::size_t>(result.size()));
  result.download(values);
  const auto sum = values.begin() + t * d;
  compute::Residuals found{
      Matrix<double>(MatrixView<const double>(values.data(), t, d)), {sum, sum + t}, {sum + t, values.end()}};
  for (std::int64_t target = 0; target < t; ++target) {
    for (std::int64_t j = 0; j < d; ++j) {
      found.gradient(target, j) *= static_cast<double>(host_scale_[static_cast<std::size_t>(j)]);
    }
  }
  return found;
}

template <class T>
compute::SingularSystem CudaLinear<T>::svd(bool centred) {
  Triangle triangle(context_, rows(), width());
  for_each_piece(triangle.most_rows(), [&](const LinearView<T>& piece, std::int64_t) {
    launch(fill_columns<T>, dim3(static_cast<unsigned>(width()), pieces(piece.rows, kLinearThreads)),
           dim3(kLinearThreads), 0, context_.stream(), piece, triangle.held(), triangle.stride(), triangle.data());
    triangle.take(piece.rows);
  });
  compute::SingularSystem system = triangle.singular_system(view_.d, centred);
  const double root = std::sqrt(weight_unit_);
  system.weight *= weight_unit_;
  for (double& value : system.values) value *= root;
  for (double& value : system.projections.values()) value *= root;
  return system;
}

template class CudaLinear<float>;
template class CudaLinear<double>;

}  // namespace forja::cuda
