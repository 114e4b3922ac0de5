#include "decomposition/centred_rows.h"

#include <algorithm>
#include <utility>

#include "runtime/aligned.h"
#include "runtime/dense_algebra.h"
#include "runtime/gram.h"
#include "runtime/rows_ahead.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

using compute::Side;
using Eigen::Map;
using Eigen::MatrixXd;

/// How many terms T sums before double does: a block of them fits in a cache.
constexpr std::int64_t kTerms = 256;
constexpr std::int64_t kRowsAhead = 4;
/// Enough work items for the threads of any machine.
constexpr std::int64_t kItems = 64;

/// `count` terms in groups, so that there are kItems items with `tiles` of each, where the terms allow.
Chunks groups_of(std::int64_t count, std::int64_t tiles, std::int64_t least) {
  const std::int64_t wanted = std::max<std::int64_t>((kItems + tiles - 1) / tiles, 1);
  return {count, std::max((count + wanted - 1) / wanted, least)};
}

Chunks row_chunks(std::int64_t rows) { return {rows, kTerms}; }

}  // namespace

template <class T>
CentredRows<T>::CentredRows(MatrixView<const T> x, bool centred, int threads)
    : x_(x), threads_(threads), mean_(static_cast<std::size_t>(x.columns())) {
  if (centred) subtract_means();
}

template <class T>
void CentredRows<T>::subtract_means() {
  const Chunks groups = groups_of(rows(), 1, kTerms);
  const std::int64_t d = columns();
  std::vector<double> sums(static_cast<std::size_t>(groups.number() * d));
  for_each_chunk(threads_, groups.number(), [&](std::int64_t group, int) {
    double* sum = sums.data() + group * d;
    for (std::int64_t i = groups.first(group); i < groups.last(group); ++i) {
      prefetch_row(x_, i + kRowsAhead);
      const T* row = x_.data() + i * x_.stride();
      for (std::int64_t j = 0; j < d; ++j) sum[j] += static_cast<double>(row[j]);
    }
  });
  std::vector<double> mean(static_cast<std::size_t>(d));
  for (std::size_t at = 0; at < sums.size(); ++at) mean[at % mean.size()] += sums[at];
  for (double& value : mean) value /= static_cast<double>(rows());
  mean_ = std::move(mean);
}

