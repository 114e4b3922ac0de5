#include "decomposition/centred_rows.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "decomposition/decomposition_kernels.cuh"
#include "forja/error.h"
#include "runtime/blas.h"
#include "runtime/device_rows.h"
#include "runtime/launch.h"
#include "runtime/solver.h"

namespace forja::cuda {
namespace {

using compute::Side;

/// Values of a part: enough for a product to keep a GPU busy, and few enough that T sums them well.
constexpr std::int64_t kPartValues = std::int64_t{1} << 20;
constexpr std::int64_t kLeastTerms = 64;
constexpr unsigned kMostChunks = 65535;

std::int64_t terms_for(std::int64_t size) {
  return std::max(kPartValues / std::max<std::int64_t>(size, 1), kLeastTerms);
}

dim3 column_blocks(std::int64_t columns, std::int64_t chunks) {
  return {static_cast<unsigned>((columns + kElementBlock - 1) / kElementBlock),
          static_cast<unsigned>(std::min<std::int64_t>(chunks, kMostChunks))};
}

template <class T>
RowStreamOptions stream_options(const Rows<T>& x) {
  const std::int64_t d = column_count(x);
  const std::int64_t small = std::min(row_count(x), d);
  const std::int64_t granule = terms_for(d);
  // A part, and a small matrix with its decomposition's workspace.
  const std::int64_t beside = granule * d * static_cast<std::int64_t>(sizeof(T)) +
                              4 * small * small * static_cast<std::int64_t>(sizeof(double));
  return {.granule = granule, .kept_unasked = std::int64_t{1} << 20, .needed_beside = beside};
}

}  // namespace

dim3 element_blocks(const Context& context, std::int64_t count) {
  constexpr std::int64_t kBlocksEach = 16;  // of a multiprocessor
  const std::int64_t most = kBlocksEach * context.multiprocessors();
  return {static_cast<unsigned>(std::min((count + kElementBlock - 1) / kElementBlock, most)), 1, 1};
}

DeviceBuffer<double> zeros(const Context& context, std::int64_t count) {
  DeviceBuffer<double> buffer(context, count);
  buffer.fill_bytes(0);
  return buffer;
}

template <class T>
void add_to(const Context& context, DeviceBuffer<double>& sum, const DeviceBuffer<T>& part, std::int64_t m,
            std::int64_t columns, bool lower) {
  launch(accumulate<T>, element_blocks(context, m * columns), dim3(kElementBlock), 0, context.stream(), part.data(), m,
         columns, lower, sum.data());
}

template <class T>
CentredRows<T>::CentredRows(const Context& context, const Rows<T>& x, bool centred)
    : context_(&context),
      rows_(context, x, stream_options(x)),
      mean_(static_cast<std::size_t>(column_count(x))),
      mean_on_device_(zeros(context, column_count(x))) {
  if (centred) subtract_means();
}

// Sums are of the rows as they are where the means so far are zeros.
template <class T>
void CentredRows<T>::subtract_means() {
  mean_on_device_.fill_bytes(0);
  mean_ = column_sums(false);
  for (double& value : mean_) value /= static_cast<double>(rows());
  mean_on_device_.upload(mean_);
}

template <class T>
std::int64_t CentredRows<T>::terms(Side side) const {
  return terms_for(size(side));
}

template <class T>
void CentredRows<T>::for_each_block(const std::function<void(const T*, std::int64_t, std::int64_t)>& work) {
  const std::int64_t granule = terms(Side::columns);
  rows_.for_each_block([&](const RowBlock<T>& block) {
    for (std::int64_t first = 0; first < block.rows; first += granule) {
      work(block.x + first * columns(), block.first + first, std::min(granule, block.rows - first));
    }
  });
}

template <class T>
const T* CentredRows<T>::all_rows() const {
  if (rows_.kept() != nullptr) return rows_.kept();
  const std::int64_t bytes = rows() * columns() * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t free = memory(context_->device()).free;
  throw OutOfMemory("cuda:" + std::to_string(context_->device()) + ": " + std::to_string(rows()) + " x " +
                        std::to_string(columns()) + " values, " + std::to_string(bytes) +
                        " bytes, are needed on the device at once but " + std::to_string(free) + " are free",
                    bytes, free);
}

template <class T>
void CentredRows<T>::for_each_slice(Side side, const std::function<void(const T*, const double*, std::int64_t)>& work) {
  if (side == Side::columns) {
    for_each_block([&](const T* x, std::int64_t, std::int64_t count) { work(x, mean_on_device_.data(), count); });
    return;
  }
  const T* const x = all_rows();
  for (std::int64_t first = 0; first < columns(); first += terms(side)) {
    work(x + first, mean_on_device_.data() + first, std::min(terms(side), columns() - first));
  }
}

template <class T>
void CentredRows<T>::for_each_part(const std::function<void(const Part&)>& work) {
  DeviceBuffer<T> part(*context_, most_part_rows() * columns());
  for_each_block([&](const T* x, std::int64_t first, std::int64_t count) {
    launch(centre<T, T>, element_blocks(*context_, count * columns()), dim3(kElementBlock), 0, context_->stream(), x,
           columns(), mean_on_device_.data(), count, columns(), part.data(), columns(), 1);
    work({part.data(), first, count});
  });
}

template <class T>
std::vector<double> CentredRows<T>::column_sums(bool squares) {
  DeviceBuffer<double> sums = zeros(*context_, columns());
  const std::int64_t most = (most_part_rows() + kSummedRows - 1) / kSummedRows;
  DeviceBuffer<double> chunks(*context_, most * columns());
  for_each_block([&](const T* x, std::int64_t, std::int64_t count) {
    const std::int64_t number = (count + kSummedRows - 1) / kSummedRows;
    launch(sum_chunks<T>, column_blocks(columns(), number), dim3(kElementBlock), 0, context_->stream(), x, count,
           columns(), mean_on_device_.data(), squares, chunks.data());
    launch(add_chunks<double>, column_blocks(columns(), 1), dim3(kElementBlock), 0, context_->stream(), chunks.data(),
           number, columns(), sums.data());
  });
  std::vector<double> result(static_cast<std::size_t>(columns()));
  sums.download(result);
  return result;
}

template <class T>
double CentredRows<T>::total_square() {
  const std::vector<double> squares = column_sums(true);
  return std::accumulate(squares.begin(), squares.end(), 0.0);
}

template <class T>
DeviceBuffer<double> CentredRows<T>::gram(Side side) {
  const std::int64_t m = size(side);
  const bool of_columns = side == Side::columns;
  if (!of_columns) all_rows();
  const std::int64_t most = std::min(terms(side), of_columns ? rows() : columns());
  DeviceBuffer<double> sum = zeros(*context_, m * m);
  DeviceBuffer<T> part(*context_, most * m);
  DeviceBuffer<T> product(*context_, m * m);
  for_each_slice(side, [&](const T* x, const double* mean, std::int64_t count) {
    const std::int64_t rows = of_columns ? count : m;
    const std::int64_t width = of_columns ? m : count;
    launch(centre<T, T>, element_blocks(*context_, count * m), dim3(kElementBlock), 0, context_->stream(), x, columns(),
           mean, rows, width, part.data(), width, 1);
    syrk(*context_, CUBLAS_FILL_MODE_LOWER, of_columns ? CUBLAS_OP_N : CUBLAS_OP_T, m, count, 1, part.data(), width, 0,
         product.data(), m);
    add_to(*context_, sum, product, m, m, true);
  });
  return sum;
}

// The terms of a slice are stacked below the triangle of those before them.
template <class T>
DeviceBuffer<double> CentredRows<T>::triangle(Side side) {
  const std::int64_t m = size(side);
  const bool of_columns = side == Side::columns;
  if (!of_columns) all_rows();
  const std::int64_t height = m + std::min(terms(side), of_columns ? rows() : columns());
  DeviceBuffer<double> stacked = zeros(*context_, height * m);
  DeviceBuffer<double> tau(*context_, m);
  Solver solver(*context_);
  for_each_slice(side, [&](const T* x, const double* mean, std::int64_t count) {
    const std::int64_t rows = of_columns ? count : m;
    const std::int64_t width = of_columns ? m : count;
    launch(centre<T, double>, element_blocks(*context_, count * m), dim3(kElementBlock), 0, context_->stream(), x,
           columns(), mean, rows, width, stacked.data() + m, of_columns ? 1 : height, of_columns ? height : 1);
    solver.geqrf(m + count, m, stacked.data(), height, tau.data());
    solver.require_success("geqrf");
    launch(clear_lower<double>, element_blocks(*context_, m * m), dim3(kElementBlock), 0, context_->stream(), m,
           stacked.data(), height);
  });
  DeviceBuffer<double> result(*context_, m * m);
  launch(transpose_square<double>, element_blocks(*context_, m * m), dim3(kElementBlock), 0, context_->stream(), m,
         stacked.data(), height, result.data());
  return result;
}

template class CentredRows<float>;
template class CentredRows<double>;
template void add_to(const Context&, DeviceBuffer<double>&, const DeviceBuffer<float>&, std::int64_t, std::int64_t,
                     bool);
template void add_to(const Context&, DeviceBuffer<double>&, const DeviceBuffer<double>&, std::int64_t, std::int64_t,
                     bool);

}  // namespace forja::cuda
