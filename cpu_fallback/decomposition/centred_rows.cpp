#include "decomposition/centred_rows.h"

#include <algorithm>
#include <utility>

#include "runtime/aligned.h"
#include "runtime/dense_algebra.h"
#include "runtime/gram.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

using compute::Side;
using Eigen::Map;
using Eigen::MatrixXd;

/// Width of a tile of results, and how many terms T sums before double does: three blocks of them fit in a cache.
constexpr std::int64_t kTile = 128;
constexpr std::int64_t kTerms = 256;
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
  if (!centred) return;
  const Chunks groups = groups_of(rows(), 1, kTerms);
  const std::int64_t d = columns();
  std::vector<double> sums(static_cast<std::size_t>(groups.number() * d));
  for_each_chunk(threads_, groups.number(), [&](std::int64_t group, int) {
    double* sum = sums.data() + group * d;
    for (std::int64_t i = groups.first(group); i < groups.last(group); ++i) {
      const T* row = x_.data() + i * x_.stride();
      for (std::int64_t j = 0; j < d; ++j) sum[j] += static_cast<double>(row[j]);
    }
  });
  for (std::size_t at = 0; at < sums.size(); ++at) mean_[at % mean_.size()] += sums[at];
  for (double& value : mean_) value /= static_cast<double>(rows());
}

template <class T>
double CentredRows<T>::total_square() const {
  const Chunks groups = groups_of(rows(), 1, kTerms);
  std::vector<double> sums(static_cast<std::size_t>(groups.number()));
  for_each_chunk(threads_, groups.number(), [&](std::int64_t group, int) {
    double sum = 0;
    for (std::int64_t i = groups.first(group); i < groups.last(group); ++i) {
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
  if (side == Side::rows) return gram_of_rows();
  const Matrix<double> sum =
      cpu::gram<T>(rows(), columns(), threads_, [this](std::int64_t i, T* z) { take(i, 1, 0, columns(), z); });
  return Map<const RowMajor<double>>(sum.data(), columns(), columns());
}

// Long rows: tiles of the result, each by blocks of columns.
template <class T>
MatrixXd CentredRows<T>::gram_of_rows() const {
  const Chunks tiles{rows(), kTile};
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;  // of tiles, the second not before the first
  for (std::int64_t j = 0; j < tiles.number(); ++j) {
    for (std::int64_t i = 0; i <= j; ++i) pairs.emplace_back(i, j);
  }
  const Chunks groups = groups_of(columns(), std::ssize(pairs), 4 * kTerms);
  const std::int64_t items = groups.number() * std::ssize(pairs);
  std::vector<MatrixXd> sums(static_cast<std::size_t>(items));
  for (std::int64_t item = 0; item < items; ++item) {
    const auto [i, j] = pairs[static_cast<std::size_t>(item % std::ssize(pairs))];
    sums[static_cast<std::size_t>(item)].setZero(tiles.last(i) - tiles.first(i), tiles.last(j) - tiles.first(j));
  }
  std::vector<AlignedVector<T>> scratch(static_cast<std::size_t>(threads_));
  for (AlignedVector<T>& values : scratch) values.resize(2 * kTile * kTerms + kTile * kTile);

  for_each_chunk(threads_, items, [&](std::int64_t item, int thread) {
    const auto [i, j] = pairs[static_cast<std::size_t>(item % std::ssize(pairs))];
    const std::int64_t group = item / std::ssize(pairs);
    MatrixXd& sum = sums[static_cast<std::size_t>(item)];
    T* const a = scratch[static_cast<std::size_t>(thread)].data();
    T* const b = i == j ? a : a + kTile * kTerms;
    Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>> product(a + 2 * kTile * kTerms, sum.rows(), sum.cols());
    for (std::int64_t first = groups.first(group); first < groups.last(group); first += kTerms) {
      const std::int64_t terms = std::min(kTerms, groups.last(group) - first);
      take(tiles.first(i), sum.rows(), first, terms, a);
      if (i != j) take(tiles.first(j), sum.cols(), first, terms, b);
      product.noalias() =
          Map<const RowMajor<T>>(a, sum.rows(), terms) * Map<const RowMajor<T>>(b, sum.cols(), terms).transpose();
      sum += product.template cast<double>();
    }
  });

  MatrixXd result = MatrixXd::Zero(rows(), rows());
  for (std::int64_t item = 0; item < items; ++item) {
    const auto [i, j] = pairs[static_cast<std::size_t>(item % std::ssize(pairs))];
    const MatrixXd& sum = sums[static_cast<std::size_t>(item)];
    result.block(tiles.first(i), tiles.first(j), sum.rows(), sum.cols()) += sum;
  }
  result.template triangularView<Eigen::StrictlyLower>() = result.transpose();
  return result;
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