template <class T>
double CentredRows<T>::total_square() const {
  const Chunks groups = groups_of(rows(), 1, kTerms);
  std::vector<double> sums(static_cast<std::size_t>(groups.number()));
  for_each_chunk(threads_, groups.number(), [&](std::int64_t group, int) {
    double sum = 0;
    for (std::int64_t i = groups.first(group); i < groups.last(group); ++i) {
      prefetch_row(x_, i + kRowsAhead);
      const T* row = x_.data() + i * x_.stride();
      for (std::int64_t j = 0; j < columns(); ++j) {
        const double value = static_cast<double>(row[j]) - mean_[static_cast<std::size_t>(j)];
        sum += value * value;
      }
    }
    sums[static_cast<std::size_t>(group)] = sum;
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

template <class T>
MatrixXd CentredRows<T>::gram(Side side) const {
  const std::int64_t m = size(side);
  const Matrix<double> sum =
      side == Side::columns
          ? cpu::gram<T>(rows(), m, threads_, x_, [this](std::int64_t i, T* z) { take(i, 1, 0, columns(), z); })
          : gram_of_rows();
  return Map<const RowMajor<double>>(sum.data(), m, m);
}

// The columns are what a Gram matrix of columns has as rows: strips of them are turned a block at a time.
template <class T>
Matrix<double> CentredRows<T>::gram_of_rows() const {
  using Group = GramGroup<T>;
  constexpr std::int64_t kLanes = Group::kLanes;
  std::vector<AlignedVector<T>> blocks(static_cast<std::size_t>(threads_),
                                       AlignedVector<T>(static_cast<std::size_t>(kLanes * Group::kRows)));
  return gram_of_groups<T>(
      columns(), rows(), threads_,
      [&](Group& group, std::int64_t first, std::int64_t count, int threads, std::int64_t thread) {
        for_each_chunk(threads, group.strips(), [&](std::int64_t s, int helper) {
          T* const block = blocks[static_cast<std::size_t>(thread + helper)].data();
          T* const strip = group.strip(s);
          const std::int64_t lanes = std::min(kLanes, rows() - s * kLanes);
          if (lanes < kLanes) std::fill_n(strip, count * kLanes, T(0));
          take(s * kLanes, lanes, first, count, block);
          for (std::int64_t t = 0; t < count; ++t) {
            for (std::int64_t lane = 0; lane < lanes; ++lane) strip[t * kLanes + lane] = block[lane * count + t];
          }
        });
      },
      [this](std::int64_t first, std::int64_t count) {
        if (first >= columns()) return RowsAhead<T>();
        const std::int64_t width = std::min(count, columns() - first);
        return RowsAhead<T>({x_.data() + first, rows(), width, x_.stride()}, 0, rows());
      });
}

// Each group's terms are stacked below the triangle of those before them; then the groups' triangles likewise.
template <class T>
MatrixXd CentredRows<T>::triangle(Side side) const {
  constexpr std::int64_t kMostBytes = std::int64_t{256} << 20;
  const std::int64_t m = size(side);
  const std::int64_t block = std::max(m, kTerms);
  const std::int64_t square_bytes = m * m * static_cast<std::int64_t>(sizeof(double));
  const std::int64_t most = std::clamp<std::int64_t>(kMostBytes / square_bytes, 1, kItems);
  const Chunks groups{summed(side), std::max((summed(side) + most - 1) / most, 4 * block)};
  std::vector<MatrixXd> triangles(static_cast<std::size_t>(groups.number()), MatrixXd::Zero(m, m));
  const auto join = [m](MatrixXd& triangle, const auto& more) {
    MatrixXd stacked(m + more.rows(), m);
    stacked << triangle, more;
    triangle = qr_triangle(std::move(stacked));
  };
  for_each_chunk(threads_, groups.number(), [&](std::int64_t group, int) {
    MatrixXd& triangle = triangles[static_cast<std::size_t>(group)];
    for (std::int64_t first = groups.first(group); first < groups.last(group); first += block) {
      const std::int64_t terms = std::min(block, groups.last(group) - first);
      if (side == Side::columns) {
        RowMajor<double> part(terms, m);
        take(first, terms, 0, m, part.data());
        join(triangle, part);
      } else {
        RowMajor<double> part(m, terms);
        take(0, m, first, terms, part.data());
        join(triangle, part.transpose());
      }
    }
  });
  for (std::size_t group = 1; group < triangles.size(); ++group) join(triangles[0], triangles[group]);
  return triangles[0];
}

template <class T>
RowMajor<T> CentredRows<T>::times(const MatrixXd& v) const {
  const RowMajor<T> factor = v.template cast<T>();
  RowMajor<T> result(rows(), factor.cols());
  const Chunks chunks = row_chunks(rows());
  std::vector<RowMajor<T>> scratch(static_cast<std::size_t>(threads_), RowMajor<T>(kTerms, columns()));
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int thread) {
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t count = chunks.last(chunk) - first;
    RowMajor<T>& part = scratch[static_cast<std::size_t>(thread)];
    take(first, count, 0, columns(), part.data());
    result.middleRows(first, count).noalias() = part.topRows(count) * factor;
  });
  return result;
}

template <class T>
MatrixXd CentredRows<T>::transposed_times(const RowMajor<T>& w) const {
  constexpr std::int64_t kMostBytes = std::int64_t{64} << 20;
  const std::int64_t r = w.cols();
  const Chunks tiles{columns(), kTerms};
  const std::int64_t bytes = columns() * r * static_cast<std::int64_t>(sizeof(double));
  const std::int64_t most = std::max<std::int64_t>(kMostBytes / bytes, 1);
  const Chunks groups = groups_of(rows(), tiles.number(), std::max(4 * kTerms, (rows() + most - 1) / most));
  std::vector<MatrixXd> sums(static_cast<std::size_t>(groups.number()), MatrixXd::Zero(columns(), r));
  std::vector<RowMajor<T>> scratch(static_cast<std::size_t>(threads_), RowMajor<T>(kTerms, kTerms));
  std::vector<RowMajor<T>> products(static_cast<std::size_t>(threads_), RowMajor<T>(kTerms, r));
  for_each_chunk(threads_, groups.number() * tiles.number(), [&](std::int64_t item, int thread) {
    const std::int64_t group = item / tiles.number();
    const std::int64_t column = tiles.first(item % tiles.number());
    const std::int64_t width = std::min(kTerms, columns() - column);
    T* const part = scratch[static_cast<std::size_t>(thread)].data();
    Map<RowMajor<T>> product(products[static_cast<std::size_t>(thread)].data(), width, r);
    for (std::int64_t first = groups.first(group); first < groups.last(group); first += kTerms) {
      const std::int64_t count = std::min(kTerms, groups.last(group) - first);
      take(first, count, column, width, part);
      product.noalias() = Map<const RowMajor<T>>(part, count, width).transpose() * w.middleRows(first, count);
      sums[static_cast<std::size_t>(group)].middleRows(column, width) += product.template cast<double>();
    }
  });
  for (std::size_t group = 1; group < sums.size(); ++group) sums[0] += sums[group];
  return sums[0];
}

template class CentredRows<float>;
template class CentredRows<double>;

}  // namespace forja::cpu
