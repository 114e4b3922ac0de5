#include "linear/linear_compute.h"

#include <algorithm>
#include <vector>

#include "linear/triangle.h"
#include "runtime/gram.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

/// Rows per chunk of a pass whose partial results, `width` numbers each, are kept.
Chunks pass_chunks(std::int64_t rows, std::int64_t width) {
  constexpr std::int64_t kMostChunks = 64;
  constexpr std::int64_t kLeastEntries = 1 << 16;
  const std::int64_t least = std::max<std::int64_t>(1, kLeastEntries / std::max<std::int64_t>(1, width));
  return {rows, std::max(least, (rows + kMostChunks - 1) / kMostChunks)};
}

/// Mean, least and greatest of each column, by differences from the first row.
template <class T>
void add_ranges(MatrixView<const T> x, int threads, compute::ColumnRanges& ranges) {
  const auto d = static_cast<std::size_t>(x.columns());
  const Chunks chunks = pass_chunks(x.rows(), x.columns());
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

/// Coefficients and gradients of x - shift, so that a pass only subtracts.
template <class T>
struct ResidualPass {
  const TrainingData<T>& data;
  std::vector<double> shift;  // d
  std::vector<double> coef;   // t x d, times the columns' scales
  std::span<const double> offset;

  ResidualPass(const TrainingData<T>& rows, MatrixView<const double> given, std::span<const double> offsets)
      : data(rows), offset(offsets) {
    for (std::int64_t j = 0; j < data.columns(); ++j) shift.push_back(data.shift(j));
    for (std::int64_t t = 0; t < data.targets(); ++t) {
      for (std::int64_t j = 0; j < data.columns(); ++j) coef.push_back(given(t, j) * data.scale(j));
    }
  }

  /// Adds row i's part for target t.
  void add(std::int64_t i, std::int64_t t, compute::Residuals& to) const {
    const std::int64_t d = data.columns();
    const T* x = data.x().data() + i * data.x().stride();
    const double* c = coef.data() + t * d;
    const double* s = shift.data();
    double product = 0;
#pragma omp simd reduction(+ : product)
    for (std::int64_t j = 0; j < d; ++j) product += (static_cast<double>(x[j]) - s[j]) * c[j];
    const auto target = static_cast<std::size_t>(t);
    const double y = (static_cast<double>(data.y()(i, t)) - data.shift(d + t)) * data.scale(d + t);
    const double residual = y - offset[target] - product;
    const double weighted = data.weight(i) * residual;
    to.sum[target] += weighted;
    to.sum_squares[target] += weighted * residual;
    double* g = to.gradient.row(t).data();
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) g[j] += weighted * (static_cast<double>(x[j]) - s[j]);
  }
};

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
Matrix<double> CpuLinear<T>::gram() {
  Matrix<double> sums =
      cpu::gram<T>(rows(), data_.width(), threads_, [this](std::int64_t i, T* z) { data_.fill(i, z); });
  for (double& sum : sums.values()) sum *= data_.weight_unit();
  return sums;
}

template <class T>
compute::Residuals CpuLinear<T>::residuals(MatrixView<const double> coef, std::span<const double> offset) {
  const std::int64_t d = columns();
  const std::int64_t t = targets();
  const ResidualPass<T> pass(data_, coef, offset);
  const compute::Residuals none{Matrix<double>(t, d), std::vector<double>(static_cast<std::size_t>(t)),
                                std::vector<double>(static_cast<std::size_t>(t))};
  const Chunks chunks = pass_chunks(rows(), d * t);
  std::vector<compute::Residuals> parts(static_cast<std::size_t>(chunks.number()), none);
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      for (std::int64_t target = 0; target < t; ++target) pass.add(i, target, parts[static_cast<std::size_t>(chunk)]);
    }
  });
  compute::Residuals all = none;
  for (const compute::Residuals& part : parts) {
    for (std::size_t k = 0; k < all.gradient.values().size(); ++k) {
      all.gradient.values()[k] += part.gradient.values()[k];
    }
    for (std::size_t k = 0; k < all.sum.size(); ++k) {
      all.sum[k] += part.sum[k];
      all.sum_squares[k] += part.sum_squares[k];
    }
  }
  for (std::int64_t target = 0; target < t; ++target) {
    for (std::int64_t j = 0; j < d; ++j) all.gradient(target, j) *= data_.scale(j);
  }
  return all;
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
