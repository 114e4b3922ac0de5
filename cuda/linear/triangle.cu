#include "linear/triangle.h"

#include <algorithm>
#include <string>
#include <vector>

#include "forja/error.h"
#include "linear/linear_kernels.cuh"
#include "runtime/blas.h"
#include "runtime/launch.h"
#include "runtime/solver.h"

namespace forja::cuda {
namespace {

// Block (x: column, y: 256 rows): zeros below the diagonal of the first `rows` rows. Floor: half of them written.
__global__ void __launch_bounds__(kLinearThreads) keep_triangle(double* a, std::int64_t rows, std::int64_t stride) {
  const std::int64_t row = std::int64_t{blockIdx.y} * kLinearThreads + threadIdx.x;
  const std::int64_t column = blockIdx.x;
  if (row < rows && row > column) a[column * stride + row] = 0;
}

// Block (x: column of a, y: 256 rows): b (columns x rows, column-major) = a' for a (rows x columns). Floor: a read and
// written, at 32 bytes a number.
__global__ void __launch_bounds__(kLinearThreads)
    transpose(const double* a, std::int64_t stride, std::int64_t rows, std::int64_t columns, double* b) {
  const std::int64_t row = std::int64_t{blockIdx.y} * kLinearThreads + threadIdx.x;
  const std::int64_t column = blockIdx.x;
  if (row < rows) b[row * columns + column] = a[column * stride + row];
}

unsigned row_blocks(std::int64_t count) { return static_cast<unsigned>((count + kLinearThreads - 1) / kLinearThreads); }

/// Pieces several times as long as R is make most of the work useful.
std::int64_t piece_rows(std::int64_t rows, std::int64_t width) {
  const std::int64_t most = std::max<std::int64_t>(4 * width, 8 * kGroupRows);
  return (std::min(rows, most) + kGroupRows - 1) / kGroupRows * kGroupRows;
}

void check_outcomes(const std::vector<int>& outcomes) {
  for (const int outcome : outcomes) {
    // not run by tests: the emulation's iterations converge
    if (outcome != 0) throw DeviceUnavailable("CUDA: cuSOLVER ended with " + std::to_string(outcome));
  }
}

}  // namespace

Triangle::Triangle(const Context& context, std::int64_t rows, std::int64_t width)
    : context_(&context),
      width_(width),
      most_rows_(piece_rows(rows, width)),
      stride_(std::min(rows, width) + most_rows_),
      a_(context, stride_ * width) {}

void Triangle::take(std::int64_t rows) {
  const std::int64_t height = held_ + rows;
  DeviceBuffer<double> tau(*context_, std::min(height, width_));
  Solver solver(*context_, 1);
  solver.geqrf(height, width_, a_.data(), stride_, tau.data());
  held_ = std::min(height, width_);
  launch(keep_triangle, dim3(static_cast<unsigned>(width_), row_blocks(held_)), dim3(kLinearThreads), 0,
         context_->stream(), a_.data(), held_, stride_);
  check_outcomes(solver.finish());
}

compute::SingularSystem Triangle::singular_system(std::int64_t columns, bool centred) {
  const std::int64_t targets = width_ - 1 - columns;
  // The first row has what the means leave of each column, the others what is left of it.
  std::vector<double> first(static_cast<std::size_t>(width_));
  DeviceBuffer<double> first_row(*context_, width_);
  launch(transpose, dim3(static_cast<unsigned>(width_)), dim3(kLinearThreads), 0, context_->stream(), a_.data(),
         stride_, 1, width_, first_row.data());
  first_row.download(first);
  compute::SingularSystem system;
  system.weight = first[0] * first[0];
  for (std::size_t j = 1; j < first.size(); ++j) system.mean.push_back(centred ? first[j] / first[0] : 0);
  const std::int64_t count = std::min(held_, columns);
  system.values.assign(static_cast<std::size_t>(count), 0);
  system.vectors = Matrix<double>(count, columns);
  system.projections = Matrix<double>(count, targets);
  const std::int64_t skipped = centred ? 1 : 0;
  if (held_ > skipped) decompose(columns, skipped, system);
  return system;
}

// cuSOLVER wants matrices that are no wider than tall: R itself, or its transpose.
void Triangle::decompose(std::int64_t columns, std::int64_t skipped, compute::SingularSystem& system) {
  const std::int64_t left = held_ - skipped;
  const std::int64_t targets = width_ - 1 - columns;
  const std::int64_t found = std::min(left, columns);
  const bool tall = left >= columns;
  double* const x = a_.data() + stride_ + skipped;
  const double* const y = x + columns * stride_;
  DeviceBuffer<double> turned(*context_, tall ? 0 : columns * left);
  if (!tall) {
    launch(transpose, dim3(static_cast<unsigned>(columns), row_blocks(left)), dim3(kLinearThreads), 0,
           context_->stream(), x, stride_, left, columns, turned.data());
  }
  const std::int64_t height = std::max(left, columns);
  DeviceBuffer<double> values(*context_, found);
  DeviceBuffer<double> u(*context_, height * found);
  DeviceBuffer<double> vt(*context_, found * found);
  DeviceBuffer<double> projections(*context_, found * targets);
  Solver solver(*context_, 1);
  solver.gesvd(height, found, tall ? x : turned.data(), tall ? stride_ : columns, values.data(), u.data(), height,
               vt.data(), found);
  if (tall) {
    gemm<double>(*context_, CUBLAS_OP_T, CUBLAS_OP_N, found, targets, left, 1, u.data(), height, y, stride_, 0,
                 projections.data(), found);
  } else {
    gemm<double>(*context_, CUBLAS_OP_N, CUBLAS_OP_N, found, targets, left, 1, vt.data(), found, y, stride_, 0,
                 projections.data(), found);
  }
  check_outcomes(solver.finish());
  values.download(system.values.data(), found);
  std::vector<double> on_host(static_cast<std::size_t>(found * std::max(columns, targets)));
  (tall ? vt : u).download(on_host.data(), found * columns);
  for (std::int64_t k = 0; k < found; ++k) {
    for (std::int64_t j = 0; j < columns; ++j) {
      system.vectors(k, j) = on_host[static_cast<std::size_t>(tall ? j * found + k : k * columns + j)];
    }
  }
  projections.download(on_host.data(), found * targets);
  for (std::int64_t k = 0; k < found; ++k) {
    for (std::int64_t t = 0; t < targets; ++t) {
      system.projections(k, t) = on_host[static_cast<std::size_t>(t * found + k)];
    }
  }
}

}  // namespace forja::cuda
