#include "linear/linear_compute.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "linear/descent_data.h"
#include "linear/residual_pass.h"
#include "linear/triangle.h"
#include "runtime/gram.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

constexpr std::int64_t kMostChunks = 64;

/// Mean, least and greatest of each column, by differences from the first row.
template <class T>
void add_ranges(MatrixView<const T> x, int threads, compute::ColumnRanges& ranges) {
  const auto d = static_cast<std::size_t>(x.columns());
  const Chunks chunks = pass_chunks(x.rows(), x.columns(), kMostChunks);
  struct Part {
    std::vector<double> sum;
    std::vector<T> lowest;
    std::vector<T> highest;
  };
  const T* origin = x.data();
  std::vector<Part> parts(
      static_cast<std::size_t>(chunks.number()),
      Part{std::vector<double>(d), std::vector<T>(origin, origin + d), std::vector<T>(origin, origin + d)});
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
    Part& part = parts[static_cast<std::size_t>(chunk)];
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      const T* row = x.data() + i * x.stride();
      for (std::size_t j = 0; j < d; ++j) {
        part.sum[j] += static_cast<double>(row[j]) - static_cast<double>(origin[j]);
        part.lowest[j] = std::min(part.lowest[j], row[j]);
        part.highest[j] = std::max(part.highest[j], row[j]);
      }
    }
  });
  for (std::size_t j = 0; j < d; ++j) {
    double sum = 0;
    T lowest = origin[j];
    T highest = origin[j];
    for (const Part& part : parts) {
      sum += part.sum[j];
      lowest = std::min(lowest, part.lowest[j]);
      highest = std::max(highest, part.highest[j]);
    }
    ranges.mean.push_back(static_cast<double>(origin[j]) + sum / static_cast<double>(x.rows()));
    ranges.lowest.push_back(static_cast<double>(lowest));
    ranges.highest.push_back(static_cast<double>(highest));
  }
}

template <class T>
MatrixView<const T> every(MatrixView<const T> x, std::int64_t step) {
  return {x.data(), (x.rows() + step - 1) / step, x.columns(), x.stride() * step};
}

}  // namespace

template <class T>
compute::ColumnRanges CpuLinear<T>::column_ranges(std::int64_t most_rows) {
  const std::int64_t step = (rows() + most_rows - 1) / most_rows;
  compute::ColumnRanges ranges;
  add_ranges(every(data_.x(), step), threads_, ranges);
  add_ranges(every(data_.y(), step), threads_, ranges);
  return ranges;
}

template <class T>
Matrix<double> CpuLinear<T>::in_units(Matrix<double> sums) const {
  for (double& sum : sums.values()) sum *= data_.weight_unit();
  return sums;
}

template <class T>
std::vector<Matrix<double>> CpuLinear<T>::grams(std::span<const std::int64_t> ends) {
  std::vector<Matrix<double>> parts;
  std::int64_t first = 0;
  for (const std::int64_t end : ends) {
    const auto fill = [this, first](std::int64_t i, T* z) { data_.fill(first + i, z); };
    parts.push_back(in_units(cpu::gram<T>(end - first, data_.width(), threads_, data_.rows_from(first), fill)));
    first = end;
  }
  return parts;
}

template <class T>
Matrix<double> CpuLinear<T>::gram_of(std::span<const std::int64_t> picked) {
  const std::int64_t width = 1 + static_cast<std::int64_t>(picked.size()) + targets();
  return in_units(
      cpu::gram<T>(rows(), width, threads_, data_.x(), [&](std::int64_t i, T* z) { data_.fill(i, picked, z); }));
}

template <class T>
compute::Residuals CpuLinear<T>::residuals(MatrixView<const double> coef, std::span<const double> offset) {
  const ResidualPass<T> pass(data_, coef, offset);
  const Chunks chunks = pass_chunks(rows(), columns() * targets(), kMostChunks);
  std::vector<typename ResidualPass<T>::Part> parts(static_cast<std::size_t>(chunks.number()), pass.nothing());
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    pass.add(chunks.first(chunk), chunks.last(chunk), parts[static_cast<std::size_t>(chunk)]);
  });
  return pass.total(parts);
}

template <class T>
Matrix<double> CpuLinear<T>::curvature(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                                       std::span<const double> offset, std::int64_t a, std::int64_t b) {
  const std::int64_t d = columns();
  const std::int64_t outputs = coef.rows();
  const Matrix<T> w(coef);
  return in_units(cpu::gram<T>(rows(), 1 + d, threads_, data_.x(), [&](std::int64_t i, T* z) {
    data_.fill_x(i, z + 1);
    std::vector<T> margins(offset.begin(), offset.end());
    for (std::int64_t c = 0; c < outputs; ++c) {
      T product = 0;
      row_products<1>(z + 1, d, w.row(c).data(), 0, &product);
      margins[static_cast<std::size_t>(c)] += product;
    }
    const T bend = formulas::row_curvature(loss.kind, margins.data(), outputs, a, b);
    const auto root = static_cast<T>(std::sqrt(data_.weight(i) / data_.weight_unit() * static_cast<double>(bend)));
    z[0] = root;
#pragma omp simd
    for (std::int64_t j = 1; j <= d; ++j) z[j] *= root;
  }));
}

template <class T>
compute::SingularSystem CpuLinear<T>::svd(bool centred) {
  compute::SingularSystem system = singular_system(
      triangle(rows(), data_.width(), threads_, [this](std::int64_t i, double* z) { data_.fill_exactly(i, z); }),
      columns(), centred);
  const double root = std::sqrt(data_.weight_unit());
  system.weight *= data_.weight_unit();
  for (double& value : system.values) value *= root;
  for (double& value : system.projections.values()) value *= root;
  return system;
}

template class CpuLinear<float>;
template class CpuLinear<double>;

}  // namespace forja::cpu
