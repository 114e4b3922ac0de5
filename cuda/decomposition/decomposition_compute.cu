#include "decomposition/decomposition_compute.h"

#include <algorithm>

#include "decomposition/decomposition_kernels.cuh"
#include "runtime/blas.h"
#include "runtime/launch.h"
#include "runtime/solver.h"

namespace forja::cuda {
namespace {

using compute::Side;

constexpr auto kN = CUBLAS_OP_N;
constexpr auto kT = CUBLAS_OP_T;
constexpr auto kLower = CUBLAS_FILL_MODE_LOWER;

void copy(const Context& context, const DeviceBuffer<double>& from, DeviceBuffer<double>& to) {
  FORJA_CUDA_CHECK(cudaMemcpyAsync(to.data(), from.data(), static_cast<std::size_t>(from.size()) * sizeof(double),
                                   cudaMemcpyDeviceToDevice, context.stream()));
}

}  // namespace

template <class T>
std::vector<double> CudaDecomposition<T>::gram_eigenvalues(Side side) {
  side_ = side;
  ascending_ = true;
  vectors_ = x_.gram(side);
  DeviceBuffer<double> values(context_, size());
  Solver solver(context_);
  solver.syevd(kLower, size(), vectors_.data(), size(), values.data());
  solver.require_success("syevd");
  std::vector<double> result(static_cast<std::size_t>(size()));
  values.download(result);
  std::reverse(result.begin(), result.end());
  return result;
}

template <class T>
std::vector<double> CudaDecomposition<T>::singular_values(Side side) {
  side_ = side;
  ascending_ = false;
  const std::int64_t m = size();
  // Left vectors of the transposed triangle are right ones of the triangle.
  DeviceBuffer<double> triangle = x_.triangle(side);
  vectors_ = DeviceBuffer<double>(context_, m * m);
  DeviceBuffer<double> values(context_, m);
  DeviceBuffer<double> others(context_, m * m);
  Solver solver(context_);
  solver.gesvd(m, m, triangle.data(), m, values.data(), vectors_.data(), m, others.data(), m);
  solver.require_success("gesvd");
  std::vector<double> result(static_cast<std::size_t>(m));
  values.download(result);
  return result;
}

template <class T>
template <class U>
DeviceBuffer<U> CudaDecomposition<T>::leading_vectors(std::int64_t count) {
  DeviceBuffer<U> result(context_, size() * count);
  launch(pick_columns<double, U>, element_blocks(context_, size() * count), dim3(kElementBlock), 0, context_.stream(),
         vectors_.data(), size(), ascending_ ? size() - 1 : 0, std::int64_t{ascending_ ? -1 : 1}, count, result.data());
  return result;
}

template <class T>
Matrix<double> CudaDecomposition<T>::download_columns(const DeviceBuffer<double>& columns, std::int64_t m,
                                                      std::int64_t count) {
  Matrix<double> rows(count, m);
  columns.download(rows.data(), count * m);
  return rows;
}

template <class T>
Matrix<double> CudaDecomposition<T>::right_vectors(std::int64_t count) {
  if (side_ == Side::columns) return download_columns(leading_vectors<double>(count), size(), count);
  const std::int64_t n = rows();
  const std::int64_t d = columns();
  const DeviceBuffer<T> left = leading_vectors<T>(count);
  DeviceBuffer<T> product(context_, d * count);
  DeviceBuffer<double> sum = zeros(context_, d * count);
  x_.for_each_part([&](const typename CentredRows<T>::Part& part) {
    gemm(context_, kN, kN, d, count, part.count, 1, part.x, d, left.data() + part.first, n, 0, product.data(), d);
    add_to(context_, sum, product, d, count, false);
  });
  // Columns of length sigma: reflections leave the directions of the great ones, and give the rest some.
  orthonormalise_by_reflections(sum, d, count);
  return download_columns(sum, d, count);
}

template <class T>
void CudaDecomposition<T>::orthonormalise_by_reflections(DeviceBuffer<double>& y, std::int64_t m, std::int64_t r) {
  DeviceBuffer<double> tau(context_, r);
  Solver solver(context_);
  solver.geqrf(m, r, y.data(), m, tau.data());
  solver.orgqr(m, r, r, y.data(), m, tau.data());
  solver.require_success("geqrf, orgqr");
}

// CholeskyQR2 (Yamamoto et al. 2015): products, where reflections are mostly latency. They serve where the columns
// depend on each other.
template <class T>
void CudaDecomposition<T>::orthonormalise(DeviceBuffer<double>& y, std::int64_t m, std::int64_t r) {
  DeviceBuffer<double> before(context_, m * r);
  copy(context_, y, before);
  DeviceBuffer<double> gram(context_, r * r);
  Solver solver(context_);
  for (int pass = 0; pass < 2; ++pass) {
    syrk(context_, kLower, kT, r, m, 1, y.data(), m, 0, gram.data(), r);
    solver.potrf(kLower, r, gram.data(), r);
    trsm(context_, CUBLAS_SIDE_RIGHT, kLower, kT, CUBLAS_DIAG_NON_UNIT, m, r, 1, gram.data(), r, y.data(), m);
  }
  const std::vector<int> outcomes = solver.finish();
  if (outcomes[0] == 0 && outcomes[1] == 0) return;
  copy(context_, before, y);
  orthonormalise_by_reflections(y, m, r);
}

template <class T>
DeviceBuffer<double> CudaDecomposition<T>::upload_rows(MatrixView<const double> rows) {
  DeviceBuffer<double> result(context_, rows.rows() * columns());
  for (std::int64_t i = 0; i < rows.rows(); ++i) result.upload(rows.row(i), i * columns());
  return result;
}

template <class T>
DeviceBuffer<T> CudaDecomposition<T>::rounded(const DeviceBuffer<double>& directions, std::int64_t r) {
  DeviceBuffer<T> result(context_, columns() * r);
  launch(pick_columns<double, T>, element_blocks(context_, columns() * r), dim3(kElementBlock), 0, context_.stream(),
         directions.data(), columns(), 0, 1, r, result.data());
  return result;
}

// X v is computed part by part; the signs of reflections are those of their triangle's diagonal.
template <class T>
Matrix<T> CudaDecomposition<T>::left_vectors(MatrixView<const double> right) {
  const std::int64_t n = rows();
  const std::int64_t d = columns();
  const std::int64_t k = right.rows();
  const DeviceBuffer<T> v = rounded(upload_rows(right), k);
  DeviceBuffer<T> image(context_, n * k);
  x_.for_each_part([&](const typename CentredRows<T>::Part& part) {
    gemm(context_, kT, kN, part.count, k, d, 1, part.x, d, v.data(), d, 0, image.data() + part.first, n);
  });
  DeviceBuffer<double> left(context_, n * k);
  launch(pick_columns<T, double>, element_blocks(context_, n * k), dim3(kElementBlock), 0, context_.stream(),
         image.data(), n, 0, 1, k, left.data());
  DeviceBuffer<double> tau(context_, k);
  DeviceBuffer<double> diagonal(context_, k);
  Solver solver(context_);
  solver.geqrf(n, k, left.data(), n, tau.data());
  launch(pick_columns<double, double>, element_blocks(context_, k), dim3(kElementBlock), 0, context_.stream(),
         left.data(), 1, 0, n + 1, k, diagonal.data());
  solver.orgqr(n, k, k, left.data(), n, tau.data());
  solver.require_success("geqrf, orgqr");
  std::vector<double> signs(static_cast<std::size_t>(k));
  diagonal.download(signs);
  const Matrix<double> found = download_columns(left, n, k);
  Matrix<T> result(n, k);
  for (std::int64_t c = 0; c < k; ++c) {
    const double sign = signs[static_cast<std::size_t>(c)] < 0 ? -1 : 1;
    for (std::int64_t i = 0; i < n; ++i) result(i, c) = static_cast<T>(sign * found(c, i));
  }
  return result;
}

template <class T>
void CudaDecomposition<T>::multiply_by_gram(const DeviceBuffer<T>& v, std::int64_t r, DeviceBuffer<double>& sum) {
  const std::int64_t d = columns();
  DeviceBuffer<T> image(context_, x_.most_part_rows() * r);
  DeviceBuffer<T> product(context_, d * r);
  sum.fill_bytes(0);
  x_.for_each_part([&](const typename CentredRows<T>::Part& part) {
    gemm(context_, kT, kN, part.count, r, d, 1, part.x, d, v.data(), d, 0, image.data(), part.count);
    gemm(context_, kN, kN, d, r, part.count, 1, part.x, d, image.data(), part.count, 0, product.data(), d);
    add_to(context_, sum, product, d, r, false);
  });
}

template <class T>
Matrix<double> CudaDecomposition<T>::gram_times(MatrixView<const double> directions) {
  const std::int64_t r = directions.rows();
  const DeviceBuffer<T> v = rounded(upload_rows(directions), r);
  DeviceBuffer<double> sum(context_, columns() * r);
  multiply_by_gram(v, r, sum);
  return download_columns(sum, columns(), r);
}

// Directions by rows are columns of d numbers.
template <class T>
void CudaDecomposition<T>::set_block(MatrixView<const double> directions) {
  r_ = directions.rows();
  block_ = upload_rows(directions);
  orthonormalise(block_, columns(), r_);
}

template <class T>
void CudaDecomposition<T>::power_step() {
  multiply_by_gram(rounded(block_, r_), r_, block_);
  orthonormalise(block_, columns(), r_);
}

// X v is made orthonormal by the eigenvalues of its Gram matrix, which double sums let reach down to the rounding of T.
// The second read computes X v again, the same bits, rather than keep n x r values.
template <class T>
compute::LeadingSvd CudaDecomposition<T>::block_svd() {
  constexpr double kVanishing = 1e-13;
  const std::int64_t d = columns();
  const DeviceBuffer<T> v = rounded(block_, r_);
  const std::int64_t most = x_.most_part_rows();
  DeviceBuffer<T> image(context_, most * r_);
  DeviceBuffer<double> exact(context_, most * r_);
  DeviceBuffer<double> gram = zeros(context_, r_ * r_);
  x_.for_each_part([&](const typename CentredRows<T>::Part& part) {
    gemm(context_, kT, kN, part.count, r_, d, 1, part.x, d, v.data(), d, 0, image.data(), part.count);
    launch(pick_columns<T, double>, element_blocks(context_, part.count * r_), dim3(kElementBlock), 0,
           context_.stream(), image.data(), part.count, 0, 1, r_, exact.data());
    syrk(context_, kLower, kT, r_, part.count, 1, exact.data(), part.count, 1, gram.data(), r_);
  });
  DeviceBuffer<double> values(context_, r_);
  DeviceBuffer<T> rotation(context_, r_ * r_);
  Solver solver(context_);
  solver.syevd(kLower, r_, gram.data(), r_, values.data());
  solver.require_success("syevd");
  launch(divide_by_roots<T>, element_blocks(context_, r_ * r_), dim3(kElementBlock), 0, context_.stream(), gram.data(),
         values.data(), r_, kVanishing, rotation.data());

  DeviceBuffer<T> basis(context_, most * r_);
  DeviceBuffer<T> product(context_, d * r_);
  DeviceBuffer<double> projected = zeros(context_, d * r_);
  x_.for_each_part([&](const typename CentredRows<T>::Part& part) {
    gemm(context_, kT, kN, part.count, r_, d, 1, part.x, d, v.data(), d, 0, image.data(), part.count);
    gemm(context_, kN, kN, part.count, r_, r_, 1, image.data(), part.count, rotation.data(), r_, 0, basis.data(),
         part.count);
    gemm(context_, kN, kN, d, r_, part.count, 1, part.x, d, basis.data(), part.count, 0, product.data(), d);
    add_to(context_, projected, product, d, r_, false);
  });
  DeviceBuffer<double> vectors(context_, d * r_);
  solver.gesvd(d, r_, projected.data(), d, values.data(), vectors.data(), d, gram.data(), r_);
  solver.require_success("gesvd");
  compute::LeadingSvd result;
  result.singular_values.resize(static_cast<std::size_t>(r_));
  values.download(result.singular_values);
  result.vectors = download_columns(vectors, d, r_);
  return result;
}

template class CudaDecomposition<float>;
template class CudaDecomposition<double>;

}  // namespace forja::cuda
