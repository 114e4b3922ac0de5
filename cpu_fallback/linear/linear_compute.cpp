#include "linear/linear_compute.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "linear/descent_data.h"
#include "linear/triangle.h"
#include "runtime/gram.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

constexpr std::int64_t kMostChunks = 64;

constexpr std::int64_t kRowsAtOnce = 16;

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

/// Coefficients and gradients of x - shift, so that a pass only subtracts.
template <class T>
class ResidualPass {
 public:
  ResidualPass(const TrainingData<T>& rows, MatrixView<const double> given, std::span<const double> offsets)
      : data_(rows), offset_(offsets) {
    for (std::int64_t j = 0; j < data_.columns(); ++j) shift_.push_back(data_.shift(j));
    for (std::int64_t t = 0; t < data_.targets(); ++t) {
      for (std::int64_t j = 0; j < data_.columns(); ++j) coef_.push_back(given(t, j) * data_.scale(j));
    }
  }

  /// Adds the parts of rows first .. last - 1 for target t.
  void add(std::int64_t first, std::int64_t last, std::int64_t t, compute::Residuals& to) const {
    std::int64_t i = first;
    for (; i + kRows <= last; i += kRows) add_rows(i, t, to);
    for (; i < last; ++i) add_row(i, t, to);
  }

 private:
  /// Rows whose sums run side by side, each in its own order: they hide the latency of the additions.
  static constexpr std::int64_t kRows = 4;

  const T* row(std::int64_t i) const { return data_.x().data() + i * data_.x().stride(); }

  /// weight r of row i, whose product is known.
  double weighted_residual(std::int64_t i, std::int64_t t, double product, compute::Residuals& to) const {
    const auto target = static_cast<std::size_t>(t);
    const std::int64_t column = data_.columns() + t;
    const double y = (static_cast<double>(data_.y()(i, t)) - data_.shift(column)) * data_.scale(column);
    const double residual = y - offset_[target] - product;
    const double weighted = data_.weight(i) * residual;
    to.sum[target] += weighted;
    to.sum_squares[target] += weighted * residual;
    return weighted;
  }

  void add_rows(std::int64_t i, std::int64_t t, compute::Residuals& to) const {
    const std::int64_t d = data_.columns();
    const T* x0 = row(i);
    const T* x1 = row(i + 1);
    const T* x2 = row(i + 2);
    const T* x3 = row(i + 3);
    const double* c = coef_.data() + t * d;
    const double* s = shift_.data();
    double p0 = 0;
    double p1 = 0;
    double p2 = 0;
    double p3 = 0;
#pragma omp simd reduction(+ : p0, p1, p2, p3)
    for (std::int64_t j = 0; j < d; ++j) {
      p0 += (static_cast<double>(x0[j]) - s[j]) * c[j];
      p1 += (static_cast<double>(x1[j]) - s[j]) * c[j];
      p2 += (static_cast<double>(x2[j]) - s[j]) * c[j];
      p3 += (static_cast<double>(x3[j]) - s[j]) * c[j];
    }
    const double w0 = weighted_residual(i, t, p0, to);
    const double w1 = weighted_residual(i + 1, t, p1, to);
    const double w2 = weighted_residual(i + 2, t, p2, to);
    const double w3 = weighted_residual(i + 3, t, p3, to);
    double* g = to.gradient.row(t).data();
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) {
      g[j] += w0 * (static_cast<double>(x0[j]) - s[j]) + w1 * (static_cast<double>(x1[j]) - s[j]) +
              (w2 * (static_cast<double>(x2[j]) - s[j]) + w3 * (static_cast<double>(x3[j]) - s[j]));
    }
  }

  void add_row(std::int64_t i, std::int64_t t, compute::Residuals& to) const {
    const std::int64_t d = data_.columns();
    const T* x = row(i);
    const double* c = coef_.data() + t * d;
    const double* s = shift_.data();
    double product = 0;
#pragma omp simd reduction(+ : product)
    for (std::int64_t j = 0; j < d; ++j) product += (static_cast<double>(x[j]) - s[j]) * c[j];
    const double weighted = weighted_residual(i, t, product, to);
    double* g = to.gradient.row(t).data();
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) g[j] += weighted * (static_cast<double>(x[j]) - s[j]);
  }

  const TrainingData<T>& data_;
  std::vector<double> shift_;  // d
  std::vector<double> coef_;   // t x d, times the columns' scales
  std::span<const double> offset_;
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
    parts.push_back(in_units(cpu::gram<T>(end - first, data_.width(), threads_, fill)));
    first = end;
  }
  return parts;
}

template <class T>
Matrix<double> CpuLinear<T>::gram_of(std::span<const std::int64_t> picked) {
  const std::int64_t width = 1 + static_cast<std::int64_t>(picked.size()) + targets();
  return in_units(cpu::gram<T>(rows(), width, threads_, [&](std::int64_t i, T* z) { data_.fill(i, picked, z); }));
}

template <class T>
compute::Residuals CpuLinear<T>::residuals(MatrixView<const double> coef, std::span<const double> offset) {
  const std::int64_t d = columns();
  const std::int64_t t = targets();
  const ResidualPass<T> pass(data_, coef, offset);
  const compute::Residuals none{Matrix<double>(t, d), std::vector<double>(static_cast<std::size_t>(t)),
                                std::vector<double>(static_cast<std::size_t>(t))};
  const Chunks chunks = pass_chunks(rows(), d * t, kMostChunks);
  std::vector<compute::Residuals> parts(static_cast<std::size_t>(chunks.number()), none);
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    // A few rows stay in the cache while each target reads them.
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); i += kRowsAtOnce) {
      const std::int64_t last = std::min(i + kRowsAtOnce, chunks.last(chunk));
      for (std::int64_t target = 0; target < t; ++target) {
        pass.add(i, last, target, parts[static_cast<std::size_t>(chunk)]);
      }
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
Matrix<double> CpuLinear<T>::curvature(const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
                                       std::span<const double> offset, std::int64_t a, std::int64_t b) {
  const std::int64_t d = columns();
  const std::int64_t outputs = coef.rows();
  const Matrix<T> w(coef);
  return in_units(cpu::gram<T>(rows(), 1 + d, threads_, [&](std::int64_t i, T* z) {
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
