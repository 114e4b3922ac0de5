#include "kmeans/training_rows.h"

#include <algorithm>
#include <cmath>

#include "runtime/threads.h"

namespace forja::cpu {
namespace {

constexpr std::int64_t kMostChunks = 256;
constexpr int kRowsTogether = 4;

/// Sums of one chunk's columns, shifted by the chunk's first row.
template <class T>
class ChunkSummary {
 public:
  std::vector<double> sum;
  std::vector<double> square;
  std::vector<T> lowest;
  std::vector<T> highest;

  void take(MatrixView<const T> x) {
    const auto d = static_cast<std::size_t>(x.columns());
    const T* origin = x.data();
    sum.assign(d, 0);
    square.assign(d, 0);
    lowest.assign(origin, origin + d);
    highest = lowest;
    std::int64_t i = 1;
    for (; i + kRowsTogether <= x.rows(); i += kRowsTogether) add<kRowsTogether>(x, i);
    for (; i < x.rows(); ++i) add<1>(x, i);
  }

 private:
  /// Rows first .. first + kRows - 1: several at once, so that the sums pass through the registers less often.
  template <int kRows>
  void add(MatrixView<const T> x, std::int64_t first) {
    for (int r = 0; r < kRows; ++r) prefetch_row(x, first + kRowsTogether + r);
    const T* origin = x.data();
    const T* rows = x.data() + first * x.stride();
    const std::int64_t stride = x.stride();
#pragma omp simd
    for (std::size_t j = 0; j < sum.size(); ++j) {
      double sum_here = sum[j];
      double square_here = square[j];
      T low = lowest[j];
      T high = highest[j];
      for (int r = 0; r < kRows; ++r) {
        const T value = rows[r * stride + static_cast<std::int64_t>(j)];
        const double difference = static_cast<double>(value) - static_cast<double>(origin[j]);
        sum_here += difference;
        square_here += difference * difference;
        low = std::min(low, value);
        high = std::max(high, value);
      }
      sum[j] = sum_here;
      square[j] = square_here;
      lowest[j] = low;
      highest[j] = high;
    }
  }
};

}  // namespace

template <class T>
ColumnSummary<T> summarise_columns(MatrixView<const T> x, int threads) {
  const auto d = static_cast<std::size_t>(x.columns());
  ColumnSummary<T> all{{std::vector<double>(d), std::vector<double>(d)}, std::vector<T>(d), std::vector<T>(d)};
  if (x.rows() == 0) return all;
  const Chunks chunks = pass_chunks(x.rows(), x.columns(), kMostChunks);
  std::vector<ChunkSummary<T>> parts(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.first(chunk);
    parts[static_cast<std::size_t>(chunk)].take(x.middle_rows(first, chunks.last(chunk) - first));
  });
  all.lowest = parts[0].lowest;
  all.highest = parts[0].highest;
  std::vector<double>& mean = all.moments.mean;
  std::vector<double>& spread = all.moments.variance;  // sum of squared deviations until the end
  double rows = 0;
  for (std::int64_t chunk = 0; chunk < chunks.number(); ++chunk) {
    const ChunkSummary<T>& part = parts[static_cast<std::size_t>(chunk)];
    const auto added = static_cast<double>(chunks.last(chunk) - chunks.first(chunk));
    for (std::size_t j = 0; j < d; ++j) {
      const double part_mean =
          static_cast<double>(x(chunks.first(chunk), static_cast<std::int64_t>(j))) + part.sum[j] / added;
      const double part_spread = std::max(0.0, part.square[j] - part.sum[j] * (part.sum[j] / added));
      const double apart = chunk == 0 ? 0 : part_mean - mean[j];
      mean[j] = chunk == 0 ? part_mean : mean[j] + apart * (added / (rows + added));
      spread[j] += part_spread + apart * apart * (rows * added / (rows + added));
      all.lowest[j] = std::min(all.lowest[j], part.lowest[j]);
      all.highest[j] = std::max(all.highest[j], part.highest[j]);
    }
    rows += added;
  }
  for (double& value : spread) value /= rows;
  return all;
}

template <class T>
TrainingRows<T>::TrainingRows(MatrixView<const T> x, std::span<const T> sample_weight, int threads)
    : x_(x), weight_(sample_weight), threads_(threads) {
  ColumnSummary<T> summary = summarise_columns(x, threads);
  set_centring(summary);
  moments_ = std::move(summary.moments);
}

template <class T>
void TrainingRows<T>::set_centring(const ColumnSummary<T>& summary) {
  std::vector<compute::ColumnExtent> columns;
  for (std::size_t j = 0; j < summary.lowest.size(); ++j) {
    columns.push_back(
        {summary.moments.mean[j], static_cast<double>(summary.lowest[j]), static_cast<double>(summary.highest[j])});
  }
  centring_ = compute::centring_of<T>(columns);
  const compute::FixedPointExponents exponents = compute::fixed_point_exponents<T>(centring_, columns, rows(), weight_);
  for (const int exponent : exponents.columns) {
    fixed_point_.scale.push_back(std::ldexp(1.0, exponent));
    fixed_point_.inverse.push_back(std::ldexp(1.0, -exponent));
  }
  fixed_point_.weight_scale = std::ldexp(1.0, exponents.weight);
  fixed_point_.weight_inverse = std::ldexp(1.0, -exponents.weight);
}

template ColumnSummary<float> summarise_columns(MatrixView<const float>, int);
template ColumnSummary<double> summarise_columns(MatrixView<const double>, int);
template class TrainingRows<float>;
template class TrainingRows<double>;

}  // namespace forja::cpu
