#include "linear/triangle.h"

#include <algorithm>
#include <vector>

#include "runtime/dense_algebra.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

RowMajor below(const RowMajor& a, const RowMajor& b) {
  RowMajor both(a.rows() + b.rows(), b.cols());
  if (a.rows() > 0) both.topRows(a.rows()) = a;
  both.bottomRows(b.rows()) = b;
  return both;
}

}  // namespace

Matrix<double> triangle(std::int64_t n, std::int64_t m, int threads,
                        const std::function<void(std::int64_t, double*)>& fill) {
  constexpr std::int64_t kMostChunks = 16;
  const std::int64_t block = std::max<std::int64_t>(256, m);
  const Chunks chunks{n, std::max(4 * block, (n + kMostChunks - 1) / kMostChunks)};
  std::vector<RowMajor> parts(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
    RowMajor& own = parts[static_cast<std::size_t>(chunk)];
    for (std::int64_t first = chunks.first(chunk); first < chunks.last(chunk); first += block) {
      RowMajor rows(std::min(block, chunks.last(chunk) - first), m);
      for (std::int64_t i = 0; i < rows.rows(); ++i) fill(first + i, rows.data() + i * m);
      own = qr_triangle(below(own, rows));
    }
  });
  RowMajor all;
  for (const RowMajor& part : parts) all = qr_triangle(below(all, part));
  Matrix<double> result(all.rows(), m);
  std::copy_n(all.data(), all.size(), result.data());
  return result;
}

compute::SingularSystem singular_system(const Matrix<double>& r, std::int64_t columns, bool centred) {
  const Eigen::Map<const RowMajor> all(r.data(), r.rows(), r.columns());
  const Eigen::Index targets = all.cols() - 1 - columns;
  // The first row has what the means leave of each column, the others what is left of it.
  const Eigen::Index skipped = centred ? 1 : 0;
  const Eigen::Index left = all.rows() - skipped;
  compute::SingularSystem system;
  system.weight = all(0, 0) * all(0, 0);
  for (Eigen::Index j = 1; j < all.cols(); ++j) system.mean.push_back(centred ? all(0, j) / all(0, 0) : 0);
  // n rows less their mean have rank n - 1 at most: the values that are missing are zero.
  const Eigen::Index count = std::min<Eigen::Index>(all.rows(), columns);
  system.values.assign(static_cast<std::size_t>(count), 0);
  system.vectors = Matrix<double>(count, columns);
  system.projections = Matrix<double>(count, targets);
  if (left == 0) return system;
  const Eigen::MatrixXd x = all.block(skipped, 1, left, columns);
  const Svd svd = thin_svd(x);
  const Eigen::MatrixXd projections = svd.u.transpose() * all.block(skipped, 1 + columns, left, targets);
  const Eigen::Index found = std::min(count, svd.values.size());
  for (Eigen::Index k = 0; k < found; ++k) {
    system.values[static_cast<std::size_t>(k)] = svd.values(k);
    for (Eigen::Index j = 0; j < columns; ++j) system.vectors(k, j) = svd.v(j, k);
    for (Eigen::Index t = 0; t < targets; ++t) system.projections(k, t) = projections(k, t);
  }
  return system;
}

}  // namespace forja::cpu
